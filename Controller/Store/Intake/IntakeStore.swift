package import ControllerIntake
package import CordonModel
internal import GRDB

/// Events, alerts and gaps of agents in the controller's database.
package struct IntakeStore: IntakeRepository {
    let database: Database

    package init(database: Database) { self.database = database }

    package func store(_ batch: CheckedBatch) async throws -> IntakeReceipt {
        try await keepEvents(of: batch)
        return try await database.transact { connection, audit in
            try BatchWriter(batch: batch, connection: connection).write(recording: &audit)
        }
    }

    // MARK: - Waiting for a case

    package func pendingAlerts(limit: Int) async throws -> [PendingAlert] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT alert.*, case_alert.case_id FROM alert LEFT JOIN case_alert ON case_alert.alert = alert.id
                WHERE alert.pending = 1 ORDER BY alert.received_at, alert.id LIMIT $1
                """,
                limit
            ).map { row in
                PendingAlert(
                    alert: try Alert(row: row), revision: try row.integer("revision"),
                    caseID: try row.optional("case_id") { try row.identifier($0) }
                )
            }
        }
    }

    package func settle(_ alert: AlertID, revision: Int64) async throws {
        try await database.write { connection in
            try connection.run("UPDATE alert SET pending = 0 WHERE id = $1 AND revision = $2", alert, revision)
        }
    }

    package func neighbour(of alert: Alert, addresses: [Observable], since: Timestamp) async throws -> Neighbour? {
        guard let agent = alert.agent else { return nil }
        return try await database.read { connection in
            try addresses.prefix(20).compactMap { address in
                try connection.row(
                    """
                    SELECT alert.id, alert.last_seen, case_alert.case_id FROM alert_observable
                    JOIN alert ON alert.id = alert_observable.alert
                    JOIN case_alert ON case_alert.alert = alert.id
                    JOIN case_file ON case_file.id = case_alert.case_id
                    WHERE alert_observable.value = $1 AND alert_observable.kind = $2 AND alert.agent = $3
                    AND alert.id <> $4 AND alert.window_at >= $5 AND case_file.status NOT IN ('resolved', 'closed')
                    ORDER BY alert.last_seen DESC LIMIT 1
                    """,
                    address.value, address.kind.rawValue, agent, alert.id, since
                ).map { row in
                    Neighbour(
                        alert: try row.identifier("id"), caseID: try row.identifier("case_id"), shared: address,
                        lastSeen: try row.timestamp("last_seen")
                    )
                }
            }.max { $0.lastSeen < $1.lastSeen }
        }
    }
}
