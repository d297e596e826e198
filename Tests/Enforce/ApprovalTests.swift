import AgentEnforce
import CordonModel
import CordonOrders
import CordonTesting
import CordonTrust
import CordonWire
import FoundationEssentials
import SwiftProtobuf
import Testing

/// Orders that a host takes from no one alone: the real daemon, and a controller that has its order key and nobody's.
@Suite("Approvals", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct ApprovalTests {
    private let lab: Lab
    private let fleet: Enrolled
    private let enforcer: EnforcerProcess
    private let ann = SigningKey()
    private let bob = SigningKey()
    private let spare = SigningKey()
    private let waits = Outcome.refused(rule: "awaits approvals: 0 carried, 2 needed")

    init() throws {
        lab = try Lab()
        fleet = try Enrolled(lab.scratch, policy: "two_person = [\"isolate\"]")
        enforcer = try EnforcerProcess(fleet, in: lab.host)
        _ = try enforcer.ask { $0.keySet = try keySet(version: 2) }
    }

    private let hour = Action.isolate(Isolation(duration: .seconds(3600)))

    /// ann has two keys: they are one person's.
    private func keySet(version: UInt64, bobUntil end: Timestamp? = nil) throws -> Cordon_V1_SignedOrderKeySet {
        try fleet.keySet(
            version: version,
            approvers: [
                Approver(person: "ann", key: ann.verifyingKey), Approver(person: "ann", key: spare.verifyingKey),
                Approver(person: "bob", key: bob.verifyingKey, expiresAt: end),
            ])
    }

    private var isIsolated: Bool { get throws { try enforcer.status().containment.isolatedUntilUs > 0 } }

    @Test("an order waits until two people have signed it, and the same order is then carried out, once")
    func gathered() throws {
        let order = fleet.order(hour)
        #expect(try enforcer.execute(order).outcome == waits)
        let one = try enforcer.execute(try fleet.sign(order, approvedBy: [ann]))
        #expect(one.outcome == .refused(rule: "awaits approvals: 1 carried, 2 needed"))
        #expect(one.message.contains("ann"), "\(one.message)")
        #expect(try isIsolated == false)
        let both = try enforcer.execute(try fleet.sign(order, approvedBy: [ann, bob]))
        #expect(both.outcome == .succeeded)
        #expect(try isIsolated)
        #expect(try enforcer.execute(order) == both, "redelivered, even without them, it is the same order")
        #expect(try enforcer.execute(.release).outcome == .succeeded, "an undo needs nobody")
    }

    @Test("two keys of one person, the same key twice, and keys that nobody listed are not two people")
    func notTwo() throws {
        let order = fleet.order(hour)
        for people in [[ann, spare], [ann, ann], [ann, fleet.key], [ann, SigningKey()], [fleet.root, ann]] {
            let outcome = try enforcer.execute(try fleet.sign(order, approvedBy: people)).outcome
            #expect(outcome == .refused(rule: "awaits approvals: 2 carried, 2 needed"))
        }
        #expect(try isIsolated == false)
    }

    @Test("a controller that forges approvals, or moves them from another order, is refused for good")
    func forged() throws {
        let order = fleet.order(hour)
        var forged = try fleet.sign(order, approvedBy: [fleet.key, fleet.key])
        forged.approvals[0].keyID = Data(ann.verifyingKey.id)
        forged.approvals[1].keyID = Data(bob.verifyingKey.id)
        let answer = try enforcer.execute(forged)
        #expect(answer.outcome == .refused(rule: "forged approval"))
        #expect(answer.message.contains("ann"), "\(answer.message)")
        let late = try enforcer.execute(try fleet.sign(order, approvedBy: [ann, bob]))
        #expect(late.outcome == .refused(rule: "forged approval"), "the forgery is remembered")

        var moved = try fleet.sign(fleet.order(hour))
        moved.approvals = try fleet.sign(fleet.order(hour), approvedBy: [ann, bob]).approvals
        #expect(try enforcer.execute(moved).outcome == .refused(rule: "forged approval"))

        // A signature of the order's own kind is not one of an approval: the domains differ.
        var confused = try fleet.sign(fleet.order(hour))
        for key in [ann, bob] {
            var approval = Cordon_V1_Approval()
            approval.keyID = Data(key.verifyingKey.id)
            approval.signature = Data(try key.signature(for: [UInt8](confused.order), in: .order))
            confused.approvals.append(approval)
        }
        #expect(try enforcer.execute(confused).outcome == .refused(rule: "forged approval"))
        var many = try fleet.sign(fleet.order(hour), approvedBy: [ann, bob])
        many.approvals = Array(repeating: many.approvals[0], count: Approvals.most + 1)
        #expect(try enforcer.execute(many).outcome == .refused(rule: "forged approval"))
        #expect(try isIsolated == false)
    }

    @Test("people whom a newer list leaves out, or whose key has expired, do not count any more")
    func revoked() throws {
        let signed = try fleet.sign(fleet.order(hour), approvedBy: [ann, bob])
        let past = fleet.now() - .seconds(10)
        #expect(try enforcer.ask { $0.keySet = try keySet(version: 3, bobUntil: past) }.keySetAccepted.version == 3)
        let waits = Outcome.refused(rule: "awaits approvals: 2 carried, 2 needed")
        #expect(try enforcer.execute(signed).outcome == waits)
        _ = try enforcer.ask { $0.keySet = try fleet.keySet(version: 4) }
        #expect(try enforcer.execute(signed).outcome == waits)
        _ = try enforcer.ask { $0.keySet = try keySet(version: 3) }
        #expect(try enforcer.execute(signed).outcome == waits, "the older list came back")
    }

    // MARK: - Passkeys

    /// The order with approvals, as they travel.
    private func signed(_ order: Order, _ approve: ([UInt8]) throws -> [Approval]) throws -> Cordon_V1_SignedOrder {
        var signed = try fleet.sign(order)
        signed.approvals = try approve([UInt8](signed.order)).map { Cordon_V1_Approval($0) }
        return signed
    }

    @Test("a passkey counts as its person, once: beside the person's own key it is not a second one")
    func passkeys() throws {
        let (hers, his) = (try SoftAuthenticator(), try SoftAuthenticator())
        let list = [
            Approver(person: "ann", key: ann.verifyingKey), Approver(person: "ann", .passkey(hers.passkey)),
            Approver(person: "bob", .passkey(his.passkey)),
        ]
        let taken = try enforcer.ask { $0.keySet = try fleet.keySet(version: 5, approvers: list) }
        #expect(taken.keySetAccepted.version == 5)
        let order = fleet.order(hour)
        let alone = try enforcer.execute(
            try signed(order) { [try Approval(of: $0, with: ann), try hers.approval(of: $0)] })
        #expect(alone.outcome == .refused(rule: "awaits approvals: 2 carried, 2 needed"))
        let again = try enforcer.execute(try signed(order) { [try hers.approval(of: $0), try hers.approval(of: $0)] })
        #expect(again.outcome == .refused(rule: "awaits approvals: 2 carried, 2 needed"))
        #expect(try isIsolated == false)
        let both = try enforcer.execute(
            try signed(order) { [try hers.approval(of: $0), try his.approval(of: $0)] })
        #expect(both.outcome == .succeeded)
        #expect(try isIsolated)
        #expect(try enforcer.execute(.release).outcome == .succeeded)
    }

    @Test("a passkey's approval that was made for another order, another host or another site is refused for good")
    func forgedPasskeys() throws {
        let his = try SoftAuthenticator()
        let list = [Approver(person: "ann", key: ann.verifyingKey), Approver(person: "bob", .passkey(his.passkey))]
        _ = try enforcer.ask { $0.keySet = try fleet.keySet(version: 5, approvers: list) }
        let other = AgentID(UUIDv7(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0002))
        let elsewhere = [UInt8](try fleet.sign(fleet.order(hour, agent: other)).order)
        let before = [UInt8](try fleet.sign(fleet.order(hour)).order)
        let rows: [(String, ([UInt8]) throws -> Approval)] = [
            ("its challenge is not this order's", { _ in try his.approval(of: before) }),
            ("its challenge is not this order's", { _ in try his.approval(of: elsewhere) }),
            ("did not verify who was there", { try his.approval(of: $0) { $0.flags = 1 } }),
            ("its origin is not https", { try his.approval(of: $0) { $0.origin = "http://cordon.example" } }),
            ("another domain", { try his.approval(of: $0) { $0.relyingParty = "evil.example" } }),
        ]
        for (why, approve) in rows {
            let order = fleet.order(hour)
            let answer = try enforcer.execute(
                try signed(order) { [try Approval(of: $0, with: ann), try approve($0)] })
            #expect(answer.outcome == .refused(rule: "forged approval"))
            #expect(answer.message.contains("bob") && answer.message.contains(why), "\(answer.message)")
            let late = try enforcer.execute(
                try signed(order) { [try Approval(of: $0, with: ann), try his.approval(of: $0)] })
            #expect(late.outcome == .refused(rule: "forged approval"), "the forgery is remembered")
        }
        #expect(try isIsolated == false)
    }

    @Test("lists that name an order key, a key twice, or nobody are not taken")
    func lists() throws {
        let rows: [[Approver]] = [
            [Approver(person: "ann", key: fleet.key.verifyingKey)],
            [Approver(person: "ann", key: ann.verifyingKey), Approver(person: "bob", key: ann.verifyingKey)],
            [Approver(person: "", key: ann.verifyingKey)], [Approver(person: "Ann Ä", key: ann.verifyingKey)],
            (0...Approver.most).map { Approver(person: "p\($0)", key: SigningKey().verifyingKey) },
            try SoftAuthenticator().passkey.twice,
        ]
        for row in rows {
            let response = try enforcer.ask { $0.keySet = try fleet.keySet(version: 9, approvers: row) }
            #expect(response.error.code == "refused.key", "\(row.map(\.person))")
        }
        let full = (0..<Approver.most).map { Approver(person: "p\($0)", key: SigningKey().verifyingKey) }
        #expect(
            try enforcer.ask { $0.keySet = try fleet.keySet(version: 9, approvers: full) }.keySetAccepted.version == 9)
    }
}

extension Passkey {
    /// Two people with one passkey.
    fileprivate var twice: [Approver] { ["ann", "bob"].map { Approver(person: $0, .passkey(self)) } }
}
