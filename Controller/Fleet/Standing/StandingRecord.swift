package import CordonModel
package import CordonOrders

/// A standing order and the host that it is for.
package struct StandingRecord: Sendable, Hashable {
    package var order: StandingOrder
    package var agent: AgentID
    package var createdAt: Timestamp
    /// When it was taken back; `nil` for one that holds until it expires.
    package var withdrawnAt: Timestamp?

    package init(order: StandingOrder, agent: AgentID, createdAt: Timestamp, withdrawnAt: Timestamp? = nil) {
        self.order = order
        self.agent = agent
        self.createdAt = createdAt
        self.withdrawnAt = withdrawnAt
    }

    package var id: StandingID { order.id }
}

/// Where standing orders are kept.
package protocol StandingRepository: Sendable {
    /// Inserts or replaces the record, in one transaction with the entries.
    func save(_ record: StandingRecord, recording entries: [AuditEntry]) async throws
    /// Every standing order, withdrawn and expired ones too, oldest first.
    func allStandingOrders() async throws -> [StandingRecord]
}
