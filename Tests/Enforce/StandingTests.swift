import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import AgentEnforce

/// What a host does by itself while the controller cannot be reached: the real daemon, and an agent that asks.
@Suite("Standing orders", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct StandingTests {
    private let lab: Lab
    private let rule = "8a6d3a2e-0000-4000-8000-000000000001"

    init() throws { lab = try Lab() }

    private func start(_ policy: String) throws -> EnforcerProcess {
        try EnforcerProcess(try Enrolled(lab.scratch, policy: policy), in: lab.host)
    }

    private func standing(
        _ kind: ActionKind = .blockAddress, _ subject: StandingSubject = .sourceAddress, for seconds: Int64 = 600,
        until: Duration = .seconds(3600), at now: Timestamp
    ) -> StandingOrder {
        var random = SystemRandomNumberGenerator()
        return StandingOrder(
            id: StandingID(UUIDv7(at: now, random: (random.next(), random.next()))), rule: rule, kind: kind,
            subject: subject, duration: .seconds(seconds), expiresAt: now + until, requestedBy: "ada", reason: "nights")
    }

    /// The enforcer's answer to a set of standing orders: its version, or the rule that it breaks.
    private func keep(
        _ orders: [StandingOrder], version: UInt64 = 1, by key: SigningKey? = nil, agent: AgentID? = nil,
        fleet: String? = nil, _ enforcer: EnforcerProcess
    ) throws -> String {
        let set = StandingOrderSet(
            version: version, fleet: fleet ?? enforcer.fleet.fleet, agent: agent ?? enforcer.fleet.agent, orders: orders
        )
        let signed = try set.signed(with: key ?? enforcer.fleet.key)
        let response = try enforcer.ask { $0.standingOrders = signed }
        return response.error.code.isEmpty ? "\(response.done.standingVersion)" : response.error.code
    }

    private func fire(
        _ enforcer: EnforcerProcess, rule other: String? = nil, source: String = "10.66.0.3", user: String = ""
    ) throws -> UInt32 {
        let response = try enforcer.ask {
            $0.trigger.rule = other ?? rule
            $0.trigger.sourceIp = source
            $0.trigger.userName = user
        }
        return response.done.carriedOut
    }

    private func told(_ enforcer: EnforcerProcess) throws -> [String] {
        try enforcer.status().notices.filter { $0.kind == .standing }.map(\.text)
    }

    @Test("a host that its owner allows it blocks what the event names, once, says so, and remembers what it may")
    func blocks() throws {
        let enforcer = try start("standing_orders = [\"block_address\"]")
        let order = standing(at: enforcer.fleet.now())
        #expect(try keep([order], enforcer) == "1")
        #expect(try fire(enforcer, rule: "another") == 0)
        #expect(try fire(enforcer, source: "") == 0, "an event that names no address is nothing to go by")
        #expect(try fire(enforcer, source: "10.66.0.3; flush ruleset") == 0)
        #expect(try fire(enforcer) == 1)
        #expect(try enforcer.status().containment.blocks.map(\.network) == ["10.66.0.3"])
        #expect(try fire(enforcer) == 0, "an event a second is not an order a second")
        let said = try told(enforcer)
        #expect(said.count == 1 && said[0].contains("block 10.66.0.3") && said[0].contains("\(order.id)"), "\(said)")
        enforcer.kill()
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try fire(second, source: "10.66.0.4") == 1)
    }

    @Test("nothing is done that the host's owner has not allowed, whatever the standing order says")
    func bounded() throws {
        let rows: [(String, StandingOrder, String)] = [
            ("", standing(at: .init(seconds: 0)), "allows no standing order to block_address"),
            ("standing_orders = [\"isolate\"]", standing(at: .init(seconds: 0)), "allows no standing order"),
            ("standing_orders = [\"block_address\"]", standing(for: 86_400, at: .init(seconds: 0)), "at most 4h"),
            (
                "standing_orders = [\"block_address\"]\nstanding_per_hour = 0", standing(at: .init(seconds: 0)),
                "within the hour"
            ),
            (
                "standing_orders = [\"block_address\"]\nprotected_addresses = [\"10.66.0.0/24\"]",
                standing(at: .init(seconds: 0)), "protects"
            ),
            (
                "standing_orders = [\"isolate\"]\ntwo_person = [\"isolate\"]",
                standing(.isolate, .host, at: .init(seconds: 0)), "2 people"
            ),
            (
                "standing_orders = [\"isolate\"]\nnever_isolate = true",
                standing(.isolate, .host, at: .init(seconds: 0)), "never isolated"
            ),
            ("standing_orders = [\"lock_account\"]", standing(.lockAccount, .user, at: .init(seconds: 0)), "root"),
        ]
        for (policy, wanted, words) in rows {
            let enforcer = try start(policy)
            var order = wanted
            order.expiresAt = enforcer.fleet.now() + .seconds(3600)
            #expect(try keep([order], enforcer) == "1", "\(policy)")
            #expect(try fire(enforcer, user: "root") == 0, "\(policy)")
            let said = try told(enforcer)
            #expect(said.count == 1 && said[0].contains(words), "\(policy): \(said)")
            #expect(try enforcer.status().containment.blockCount == 0)
            #expect(try enforcer.status().containment.isolatedUntilUs == 0)
            enforcer.kill()
            try Program.must([
                "rm", "-f", lab.scratch.path + "/state/standing-orders", lab.scratch.path + "/state/order-keys",
            ])
        }
    }

    @Test(
        "only what an order key signed, for this host, and newer than what is held, is taken; what is left out is over")
    func sets() throws {
        let enforcer = try start("standing_orders = [\"block_address\", \"isolate\"]")
        let now = enforcer.fleet.now()
        let order = standing(at: now)
        let other = AgentID(UUIDv7(high: 1, low: 2))
        #expect(try keep([order], by: SigningKey(), enforcer) == "refused.signature")
        #expect(try keep([order], by: enforcer.fleet.root, enforcer) == "refused.signature")
        #expect(try keep([order], agent: other, enforcer) == "refused.recipient")
        #expect(try keep([order], fleet: "other", enforcer) == "refused.recipient")
        #expect(try keep([order], version: 0, enforcer) == "refused.signature")
        #expect(try keep([standing(.isolate, .user, at: now)], enforcer) == "refused.signature", "what makes no sense")
        #expect(try keep([standing(.deleteFile, .host, at: now)], enforcer) == "refused.signature")
        #expect(try keep((0...StandingOrder.most).map { _ in standing(at: now) }, enforcer) == "refused.signature")
        #expect(try fire(enforcer) == 0)

        #expect(try keep([order], version: 5, enforcer) == "5")
        #expect(try keep([], version: 4, enforcer) == "refused.standing orders")
        #expect(try keep([], version: 6, enforcer) == "6")
        #expect(try fire(enforcer) == 0, "it was withdrawn")
        #expect(try keep([standing(until: .seconds(-1), at: now)], version: 7, enforcer) == "7")
        #expect(try fire(enforcer) == 0, "it has expired")
        // A signature of another kind, by the right key.
        let set = StandingOrderSet(version: 9, fleet: "test", agent: enforcer.fleet.agent, orders: [order])
        var confused = try set.signed(with: enforcer.fleet.key)
        confused.signature = Data(try enforcer.fleet.key.signature(for: [UInt8](confused.set), in: .order))
        #expect(try enforcer.ask { $0.standingOrders = confused }.error.code == "refused.signature")
        // The root takes the key away that signed them.
        #expect(try keep([order], version: 10, enforcer) == "10")
        _ = try enforcer.ask { $0.keySet = try enforcer.fleet.keySet(version: 2, keys: [SigningKey()]) }
        #expect(try fire(enforcer) == 0)
        #expect(try told(enforcer).isEmpty)
    }

    @Test("a standing isolation ends by itself, and is released like any other")
    func isolates() throws {
        let enforcer = try start("standing_orders = [\"isolate\"]")
        #expect(try keep([standing(.isolate, .host, for: 2, at: enforcer.fleet.now())], enforcer) == "1")
        #expect(try fire(enforcer) == 1)
        #expect(try enforcer.status().containment.isolatedUntilUs > 0)
        #expect(enforcer.becomes(within: 10) { (try? enforcer.status().containment.isolatedUntilUs == 0) == true })
    }
}
