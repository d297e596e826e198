package import ControllerCases
package import CordonModel
internal import GRDB

extension CaseStore {
    package func list(_ filter: CaseFilter) async throws -> [CaseSummary] {
        try await database.read { connection in
            var conditions = Conditions()
            conditions.add("status", in: filter.statuses.map(\.rawValue))
            conditions.add("severity >= $", filter.severity)
            conditions.add("assignee = $", filter.assignee)
            conditions.add("EXISTS (SELECT 1 FROM case_host WHERE case_id = case_file.id AND host = $)", filter.host)
            conditions.add("number < $", filter.before)
            let limit = conditions.next(filter.limit)
            return try connection.rows(
                """
                SELECT case_file.*,
                (SELECT COUNT(*) FROM case_host WHERE case_id = case_file.id) AS hosts,
                (SELECT COUNT(*) FROM case_alert WHERE case_id = case_file.id) AS alerts,
                (SELECT COUNT(*) FROM case_task WHERE case_id = case_file.id AND state = 'open') AS open_tasks
                FROM case_file \(conditions.text) ORDER BY number DESC LIMIT \(limit)
                """,
                values: conditions.values
            ).map(Self.summary)
        }
    }

    private static func summary(_ row: Row) throws -> CaseSummary {
        CaseSummary(
            id: try row.identifier("id"), number: try row.count("number"), title: try row.text("title"),
            severity: try row.severity("severity"), status: try row.word("status"),
            assignee: try row.optionalText("assignee"),
            openedAt: try row.timestamp("opened_at"), updatedAt: try row.timestamp("updated_at"),
            hostCount: try row.count("hosts"), alertCount: try row.count("alerts"),
            openTasks: try row.count("open_tasks")
        )
    }

    package func statistics(now: Timestamp) async throws -> CaseStatistics {
        try await database.read { connection in
            var statistics = CaseStatistics(byStatus: [:], openBySeverity: [:], openedLastDay: 0, meanTimeToClose: nil)
            let groups = try connection.rows(
                "SELECT status, severity, COUNT(*) AS count FROM case_file GROUP BY status, severity")
            for row in groups {
                let status: CaseStatus = try row.word("status")
                statistics.byStatus[status, default: 0] += try row.count("count")
                if status.isOpen {
                    statistics.openBySeverity[try row.severity("severity"), default: 0] += try row.count("count")
                }
            }
            let dayAgo = now - .seconds(86_400)
            let opened = try connection.row("SELECT COUNT(*) AS count FROM case_file WHERE opened_at >= $1", dayAgo)
            statistics.openedLastDay = try opened?.count("count") ?? 0
            let ended = try connection.row(
                "SELECT COUNT(*) AS count, COALESCE(SUM(closed_at - opened_at), 0) AS sum FROM case_file WHERE closed_at >= $1",
                now - .seconds(30 * 86_400)
            )
            if let ended, try ended.count("count") > 0 {
                statistics.meanTimeToClose = .microseconds(try ended.integer("sum") / (try ended.integer("count")))
            }
            return statistics
        }
    }
}
