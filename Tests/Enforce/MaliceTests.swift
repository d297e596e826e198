import AgentEnforce
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import Glibc
import SwiftProtobuf
import Testing

/// Who holds the controller and its order key, or sits at the enforcer's socket, and means harm: the real daemon.
@Suite("Malice", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct MaliceTests {
    private let lab: Lab
    private let hour = Action.isolate(Isolation(duration: .seconds(3600)))

    init() throws { lab = try Lab() }

    private func start(_ policy: String = "") throws -> EnforcerProcess {
        try EnforcerProcess(try Enrolled(lab.scratch, policy: policy), in: lab.host)
    }

    @Test("an order that is longer than any may be, or ends in the middle, is refused whole, and nothing is half done")
    func malformed() throws {
        let enforcer = try start()
        let fleet = enforcer.fleet
        let whole: [UInt8] = try Cordon_V1_Order(fleet.order(hour)).serializedBytes()
        // A field that nobody knows, of 20,000 bytes: signed as it should be, and too long.
        let padded = whole + [0xFA, 0x07, 0xA0, 0x9C, 0x01] + [UInt8](repeating: 0, count: 20_000)
        guard case .refused = try enforcer.execute(try fleet.sign(bytes: padded)).outcome else {
            Issue.record("an order of \(padded.count) bytes was taken")
            return
        }
        for length in stride(from: 0, to: whole.count, by: 7) {
            let outcome = try enforcer.execute(try fleet.sign(bytes: Array(whole.prefix(length)))).outcome
            guard case .refused = outcome else {
                Issue.record("the first \(length) bytes of an order were taken: \(outcome)")
                return
            }
        }
        #expect(try enforcer.status().containment.isolatedUntilUs == 0)
    }

    @Test("peers that send half a request, or say nothing, keep nobody else from being heard")
    func silentPeers() throws {
        let enforcer = try start()
        let path = lab.scratch.path + "/enforcer.sock"
        let whole: [UInt8] = try Cordon_V1_EnforcerRequest.with { $0.status = .init() }.serializedBytes()
        // As many as may be connected for the agent's user: root has places of its own.
        try Program.must(["chmod", "755", lab.scratch.path])
        let half = try Program([
            "python3", "-c",
            """
            import os, socket, sys
            os.setgid(\(Lab.agentUser)); os.setuid(\(Lab.agentUser)); held = []
            for i in range(40):
                s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
                try: s.sendall(bytes([0, 0, 0, \(whole.count + 9)]) + bytes.fromhex("\(HexDigit.text(whole))"))
                except OSError: pass
                held.append(s)
            print("ready", flush=True); sys.stdin.readline()
            """, path,
        ])
        #expect(half.line() == "ready")
        #expect(try enforcer.execute(hour).outcome == .succeeded)
        #expect(
            try enforcer.ask { $0.localRelease.reason = "an administrator" }.status.containment.isolatedUntilUs == 0)
    }

    @Test("a user who is neither root nor the agent is not heard, even where the socket's file lets anybody connect")
    func strangers() throws {
        let enforcer = try start()
        let path = lab.scratch.path + "/enforcer.sock"
        try Program.must(["chmod", "755", lab.scratch.path])
        try Program.must(["chmod", "777", path])
        let signed = try enforcer.fleet.sign(enforcer.fleet.order(hour))
        let order: [UInt8] = try Cordon_V1_EnforcerRequest.with { $0.execute = signed }.serializedBytes()
        func asking(as user: UInt32) throws -> String {
            let program = try Program([
                "python3", "-c",
                """
                import os, socket, sys
                os.setgid(\(user)); os.setuid(\(user))
                s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1])
                try: s.sendall((\(order.count)).to_bytes(4, "big") + bytes.fromhex("\(HexDigit.text(order))")); heard = s.recv(4)
                except OSError: heard = b""
                print("answered" if heard else "closed", flush=True)
                """, path,
            ])
            return program.line() ?? ""
        }
        #expect(try asking(as: Lab.agentUser + 1) == "closed")
        #expect(try enforcer.status().containment.isolatedUntilUs == 0)
        #expect(try asking(as: Lab.agentUser) == "answered", "the same, from who may")
        #expect(try enforcer.status().containment.isolatedUntilUs > 0)
    }

    @Test("a controller that was taken over isolates a host as often as its owner allows, which is told, and no longer")
    func wholeFleet() throws {
        let enforcer = try start(
            "isolations_per_hour = 2\norders_per_hour = 6\nlongest_isolation = \"1h\"\nblocks_per_hour = 3")
        let fleet = enforcer.fleet
        var outcomes: [Outcome] = []
        for _ in 0..<6 { outcomes.append(try enforcer.execute(hour).outcome) }
        let rule = "isolations_per_hour (\(lab.scratch.path)/policy.d/10.toml:1)"
        #expect(outcomes.prefix(2).allSatisfy { $0 == .succeeded })
        #expect(outcomes.dropFirst(2).allSatisfy { $0 == .refused(rule: rule) })
        let notices = try enforcer.status().notices.filter { $0.kind == .refused }
        #expect(notices.count == 1 && notices[0].count == 4 && notices[0].text.contains("isolate"), "\(notices)")

        let forever = Action.isolate(Isolation(duration: .seconds(366 * 86_400)))
        guard case .refused(let longest) = try enforcer.execute(forever).outcome else {
            Issue.record("an isolation for ever was taken")
            return
        }
        #expect(longest.hasPrefix("longest_isolation"))
        // Even when all was handed to that controller, and whatever else it asks for, who looks at the host sees it.
        _ = try enforcer.status(heard: notices.map(\.id))
        #expect(try enforcer.status().notices.filter { $0.kind == .refused }.isEmpty)
        for number in 0..<100 {
            let target = ProcessTarget(pid: 1, startTime: UInt64(number), executable: "/\(number)", scope: .process)
            guard case .refused = try enforcer.execute(.killProcess(target)).outcome else {
                Issue.record("the first of all processes was killed")
                return
            }
        }
        let status = [EnforcerProcess.binary, "status", "--config", "\(lab.scratch.path)/enforcer.toml"]
        let shown = try Program.run(status).output
        #expect(shown.contains("refused isolate, by \(rule): 4, last at 2"), "\(shown)")
        let told = try Program.run(status + ["--json"]).output
        #expect(told.contains(#""text":"isolate, by isolations_per_hour"#), "\(told)")
        let log = try Program.run(["grep", "an order was refused.*isolations_per_hour", "\(lab.scratch.path)/log"])
            .output
        #expect(log.split(separator: "\n").count == 4, "the journal tells each: \(log)")
        // Neither a key of its own making, nor a list that it signs itself, helps it.
        let own = SigningKey()
        let response = try enforcer.ask { $0.keySet = try fleet.keySet(version: 99, keys: [own], root: own) }
        #expect(response.error.code == "refused.signature")
        #expect(try enforcer.execute(try fleet.sign(fleet.order(hour), with: own)).outcome == .refused(rule: "key"))
        // Whatever it did, a release passes every bound, and root needs nobody.
        #expect(try enforcer.execute(.release).outcome == .succeeded)
        #expect(try enforcer.status().containment.isolatedUntilUs == 0)
    }

    @Test("orders that come in another order than they were given leave what was meant last")
    func reordered() throws {
        let enforcer = try start()
        let fleet = enforcer.fleet
        let early = fleet.order(hour, issued: .seconds(-30))
        let release = fleet.order(.release, issued: .seconds(-20))
        let late = fleet.order(hour, issued: .seconds(-10))
        #expect(try enforcer.execute(late).outcome == .succeeded)
        #expect(
            try enforcer.execute(release).outcome == .refused(rule: "replay"), "it was given before the last isolation")
        #expect(try enforcer.execute(early).outcome == .succeeded, "isolating twice is isolating")
        let again = fleet.order(.release, issued: .seconds(-20))
        #expect(
            try enforcer.execute(again).outcome == .refused(rule: "replay"), "an early isolation takes nothing back")
        #expect(try enforcer.status().containment.isolatedUntilUs > 0)
    }
}
