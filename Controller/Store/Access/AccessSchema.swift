/// Tables of the access domain. Instants are microseconds since 1970; hashes and identifiers are text, so that a person
/// with a SQL prompt can read them and one text serves SQLite and PostgreSQL.
enum AccessSchema {
    static let v1: [String] = [
        """
        CREATE TABLE access_users (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL CHECK (role IN ('viewer', 'analyst', 'responder', 'administrator')),
            password_hash TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            password_changed_at BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE access_sessions (
            token_hash TEXT PRIMARY KEY NOT NULL,
            user_id TEXT NOT NULL REFERENCES access_users (id) ON DELETE CASCADE,
            created_at BIGINT NOT NULL,
            last_seen_at BIGINT NOT NULL,
            ends_at BIGINT NOT NULL,
            source TEXT NOT NULL
        )
        """,
        "CREATE INDEX access_sessions_by_user ON access_sessions (user_id)",
        """
        CREATE TABLE access_tokens (
            id TEXT PRIMARY KEY NOT NULL,
            token_hash TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('viewer', 'analyst', 'responder', 'administrator')),
            created_by TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            expires_at BIGINT NOT NULL,
            revoked_at BIGINT
        )
        """,
    ]
}
