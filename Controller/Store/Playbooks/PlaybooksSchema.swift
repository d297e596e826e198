/// Tables of the playbooks domain.
enum PlaybooksSchema {
    static let v1: [String] = [
        // The definition is the playbook as it was when the run started. Times are microseconds since the epoch.
        """
        CREATE TABLE playbook_run (
        id TEXT NOT NULL PRIMARY KEY, playbook TEXT NOT NULL, playbook_name TEXT NOT NULL, definition BLOB NOT NULL,
        case_id TEXT, state TEXT NOT NULL, started_by TEXT NOT NULL, started_at BIGINT NOT NULL, finished_at BIGINT,
        waiting_for TEXT NOT NULL, failure TEXT NOT NULL)
        """,
        "CREATE INDEX playbook_run_by_case ON playbook_run (case_id, id)",
        "CREATE INDEX playbook_run_by_state ON playbook_run (state, id)",
        // The truth of a run; the primary key keeps two engines from going on with one run.
        """
        CREATE TABLE playbook_event (
        run TEXT NOT NULL REFERENCES playbook_run (id), sequence BIGINT NOT NULL, event BLOB NOT NULL,
        PRIMARY KEY (run, sequence))
        """,
        """
        CREATE TABLE playbook_order (
        order_id TEXT NOT NULL PRIMARY KEY, run TEXT NOT NULL REFERENCES playbook_run (id))
        """,
        """
        CREATE TABLE playbook_task (
        id TEXT NOT NULL PRIMARY KEY, run TEXT NOT NULL REFERENCES playbook_run (id), case_id TEXT,
        playbook_name TEXT NOT NULL, step TEXT NOT NULL, step_name TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
        role TEXT NOT NULL, assignee TEXT, created_at BIGINT NOT NULL, due_at BIGINT, on_timeout TEXT NOT NULL,
        state TEXT NOT NULL, decided_by TEXT, decided_at BIGINT, reason TEXT NOT NULL)
        """,
        "CREATE INDEX playbook_task_by_state ON playbook_task (state, id)",
        "CREATE INDEX playbook_task_by_run ON playbook_task (run, id)",
        "CREATE INDEX playbook_task_by_case ON playbook_task (case_id, id)",
    ]
}
