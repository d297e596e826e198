package import ControllerIntake
package import CordonModel
internal import GRDB

extension IntakeStore {
    /// Rows deleted in one transaction at most, so that writers do not wait long.
    private static let bite = 5000

    package func sweep(_ retention: Retention, now: Timestamp) async throws -> SweepResult {
        let more = try await moveOldEvents()
        let events = try await database.events.sweep(
            keepDays: retention.eventDays, keepBytes: retention.eventBytes, now: now)
        return try await database.transact { connection, audit in
            var result = SweepResult(events: events)
            result.aside = try Self.trim(
                "quarantine", before: now - retention.asideAge, keep: retention.asideCount, connection)
            result.gaps = try Self.trim(
                "intake_gap", before: now - retention.asideAge, keep: retention.asideCount, connection)
            result.more = more || [result.aside, result.gaps].contains(Self.bite)
            let days = Duration.seconds(Int64(retention.eventDays) * 86_400)
            try Self.forgetStreams(unusedSince: now - max(days, retention.asideAge), connection)
            if result.events + result.aside + result.gaps > 0 {
                audit.append(
                    AuditEntry(
                        at: now, actor: Principal.system.name, verb: "retention.swept", subject: "store:intake",
                        details: ["events": "\(result.events)", "aside": "\(result.aside)", "gaps": "\(result.gaps)"]
                    )
                )
            }
            return result
        }
    }

    /// Deletes the oldest rows that are too old or too many; at most a bite.
    private static func trim(_ table: String, before: Timestamp, keep: Int, _ connection: GRDB.Database) throws -> Int {
        let old =
            try connection.row("SELECT COUNT(*) AS count FROM \(table) WHERE received_at < $1", before)?.count("count")
            ?? 0
        let all = try connection.row("SELECT COUNT(*) AS count FROM \(table)")?.count("count") ?? 0
        let due = min(max(old, all - keep), bite)
        guard due > 0 else { return 0 }
        return try connection.run(
            """
            DELETE FROM \(table) WHERE (stream, sequence) IN
            (SELECT stream, sequence FROM \(table) ORDER BY received_at LIMIT $1)
            """,
            due
        )
    }

    /// Forgets the positions of spools that are long gone, save each agent's newest.
    private static func forgetStreams(unusedSince: Timestamp, _ connection: GRDB.Database) throws {
        try connection.run(
            """
            DELETE FROM intake_stream WHERE used_at < $1
            AND stream NOT IN (SELECT MAX(stream) FROM intake_stream GROUP BY agent)
            AND NOT EXISTS (SELECT 1 FROM event WHERE event.stream = intake_stream.stream)
            AND NOT EXISTS (SELECT 1 FROM quarantine WHERE quarantine.stream = intake_stream.stream)
            AND NOT EXISTS (SELECT 1 FROM intake_gap WHERE intake_gap.stream = intake_stream.stream)
            """,
            unusedSince
        )
    }
}
