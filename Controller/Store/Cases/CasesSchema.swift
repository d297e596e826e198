/// Tables of the cases domain. (`case` is a word of SQL: the table is `case_file`.)
enum CasesSchema {
    static let v1: [String] = [
        """
        CREATE TABLE case_file (
            id TEXT NOT NULL PRIMARY KEY,
            number INTEGER NOT NULL UNIQUE,
            title TEXT NOT NULL,
            severity INTEGER NOT NULL,
            status TEXT NOT NULL,
            assignee TEXT,
            opened_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            closed_at INTEGER,
            entries INTEGER NOT NULL
        )
        """,
        "CREATE INDEX case_file_status ON case_file (status, number)",
        // An alert stands in one case at most.
        """
        CREATE TABLE case_alert (
            alert TEXT NOT NULL PRIMARY KEY,
            case_id TEXT NOT NULL REFERENCES case_file (id),
            host TEXT,
            added_at INTEGER NOT NULL,
            reason TEXT NOT NULL
        )
        """,
        "CREATE INDEX case_alert_case ON case_alert (case_id)",
        """
        CREATE TABLE case_host (
            case_id TEXT NOT NULL REFERENCES case_file (id),
            host TEXT NOT NULL,
            added_at INTEGER NOT NULL,
            PRIMARY KEY (case_id, host)
        )
        """,
        "CREATE INDEX case_host_host ON case_host (host)",
        """
        CREATE TABLE case_observable (
            case_id TEXT NOT NULL REFERENCES case_file (id),
            kind TEXT NOT NULL,
            value TEXT NOT NULL,
            added_at INTEGER NOT NULL,
            added_by TEXT NOT NULL,
            PRIMARY KEY (case_id, kind, value)
        )
        """,
        "CREATE INDEX case_observable_value ON case_observable (value, kind)",
        """
        CREATE TABLE case_task (
            id TEXT NOT NULL PRIMARY KEY,
            case_id TEXT NOT NULL REFERENCES case_file (id),
            title TEXT NOT NULL,
            state TEXT NOT NULL,
            assignee TEXT,
            created_at INTEGER NOT NULL,
            created_by TEXT NOT NULL,
            finished_at INTEGER,
            finished_by TEXT
        )
        """,
        "CREATE INDEX case_task_case ON case_task (case_id)",
        """
        CREATE TABLE case_playbook (
            request TEXT NOT NULL PRIMARY KEY,
            case_id TEXT NOT NULL REFERENCES case_file (id),
            playbook TEXT NOT NULL,
            run TEXT,
            state TEXT NOT NULL,
            at INTEGER NOT NULL
        )
        """,
        "CREATE INDEX case_playbook_case ON case_playbook (case_id)",
        "CREATE INDEX case_playbook_wanted ON case_playbook (case_id) WHERE state = 'wanted'",
        // entry_key: two entries of one case never have the same; NULL is never the same as NULL.
        """
        CREATE TABLE case_timeline (
            case_id TEXT NOT NULL REFERENCES case_file (id),
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            text TEXT NOT NULL,
            reference TEXT,
            entry_key TEXT,
            PRIMARY KEY (case_id, number),
            UNIQUE (case_id, entry_key)
        )
        """,
    ]
}
