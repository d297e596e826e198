package import ControllerIntake
package import CordonModel
internal import GRDB

extension IntakeStore {
    private static let joined = """
        SELECT alert.*, case_alert.case_id, case_alert.reason, case_file.number AS case_number FROM alert
        LEFT JOIN case_alert ON case_alert.alert = alert.id LEFT JOIN case_file ON case_file.id = case_alert.case_id
        """

    package func alerts(_ filter: AlertFilter) async throws -> [AlertRecord] {
        try await database.read { connection in
            var conditions = Conditions()
            conditions.add("alert.agent = $", filter.host)
            conditions.add("alert.severity >= $", filter.severity)
            conditions.add("alert.updated_at >= $", filter.since)
            conditions.add("alert.updated_at < $", filter.before)
            conditions.add("case_alert.case_id = $", filter.caseID)
            let sql = "\(Self.joined) \(conditions.text) ORDER BY alert.updated_at DESC, alert.id DESC"
            let limit = conditions.next(filter.limit)
            return try connection.rows("\(sql) LIMIT \(limit)", values: conditions.values).map {
                try AlertRecord(row: $0)
            }
        }
    }

    package func alert(_ id: AlertID) async throws -> AlertRecord? {
        try await database.read { connection in
            try connection.row("\(Self.joined) WHERE alert.id = $1", id).map { try AlertRecord(row: $0) }
        }
    }

    package func gaps(of host: AgentID, limit: Int) async throws -> [Gap] {
        try await rows("intake_gap", "document", of: host, limit: limit) {
            try GapDocument.gap(of: $0.text("document"))
        }
    }

    /// The newest rows of a table of streams: streams are numbered as they begin, and read backwards by the primary key.
    private func rows<Value: Sendable>(
        _ table: String, _ columns: String, of host: AgentID, limit: Int,
        _ read: @escaping @Sendable (Row) throws -> Value
    ) async throws -> [Value] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT \(columns) FROM \(table) WHERE stream IN (SELECT stream FROM intake_stream WHERE agent = $1)
                ORDER BY stream DESC, sequence DESC LIMIT $2
                """,
                host, limit
            ).map(read)
        }
    }

    package func aside(limit: Int) async throws -> [AsideItem] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT intake_stream.agent, quarantine.* FROM quarantine
                JOIN intake_stream ON intake_stream.stream = quarantine.stream
                ORDER BY quarantine.received_at DESC, quarantine.sequence DESC LIMIT $1
                """,
                limit
            ).map { row in
                AsideItem(
                    agent: try row.identifier("agent"), receivedAt: try row.timestamp("received_at"),
                    reason: try row.text("reason"), bytes: try row.bytes("content")
                )
            }
        }
    }

    package func stored() async throws -> StoredCounts {
        let events = try await database.events.count()
        return try await database.read { connection in
            func count(_ table: String) throws -> Int {
                try connection.row("SELECT COUNT(*) AS count FROM \(table)")?.count("count") ?? 0
            }
            return StoredCounts(
                events: events, alerts: try count("alert"), gaps: try count("intake_gap"),
                aside: try count("quarantine")
            )
        }
    }
}
