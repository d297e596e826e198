package import CordonModel
package import CordonWire

/// What the fleet tells others. Called after the change is durable; a hook must return soon.
package struct FleetHooks: Sendable {
    /// A batch of an agent. Returns once it is durable: the agent forgets it then. A throw leaves it with the agent.
    package var received: @Sendable (_ batch: Cordon_V1_Batch, _ agent: AgentID) async throws -> Void
    /// An order changed its state.
    package var orderChanged: @Sendable (OrderRecord) async -> Void
    /// A host enrolled, connected, disconnected, was revoked, or said something new of itself.
    package var hostChanged: @Sendable (HostRecord) async -> Void

    /// A hunt began, went on, or is over.
    package var huntChanged: @Sendable (HuntID) async -> Void
    /// Evidence has come whole and is kept.
    package var evidenceKept: @Sendable (EvidenceRecord) async -> Void

    /// A rollout has changed.
    package var upgradeChanged: @Sendable (RolloutID) async -> Void
    /// A rollout stopped by itself. May be told again after a restart.
    package var upgradeStopped: @Sendable (UpgradeAlarm) async -> Void

    package init(
        received: @escaping @Sendable (Cordon_V1_Batch, AgentID) async throws -> Void,
        orderChanged: @escaping @Sendable (OrderRecord) async -> Void = { _ in },
        hostChanged: @escaping @Sendable (HostRecord) async -> Void = { _ in },
        huntChanged: @escaping @Sendable (HuntID) async -> Void = { _ in },
        evidenceKept: @escaping @Sendable (EvidenceRecord) async -> Void = { _ in },
        upgradeChanged: @escaping @Sendable (RolloutID) async -> Void = { _ in },
        upgradeStopped: @escaping @Sendable (UpgradeAlarm) async -> Void = { _ in }
    ) {
        self.received = received
        self.orderChanged = orderChanged
        self.hostChanged = hostChanged
        self.huntChanged = huntChanged
        self.evidenceKept = evidenceKept
        self.upgradeChanged = upgradeChanged
        self.upgradeStopped = upgradeStopped
    }
}
