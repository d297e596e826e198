internal import ControllerCases
internal import CordonModel
internal import GRDB

/// Writes what changes in a case, inside the caller's transaction.
struct CaseWriter {
    let file: Case
    let connection: GRDB.Database

    private var id: CaseID { file.id }

    /// - Returns: The case afterwards, read back.
    func write(_ amendment: CaseAmendment, recording audit: inout [AuditEntry]) throws -> Case {
        for alert in amendment.alerts { try write(alert) }
        for host in amendment.hosts { try write(host, amendment.at) }
        for observable in amendment.observables { try write(observable) }
        for task in amendment.tasks { try write(task) }
        for playbook in amendment.playbooks { try write(playbook) }
        var entries = file.entryCount
        for draft in amendment.timeline where try write(draft, as: entries + 1) { entries += 1 }
        try writeHead(amendment, entries: entries)
        audit += amendment.audit
        guard let changed = try CaseRow.file(id, connection) else { throw StoreError.unreadable("id") }
        return changed
    }

    private func writeHead(_ amendment: CaseAmendment, entries: Int) throws {
        let status = amendment.status ?? file.status
        let closedAt = status.isOpen ? nil : file.closedAt ?? amendment.at
        let assignee =
            switch amendment.assignee {
            case .unchanged: file.assignee
            case .nobody: String?.none
            case .person(let name): name
            }
        try connection.run(
            """
            UPDATE case_file SET title = $1, severity = $2, status = $3, assignee = $4, closed_at = $5, updated_at = $6,
            entries = $7 WHERE id = $8
            """,
            amendment.title ?? file.title, amendment.severity ?? file.severity, status.rawValue, assignee, closedAt,
            amendment.at, entries, id
        )
    }

    private func write(_ alert: CaseAlert) throws {
        try connection.run(
            """
            INSERT INTO case_alert (alert, case_id, host, added_at, reason) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (alert) DO NOTHING
            """,
            alert.id, id, alert.host, alert.addedAt, alert.reason
        )
    }

    private func write(_ host: AgentID, _ at: Timestamp) throws {
        try connection.run(
            "INSERT INTO case_host (case_id, host, added_at) VALUES ($1, $2, $3) ON CONFLICT (case_id, host) DO NOTHING",
            id, host, at
        )
    }

    private func write(_ item: CaseObservable) throws {
        try connection.run(
            """
            INSERT INTO case_observable (case_id, kind, value, added_at, added_by) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (case_id, kind, value) DO NOTHING
            """,
            id, item.observable.kind.rawValue, item.observable.value, item.addedAt, item.addedBy
        )
    }

    private func write(_ task: CaseTask) throws {
        try connection.run(
            """
            INSERT INTO case_task (id, case_id, title, state, assignee, created_at, created_by, finished_at, finished_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (id) DO UPDATE SET title = excluded.title, state = excluded.state, assignee = excluded.assignee,
            finished_at = excluded.finished_at, finished_by = excluded.finished_by
            """,
            task.id, id, task.title, task.state.rawValue, task.assignee, task.createdAt, task.createdBy,
            task.finishedAt,
            task.finishedBy
        )
    }

    private func write(_ playbook: CasePlaybook) throws {
        try connection.run(
            """
            INSERT INTO case_playbook (request, case_id, playbook, run, state, at) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (request) DO UPDATE SET run = excluded.run, state = excluded.state
            """,
            playbook.request, id, playbook.playbook, playbook.run, playbook.state.rawValue, playbook.at
        )
    }

    /// - Returns: False when the case has an entry of that key.
    private func write(_ draft: TimelineDraft, as number: Int) throws -> Bool {
        try connection.run(
            """
            INSERT INTO case_timeline (case_id, number, kind, at, actor, text, reference, entry_key)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (case_id, entry_key) DO NOTHING
            """,
            id, number, draft.kind.rawValue, draft.at, draft.actor, draft.text, draft.reference, draft.key
        ) > 0
    }
}
