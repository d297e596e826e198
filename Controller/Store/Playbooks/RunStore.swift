package import ControllerPlaybooks
package import CordonModel
internal import GRDB

/// Playbook runs in the controller's database.
package struct RunStore: RunRepository {
    private let database: Database

    package init(database: Database) { self.database = database }

    package func create(_ commit: RunCommit, definition: [UInt8]) async throws {
        try await database.write(recording: commit.audit) { connection in
            let run = commit.run
            try connection.run(
                """
                INSERT INTO playbook_run
                (id, playbook, playbook_name, definition, case_id, state, started_by, started_at, finished_at, waiting_for,
                failure) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                """,
                run.id, run.playbook, run.playbookName, definition, run.caseID, run.state.rawValue, run.startedBy,
                run.startedAt, run.finishedAt, run.waitingFor, run.failure
            )
            try Self.file(commit, in: connection)
        }
    }

    package func append(_ commit: RunCommit) async throws {
        try await database.write(recording: commit.audit) { connection in
            let run = commit.run
            try connection.run(
                "UPDATE playbook_run SET state = $1, finished_at = $2, waiting_for = $3, failure = $4 WHERE id = $5",
                run.state.rawValue, run.finishedAt, run.waitingFor, run.failure, run.id
            )
            try Self.file(commit, in: connection)
        }
    }

    /// Events, orders and tasks of a commit. A sequence number that is taken ends the transaction.
    private static func file(_ commit: RunCommit, in connection: GRDB.Database) throws {
        for (index, event) in commit.events.enumerated() {
            try connection.run(
                "INSERT INTO playbook_event (run, sequence, event) VALUES ($1, $2, $3)", commit.run.id,
                commit.sequence + index, event
            )
        }
        for order in commit.orders {
            try connection.run("INSERT INTO playbook_order (order_id, run) VALUES ($1, $2)", order, commit.run.id)
        }
        for task in commit.tasks { try file(task, in: connection) }
    }

    private static func file(_ task: ManualTask, in connection: GRDB.Database) throws {
        try connection.run(
            """
            INSERT INTO playbook_task
            (id, run, case_id, playbook_name, step, step_name, kind, text, role, assignee, created_at, due_at, on_timeout,
            state, decided_by, decided_at, reason)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, decided_by = excluded.decided_by,
            decided_at = excluded.decided_at, reason = excluded.reason
            """,
            task.id, task.run, task.caseID, task.playbookName, task.step, task.stepName, task.kind.rawValue, task.text,
            task.role.rawValue, task.assignee, task.createdAt, task.dueAt, task.onTimeout.rawValue, task.state.rawValue,
            task.decidedBy, task.decidedAt, task.reason
        )
    }

    package func run(_ id: RunID) async throws -> RunRecord? {
        try await database.read { connection in
            try connection.row("SELECT * FROM playbook_run WHERE id = $1", id).map(Self.record)
        }
    }

    package func stored(_ id: RunID) async throws -> StoredRun? {
        try await database.read { connection in
            guard let row = try connection.row("SELECT * FROM playbook_run WHERE id = $1", id) else { return nil }
            let events = try connection.rows("SELECT event FROM playbook_event WHERE run = $1 ORDER BY sequence", id)
            return StoredRun(
                record: try Self.record(row), definition: try row.bytes("definition"),
                events: try events.map { try $0.bytes("event") }
            )
        }
    }

    package func runs(_ filter: RunFilter) async throws -> [RunRecord] {
        try await database.read { connection in
            var conditions = Conditions()
            conditions.add("case_id = $", filter.caseID)
            conditions.add("state", in: (filter.states ?? []).map(\.rawValue).sorted())
            conditions.add("id < $", filter.before)
            let limit = conditions.next(min(max(filter.limit, 1), 1000))
            return try connection.rows(
                "SELECT * FROM playbook_run \(conditions.text) ORDER BY id DESC LIMIT \(limit)",
                values: conditions.values
            ).map(Self.record)
        }
    }

    package func unfinished() async throws -> [RunID] {
        try await database.read { connection in
            try connection.rows("SELECT id FROM playbook_run WHERE state IN ('running', 'waiting') ORDER BY id")
                .map { try $0.identifier("id") }
        }
    }

    package func run(awaiting order: OrderID) async throws -> RunID? {
        try await database.read { connection in
            try connection.row("SELECT run FROM playbook_order WHERE order_id = $1", order).map {
                try $0.identifier("run")
            }
        }
    }

    package func task(_ id: TaskID) async throws -> ManualTask? {
        try await database.read { connection in
            try connection.row("SELECT * FROM playbook_task WHERE id = $1", id).map(Self.task)
        }
    }

    package func tasks(_ filter: TaskFilter) async throws -> [ManualTask] {
        try await database.read { connection in
            var conditions = Conditions()
            conditions.add("case_id = $", filter.caseID)
            conditions.add("run = $", filter.run)
            conditions.add("state", in: (filter.states ?? []).map(\.rawValue).sorted())
            let limit = conditions.next(min(max(filter.limit, 1), 1000))
            return try connection.rows(
                "SELECT * FROM playbook_task \(conditions.text) ORDER BY id LIMIT \(limit)", values: conditions.values
            ).map(Self.task)
        }
    }
}

// MARK: - Rows

extension RunStore {
    private static func record(_ row: Row) throws -> RunRecord {
        RunRecord(
            id: try row.identifier("id"), playbook: try row.text("playbook"),
            playbookName: try row.text("playbook_name"),
            caseID: try row.optional("case_id") { try row.identifier($0) }, state: try row.word("state"),
            startedBy: try row.text("started_by"), startedAt: try row.timestamp("started_at"),
            finishedAt: try row.optionalTimestamp("finished_at"), waitingFor: try row.text("waiting_for"),
            failure: try row.text("failure")
        )
    }

    private static func task(_ row: Row) throws -> ManualTask {
        ManualTask(
            id: try row.identifier("id"), run: try row.identifier("run"),
            caseID: try row.optional("case_id") { try row.identifier($0) }, playbookName: try row.text("playbook_name"),
            step: try row.text("step"), stepName: try row.text("step_name"), kind: try row.word("kind"),
            text: try row.text("text"), role: try row.word("role"), assignee: try row.optionalText("assignee"),
            createdAt: try row.timestamp("created_at"), dueAt: try row.optionalTimestamp("due_at"),
            onTimeout: try row.word("on_timeout"), state: try row.word("state"),
            decidedBy: try row.optionalText("decided_by"), decidedAt: try row.optionalTimestamp("decided_at"),
            reason: try row.text("reason")
        )
    }
}
