internal import ControllerCases
internal import CordonModel
internal import GRDB

/// Reads a whole case from its tables.
enum CaseRow {
    static func file(_ id: CaseID, _ connection: GRDB.Database) throws -> Case? {
        guard let row = try connection.row("SELECT * FROM case_file WHERE id = $1", id) else { return nil }
        var file = Case(
            id: id, number: try row.count("number"), title: try row.text("title"),
            severity: try row.severity("severity"),
            status: try row.word("status"), assignee: try row.optionalText("assignee"),
            openedAt: try row.timestamp("opened_at"),
            updatedAt: try row.timestamp("updated_at"), closedAt: try row.optionalTimestamp("closed_at"),
            entryCount: try row.count("entries")
        )
        file.hosts = try connection.rows("SELECT host FROM case_host WHERE case_id = $1 ORDER BY added_at, host", id)
            .map { try $0.identifier("host") }
        file.alerts = try connection.rows("SELECT * FROM case_alert WHERE case_id = $1 ORDER BY added_at, alert", id)
            .map(alert)
        file.observables = try connection.rows(
            "SELECT * FROM case_observable WHERE case_id = $1 ORDER BY added_at, kind, value", id
        ).map(observable)
        file.tasks = try connection.rows("SELECT * FROM case_task WHERE case_id = $1 ORDER BY created_at, id", id).map(
            task)
        file.playbooks = try connection.rows("SELECT * FROM case_playbook WHERE case_id = $1 ORDER BY request", id).map(
            playbook)
        return file
    }

    private static func alert(_ row: Row) throws -> CaseAlert {
        CaseAlert(
            id: try row.identifier("alert"), host: try row.optional("host") { try row.identifier($0) },
            addedAt: try row.timestamp("added_at"), reason: try row.text("reason")
        )
    }

    private static func observable(_ row: Row) throws -> CaseObservable {
        CaseObservable(
            observable: Observable(kind: try row.word("kind"), value: try row.text("value")),
            addedAt: try row.timestamp("added_at"), addedBy: try row.text("added_by")
        )
    }

    private static func task(_ row: Row) throws -> CaseTask {
        CaseTask(
            id: try row.identifier("id"), title: try row.text("title"), state: try row.word("state"),
            assignee: try row.optionalText("assignee"), createdAt: try row.timestamp("created_at"),
            createdBy: try row.text("created_by"), finishedAt: try row.optionalTimestamp("finished_at"),
            finishedBy: try row.optionalText("finished_by")
        )
    }

    private static func playbook(_ row: Row) throws -> CasePlaybook {
        CasePlaybook(
            playbook: try row.text("playbook"), request: try row.identifier("request"),
            run: try row.optional("run") { try row.identifier($0) }, state: try row.word("state"),
            at: try row.timestamp("at")
        )
    }
}
