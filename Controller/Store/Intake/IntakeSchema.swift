/// Tables of the intake domain. Text that agents wrote stands in JSON documents, whole; columns beside them are for finding.
enum IntakeSchema {
    static let v1: [String] = [
        // One stream an epoch of an agent's spool; numbers grow with time. `position` is the last durable sequence.
        """
        CREATE TABLE intake_stream (
            stream INTEGER NOT NULL PRIMARY KEY,
            agent TEXT NOT NULL,
            epoch BLOB NOT NULL,
            position INTEGER NOT NULL,
            used_at INTEGER NOT NULL,
            UNIQUE (agent, epoch)
        )
        """,
        """
        CREATE TABLE event (
            stream INTEGER NOT NULL REFERENCES intake_stream (stream),
            sequence INTEGER NOT NULL,
            received_at INTEGER NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (stream, sequence)
        )
        """,
        "CREATE INDEX event_received ON event (received_at)",
        // key_hash: SHA-256 of the deduplication key. window_at: last_seen, or the time of receipt where the agent's
        // clock is ahead of ours. pending: 1 until the case was found or told; revision grows with every report.
        """
        CREATE TABLE alert (
            id TEXT NOT NULL PRIMARY KEY,
            agent TEXT NOT NULL,
            key_hash BLOB NOT NULL,
            rule TEXT NOT NULL,
            severity INTEGER NOT NULL,
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            window_at INTEGER NOT NULL,
            received_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            reports INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            pending INTEGER NOT NULL,
            document TEXT NOT NULL
        )
        """,
        "CREATE INDEX alert_key ON alert (agent, key_hash, window_at)",
        "CREATE INDEX alert_updated ON alert (updated_at)",
        "CREATE INDEX alert_agent ON alert (agent, updated_at)",
        "CREATE INDEX alert_pending ON alert (received_at) WHERE pending = 1",
        """
        CREATE TABLE alert_observable (
            alert TEXT NOT NULL REFERENCES alert (id),
            kind TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (alert, kind, value)
        )
        """,
        "CREATE INDEX alert_observable_value ON alert_observable (value, kind)",
        """
        CREATE TABLE intake_gap (
            stream INTEGER NOT NULL REFERENCES intake_stream (stream),
            sequence INTEGER NOT NULL,
            received_at INTEGER NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (stream, sequence)
        )
        """,
        "CREATE INDEX intake_gap_received ON intake_gap (received_at)",
        """
        CREATE TABLE quarantine (
            stream INTEGER NOT NULL REFERENCES intake_stream (stream),
            sequence INTEGER NOT NULL,
            received_at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (stream, sequence)
        )
        """,
        "CREATE INDEX quarantine_received ON quarantine (received_at)",
    ]
}
