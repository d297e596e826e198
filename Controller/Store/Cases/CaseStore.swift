package import ControllerCases
package import CordonModel
internal import GRDB

/// Cases in the controller's database.
package struct CaseStore: CaseRepository {
    let database: Database

    package init(database: Database) { self.database = database }

    package func open(_ draft: CaseDraft) async throws -> (case: Case, isNew: Bool) {
        let (file, isNew) = try await database.transact { connection, audit in
            if let own = try draft.alert.flatMap({ try Self.caseID(of: $0, connection) }),
                let file = try CaseRow.file(own, connection)
            {
                return (file, false)
            }
            let number =
                (try connection.row("SELECT COALESCE(MAX(number), 0) AS last FROM case_file")?.count("last") ?? 0) + 1
            try connection.run(
                """
                INSERT INTO case_file (id, number, title, severity, status, opened_at, updated_at, entries)
                VALUES ($1, $2, $3, $4, $5, $6, $6, 0)
                """,
                draft.id, number, draft.title, draft.severity, CaseStatus.new.rawValue, draft.openedAt
            )
            var first = draft.first
            for index in first.audit.indices where first.audit[index].verb == "case.opened" {
                first.audit[index].details["number"] = Case.label(number)
            }
            guard let blank = try CaseRow.file(draft.id, connection) else { throw StoreError.unreadable("id") }
            return (try CaseWriter(file: blank, connection: connection).write(first, recording: &audit), true)
        }
        return (file, isNew)
    }

    package func amend(
        _ id: CaseID, _ decide: @escaping @Sendable (Case) throws -> CaseAmendment
    ) async throws -> Case? {
        try await database.transact { connection, audit in
            guard let file = try CaseRow.file(id, connection) else { return nil }
            let amendment = try decide(file)
            guard !amendment.isEmpty else { return file }
            return try CaseWriter(file: file, connection: connection).write(amendment, recording: &audit)
        }
    }

    package func file(_ id: CaseID) async throws -> Case? {
        try await database.read { try CaseRow.file(id, $0) }
    }

    package func file(number: Int) async throws -> Case? {
        try await database.read { connection in
            guard let row = try connection.row("SELECT id FROM case_file WHERE number = $1", number) else { return nil }
            return try CaseRow.file(try row.identifier("id"), connection)
        }
    }

    package func caseID(of alert: AlertID) async throws -> CaseID? {
        try await database.read { try Self.caseID(of: alert, $0) }
    }

    private static func caseID(of alert: AlertID, _ connection: GRDB.Database) throws -> CaseID? {
        try connection.row("SELECT case_id FROM case_alert WHERE alert = $1", alert)?.identifier("case_id")
    }

    package func timeline(of id: CaseID, after number: Int, limit: Int) async throws -> [TimelineEntry] {
        try await database.read { connection in
            try connection.rows(
                "SELECT * FROM case_timeline WHERE case_id = $1 AND number > $2 ORDER BY number LIMIT $3", id, number,
                limit
            ).map { row in
                TimelineEntry(
                    number: try row.count("number"), kind: try row.word("kind"), at: try row.timestamp("at"),
                    actor: try row.text("actor"), text: try row.text("text"),
                    reference: try row.optionalText("reference")
                )
            }
        }
    }

    package func awaitingPlaybooks() async throws -> [CaseID] {
        try await database.read { connection in
            try connection.rows("SELECT DISTINCT case_id FROM case_playbook WHERE state = 'wanted' ORDER BY case_id")
                .map { try $0.identifier("case_id") }
        }
    }
}
