package import ControllerFleet
package import CordonModel
internal import CordonOrders
internal import GRDB

/// Tables of standing orders.
enum StandingSchema {
    static let v1: [String] = [
        """
        CREATE TABLE fleet_standing (
            id TEXT NOT NULL PRIMARY KEY,
            agent TEXT NOT NULL,
            rule TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            duration_s BIGINT NOT NULL,
            expires_at BIGINT NOT NULL,
            requested_by TEXT NOT NULL,
            reason TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            withdrawn_at BIGINT
        )
        """
    ]
}

extension FleetStore: StandingRepository {
    package func save(_ record: StandingRecord, recording entries: [AuditEntry]) async throws {
        let order = record.order
        try await database.write(recording: entries) { connection in
            try connection.run(
                """
                INSERT INTO fleet_standing
                (id, agent, rule, action, subject, duration_s, expires_at, requested_by, reason, created_at, withdrawn_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                ON CONFLICT (id) DO UPDATE SET withdrawn_at = excluded.withdrawn_at
                """, order.id, record.agent, order.rule, order.kind.rawValue, order.subject.rawValue,
                order.duration.wholeSeconds, order.expiresAt, order.requestedBy, order.reason, record.createdAt,
                record.withdrawnAt)
        }
    }

    package func allStandingOrders() async throws -> [StandingRecord] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM fleet_standing ORDER BY id").map(Self.standing)
        }
    }

    private static func standing(_ row: Row) throws -> StandingRecord {
        StandingRecord(
            order: StandingOrder(
                id: try row.identifier("id"), rule: try row.text("rule"), kind: try row.word("action"),
                subject: try row.word("subject"), duration: .seconds(try row.integer("duration_s")),
                expiresAt: try row.timestamp("expires_at"), requestedBy: try row.text("requested_by"),
                reason: try row.text("reason")),
            agent: try row.identifier("agent"), createdAt: try row.timestamp("created_at"),
            withdrawnAt: try row.optionalTimestamp("withdrawn_at"))
    }
}
