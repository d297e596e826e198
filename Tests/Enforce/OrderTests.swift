import AgentEnforce
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import Glibc
import SwiftProtobuf
import Testing

/// What the enforcer does with orders that are not what they seem: the real daemon, orders made by hand.
@Suite("Orders", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct OrderTests {
    private let lab: Lab
    private let fleet: Enrolled
    private let enforcer: EnforcerProcess

    init() throws {
        lab = try Lab()
        fleet = try Enrolled(lab.scratch, policy: "isolations_per_hour = 3")
        enforcer = try EnforcerProcess(fleet, in: lab.host)
    }

    private let hour = Action.isolate(Isolation(duration: .seconds(3600)))

    private var isIsolated: Bool { get throws { try enforcer.status().containment.isolatedUntilUs > 0 } }

    @Test("orders that are not genuine, not for this host, or not of now are refused by the rule they break")
    func refused() throws {
        let stranger = SigningKey()
        var forged = try fleet.sign(fleet.order(hour))
        forged.signature = Data([UInt8](repeating: 1, count: 64))
        var changed = try fleet.sign(fleet.order(hour))
        changed.order = Data(try fleet.sign(fleet.order(hour)).order)
        var claimed = try fleet.sign(fleet.order(hour), with: stranger)
        claimed.keyID = Data(fleet.key.verifyingKey.id)
        var noAction = Cordon_V1_Order(fleet.order(hour))
        noAction.clearAction()
        let other = AgentID(UUIDv7(high: 1, low: 2))
        let rows: [(String, Cordon_V1_SignedOrder, String)] = [
            ("forged", forged, "signature"), ("another's signature", changed, "signature"),
            ("a stranger's key", try fleet.sign(fleet.order(hour), with: stranger), "key"),
            ("a stranger under a known key's name", claimed, "signature"), ("empty", Cordon_V1_SignedOrder(), "key"),
            ("another host", try fleet.sign(fleet.order(hour, agent: other)), "recipient"),
            ("another fleet", try fleet.sign(fleet.order(hour, fleet: "other")), "recipient"),
            ("expired", try fleet.sign(fleet.order(hour, life: .seconds(60), issued: .seconds(-120))), "expired"),
            ("issued in the future", try fleet.sign(fleet.order(hour, issued: .seconds(400))), "issued in the future"),
            ("no action", try fleet.sign(bytes: try noAction.serializedBytes()), "action"),
            ("not an order", try fleet.sign(bytes: [0xFF, 0xFF, 0xFF]), "action"),
        ]
        for (name, signed, rule) in rows {
            #expect(try enforcer.execute(signed).outcome == .refused(rule: rule), "\(name)")
        }
        #expect(try isIsolated == false)
    }

    @Test("a redelivered order is not done again; another order with its number is refused")
    func replay() throws {
        let order = fleet.order(hour)
        let first = try enforcer.execute(order)
        #expect(first.outcome == .succeeded)
        #expect(try enforcer.execute(.release).outcome == .succeeded)
        #expect(try enforcer.execute(order) == first)
        #expect(try isIsolated == false, "the replayed order isolated again")
        var other = order
        other.action = .isolate(Isolation(duration: .seconds(7200)))
        #expect(try enforcer.execute(other).outcome == .refused(rule: "replay"))
    }

    @Test("a release that was issued before the isolation does not end it; a late one does")
    func staleRelease() throws {
        let stale = fleet.order(.release, issued: .seconds(-100))
        _ = try enforcer.execute(hour)
        #expect(try enforcer.execute(stale).outcome == .refused(rule: "replay"))
        #expect(try isIsolated)
        let order = fleet.order(.release, life: .seconds(-10))
        #expect(try enforcer.execute(order).outcome == .succeeded, "a release just past its expiry is taken")
        #expect(try isIsolated == false)
    }

    @Test("the rate limit refuses, and a release passes it")
    func rate() throws {
        for _ in 0..<3 { #expect(try enforcer.execute(hour).outcome == .succeeded) }
        let rule = "isolations_per_hour (\(lab.scratch.path)/policy.d/10.toml:1)"
        #expect(try enforcer.execute(hour).outcome == .refused(rule: rule))
        #expect(try enforcer.execute(.release).outcome == .succeeded)
    }

    @Test("key sets: only the root's, only this fleet's, never an older one; an old key stops holding")
    func keySets() throws {
        let fresh = SigningKey()
        func accepted(_ set: Cordon_V1_SignedOrderKeySet) throws -> UInt64? {
            let response = try enforcer.ask { $0.keySet = set }
            guard case .keySetAccepted(let accepted)? = response.response else { return nil }
            return accepted.version
        }
        #expect(try accepted(try fleet.keySet(version: 2, root: SigningKey())) == nil)
        #expect(try accepted(try fleet.keySet(version: 2, fleet: "other")) == nil)
        #expect(try accepted(try fleet.keySet(version: 2, keys: [])) == nil)
        #expect(try accepted(try fleet.keySet(version: 2, life: .seconds(-1))) == nil)
        #expect(try accepted(try fleet.keySet(version: 3, keys: [fresh])) == 3)
        #expect(try accepted(try fleet.keySet(version: 2)) == nil)
        #expect(try accepted(try fleet.keySet(version: 3)) == nil, "another set under the same version")
        #expect(try enforcer.execute(hour).outcome == .refused(rule: "key"))
        #expect(try enforcer.execute(fleet.sign(fleet.order(hour), with: fresh)).outcome == .succeeded)
        #expect(try enforcer.status().keySetVersion == 3)
    }

    @Test("before enrolment orders are refused, and afterwards taken without a restart")
    func enrolment() throws {
        let scratch = try Scratch()
        let later = try Enrolled(scratch)
        try Program.must(["mv", scratch.path + "/identity.toml", scratch.path + "/aside"])
        let fresh = try EnforcerProcess(later, in: lab.peer)
        #expect(try fresh.execute(hour).outcome == .refused(rule: "not enrolled"))
        try Program.must(["mv", scratch.path + "/aside", scratch.path + "/identity.toml"])
        #expect(try fresh.execute(hour).outcome == .refused(rule: "key"))
        _ = try fresh.ask { $0.keySet = try later.keySet() }
        #expect(try fresh.execute(.release).outcome == .succeeded)
    }

    @Test("a malformed or too long frame ends its connection and no other")
    func frames() throws {
        let living = try FrameStream(connecting: lab.scratch.path + "/enforcer.sock")
        let broken = try FrameStream(connecting: lab.scratch.path + "/enforcer.sock")
        try broken.write([0xFF, 0xFF, 0xFF, 0xFF])
        #expect(try broken.read() == nil)
        var request = Cordon_V1_EnforcerRequest()
        request.requestID = 9
        request.status = Cordon_V1_StatusRequest()
        try living.write(try request.serializedBytes())
        let answer = try Cordon_V1_EnforcerResponse(serializedBytes: try #require(try living.read()))
        #expect(answer.requestID == 9)
        let long = try FrameStream(connecting: lab.scratch.path + "/enforcer.sock")
        // It may hang up before it has read all of it.
        try? long.write([UInt8](repeating: 0, count: FrameStream.limit + 1))
        #expect((try? long.read()) ?? nil == nil)
        try living.write([8, 3])
        let unknown = try Cordon_V1_EnforcerResponse(serializedBytes: try #require(try living.read()))
        #expect(unknown.error.code == "enforcer.unknown_request")
    }

    @Test("only root and the agent's user are heard")
    func peers() throws {
        try Program.must(["chmod", "755", lab.scratch.path])
        try Program.must(["chmod", "666", lab.scratch.path + "/enforcer.sock"])
        let script =
            """
            import os, socket, sys
            os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
            s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
            s.sendall(bytes([0, 0, 0, 2, 0x22, 0])); print(len(s.recv(9)))
            """
        let path = lab.scratch.path + "/enforcer.sock"
        #expect(try Program.run(["python3", "-c", script, path, "\(Lab.agentUser)"]).output == "9")
        let stranger = try Program.run(["python3", "-c", script, path, "4243"]).output
        #expect(stranger == "0" || stranger.contains("Reset") || stranger.contains("BrokenPipe"), "\(stranger)")
    }

    @Test("with a full disk isolation is refused whole, and a release still works and is remembered")
    func fullDisk() throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(at: "state", of: scratch)
        let fleet = try Enrolled(scratch, policy: "isolations_per_hour = 1000")
        let host = try EnforcerProcess(fleet, in: lab.peer)
        #expect(try host.execute(hour).outcome == .succeeded)
        try disk.fill()
        // The reserve carries a few orders more; then isolation is refused and release is not.
        var last = Outcome.succeeded
        for _ in 0..<40 where last == .succeeded {
            #expect(try host.execute(.release).outcome == .succeeded)
            last = try host.execute(hour).outcome
        }
        #expect(last == .failed(code: "journal.full"))
        #expect(try host.status().containment.isolatedUntilUs == 0)
        #expect(try host.execute(.release).outcome == .succeeded)
        host.kill()
        let second = try EnforcerProcess(fleet, in: lab.peer)
        #expect(try second.status().containment.isolatedUntilUs == 0, "the release was not remembered")
    }
}
