internal import ControllerIntake
internal import CordonModel
internal import CordonTrust
internal import GRDB

/// Writes a report of an alert: merged into the alert that it repeats, or as a new one.
struct AlertWriter {
    let batch: CheckedBatch
    let connection: GRDB.Database

    /// - Returns: The alert that the report is part of now; `nil` when its identifier is another agent's.
    func write(_ report: Alert, recording audit: inout [AuditEntry]) throws -> AlertID? {
        if let row = try connection.row("SELECT * FROM alert WHERE id = $1", report.id) {
            let known = try Alert(row: row)
            guard known.agent == batch.agent else { return nil }
            return try merge(report, into: known, isSameReport: true)
        }
        if let known = try repeated(by: report) { return try merge(report, into: known, isSameReport: false) }
        try insert(report)
        audit.append(
            AuditEntry(
                at: batch.receivedAt, actor: "agent:\(batch.agent)", verb: "alert.raised",
                subject: "alert:\(report.id)",
                details: ["rule": report.rule.id, "severity": report.severity.rawValue]
            )
        )
        return report.id
    }

    private func keyHash(_ alert: Alert) -> [UInt8] { Fingerprint(of: Array(alert.deduplicationKey.utf8)).bytes }

    /// The later of its times, but never later than now: an agent whose clock is ahead must not make an alert that
    /// swallows all later ones.
    private func windowAt(_ alert: Alert) -> Timestamp { min(alert.lastSeen, batch.receivedAt) }

    /// The alert with the same key whose times are near. One whose case is over is not repeated but new: nobody looks there.
    private func repeated(by report: Alert) throws -> Alert? {
        let earliest = min(report.firstSeen, batch.receivedAt) - batch.window
        return try connection.row(
            """
            SELECT alert.* FROM alert LEFT JOIN case_alert ON case_alert.alert = alert.id
            LEFT JOIN case_file ON case_file.id = case_alert.case_id
            WHERE alert.agent = $1 AND alert.key_hash = $2 AND alert.window_at >= $3 AND alert.first_seen <= $4
            AND (case_file.id IS NULL OR case_file.status NOT IN ('resolved', 'closed'))
            ORDER BY alert.window_at DESC LIMIT 1
            """,
            batch.agent, keyHash(report), earliest, report.lastSeen + batch.window
        ).map { try Alert(row: $0) }
    }

    private func merge(_ report: Alert, into known: Alert, isSameReport: Bool) throws -> AlertID {
        let (merged, hasGrown) = known.merged(with: report, isSameReport: isSameReport)
        try connection.run(
            """
            UPDATE alert SET severity = $1, first_seen = $2, last_seen = $3, window_at = $4, updated_at = $5, document = $6,
            reports = reports + 1, revision = revision + 1, pending = CASE WHEN $7 = 1 THEN 1 ELSE pending END WHERE id = $8
            """,
            merged.severity, merged.firstSeen, merged.lastSeen, windowAt(merged), batch.receivedAt,
            try AlertDocument.text(of: merged), hasGrown, known.id
        )
        try index(merged)
        return known.id
    }

    private func insert(_ alert: Alert) throws {
        try connection.run(
            """
            INSERT INTO alert (id, agent, key_hash, rule, severity, first_seen, last_seen, window_at, received_at, updated_at,
            reports, revision, pending, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1, 1, 1, $10)
            """,
            alert.id, batch.agent, keyHash(alert), alert.rule.id, alert.severity, alert.firstSeen, alert.lastSeen,
            windowAt(alert), batch.receivedAt, try AlertDocument.text(of: alert)
        )
        try index(alert)
    }

    private func index(_ alert: Alert) throws {
        for observable in alert.observables {
            try connection.run(
                "INSERT INTO alert_observable (alert, kind, value) VALUES ($1, $2, $3) ON CONFLICT (alert, kind, value) DO NOTHING",
                alert.id, observable.kind.rawValue, observable.value
            )
        }
    }
}
