internal import ControllerFleet
internal import ControllerRules
internal import ControllerStore
internal import CordonModel
internal import Synchronization

/// What joins the packs of rules and the fleet that carries them to its agents.
final class RuleDelivery: Sendable {
    let packs: RulePacks
    private let fleet: Mutex<Fleet?>

    /// Reads what is staged.
    static func load(_ database: Database, _ surroundings: Surroundings) async throws -> RuleDelivery {
        let told = Told()
        let packs = try await RulePacks.load(
            repository: RulePackStore(database: database), surroundings: surroundings, changed: { told.tell() })
        let delivery = RuleDelivery(packs)
        told.delivery.withLock { $0 = delivery }
        return delivery
    }

    private init(_ packs: RulePacks) {
        self.packs = packs
        fleet = Mutex(nil)
    }

    /// Called once, when the fleet is made and before it runs.
    func join(_ fleet: Fleet) { self.fleet.withLock { $0 = fleet } }

    /// What the fleet offers its agents.
    var source: RulePackSource {
        let packs = packs
        return RulePackSource(
            version: { UInt64(clamping: packs.version(for: $0)) },
            rules: { version in try await packs.content(of: Int64(clamping: version)) })
    }

    private func changed() { fleet.withLock { $0 }?.offerRules() }

    /// Stands between the packs and the delivery, which are made one after the other.
    private final class Told: Sendable {
        let delivery = Mutex<RuleDelivery?>(nil)

        func tell() { delivery.withLock { $0 }?.changed() }
    }
}
