import ControllerFleet
import ControllerStore
import CordonModel
import CordonTrust
import GRDB
import Testing

@Suite("Rollouts in the database")
struct RolloutStoreTests {
    /// Begins a rollout to so many hosts.
    private func begin(
        _ hosts: Int, in shop: Workshop, _ store: FleetStore, then last: Rollout.Event? = .cancel
    ) async throws -> Rollout {
        let now = shop.now
        var rollout = Rollout(
            id: shop.surroundings.identifier(), plan: RolloutPlan(version: "2.0"), by: "ada", at: now, seed: 1)
        for _ in 0..<hosts { _ = rollout.apply(.enrolled(shop.surroundings.identifier(), group: ""), at: now) }
        if let last { _ = rollout.apply(last, at: now) }
        try await store.save(rollout, hosts: Set(rollout.hosts.keys), recording: [])
        shop.advance(.seconds(1))
        return rollout
    }

    /// Forgets until no more is due; how many pieces that took.
    private func forget(keeping kept: Int, in shop: Workshop, _ store: FleetStore) async throws -> Int {
        var pieces = 0
        let now = shop.now
        while try await store.forgetRollout(
            keeping: kept,
            recording: { AuditEntry(at: now, actor: "system", verb: "upgrade.forgotten", subject: "upgrade:\($0)") })
        { pieces += 1 }
        return pieces
    }

    private func rows(_ shop: Workshop) throws -> Int? {
        let queue = try DatabaseQueue(path: shop.folder + "/cordon.sqlite")
        defer { try? queue.close() }
        return try queue.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM fleet_rollout_host") }
    }

    @Test("of those that are over the newest stay, with their hosts; the rest is forgotten, and that is written down")
    func forgets() async throws {
        let shop = try Workshop()
        let database = try shop.open()
        let store = FleetStore(database)
        var begun: [Rollout] = []
        for _ in 0..<6 { begun.append(try await begin(3, in: shop, store)) }
        begun.append(try await begin(2, in: shop, store, then: nil))
        let none = try await forget(keeping: 6, in: shop, store)
        #expect(none == 0, "the one that runs is not counted")
        let pieces = try await forget(keeping: 2, in: shop, store)
        #expect(pieces == 4)
        let left = try await store.rollouts(limit: 100)
        #expect(left == begun.suffix(3).reversed().map(RolloutSummary.init))
        let newest = try await store.newestRollout(at: shop.now)
        #expect(newest?.id == begun.last?.id && newest?.hosts.count == 2)
        let told = try await shop.reader(database).newest(before: nil, subject: nil, limit: 50).map(\.entry)
        #expect(Set(told.map(\.subject)) == Set(begun.prefix(4).map { "upgrade:\($0.id)" }))
        #expect(told.allSatisfy { $0.verb == "upgrade.forgotten" })
        try database.close()
        #expect(try rows(shop) == 2 * 3 + 2)
    }

    @Test("one of many hosts goes in pieces, so that no writer waits long, and is not half there in the end")
    func pieces() async throws {
        let shop = try Workshop()
        let database = try shop.open()
        let store = FleetStore(database)
        _ = try await begin(12_000, in: shop, store)
        let newest = try await begin(1, in: shop, store)
        let pieces = try await forget(keeping: 1, in: shop, store)
        #expect(pieces == 3)
        let left = try await store.rollouts(limit: 100)
        #expect(left == [RolloutSummary(newest)])
        try database.close()
        #expect(try rows(shop) == 1)
    }
}
