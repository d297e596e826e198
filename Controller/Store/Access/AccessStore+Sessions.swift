package import ControllerAccess
package import CordonModel
internal import GRDB

extension AccessStore {
    package func insert(_ session: Session, forgetting: Timestamp, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            let forget = "DELETE FROM access_sessions WHERE last_seen_at < $1 OR ends_at < $2"
            try connection.run(forget, forgetting, session.createdAt)
            try connection.run(
                """
                INSERT INTO access_sessions (token_hash, user_id, created_at, last_seen_at, ends_at, source)
                VALUES ($1, $2, $3, $4, $5, $6)
                """,
                HexDigit.text(session.tokenHash), session.user, session.createdAt, session.lastSeenAt, session.endsAt,
                session.source
            )
        }
    }

    package func session(_ tokenHash: [UInt8]) async throws -> (session: Session, user: User)? {
        try await database.read { connection in
            let sql = """
                SELECT s.token_hash, s.user_id, s.created_at AS began_at, s.last_seen_at, s.ends_at, s.source,
                    u.id, u.name, u.role, u.created_at, u.password_changed_at
                FROM access_sessions s JOIN access_users u ON u.id = s.user_id WHERE s.token_hash = $1
                """
            return try connection.row(sql, HexDigit.text(tokenHash))
                .map { (try Session(row: $0, began: "began_at"), try User(row: $0)) }
        }
    }

    package func sessions(of user: UserID) async throws -> [Session] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM access_sessions WHERE user_id = $1 ORDER BY created_at", user)
                .map { try Session(row: $0, began: "created_at") }
        }
    }

    package func touch(_ tokenHash: [UInt8], at: Timestamp) async throws {
        try await database.write { connection in
            let touch = "UPDATE access_sessions SET last_seen_at = $1 WHERE token_hash = $2"
            try connection.run(touch, at, HexDigit.text(tokenHash))
        }
    }

    package func removeSession(_ tokenHash: [UInt8], recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.run("DELETE FROM access_sessions WHERE token_hash = $1", HexDigit.text(tokenHash))
        }
    }
}

extension Session {
    fileprivate init(row: Row, began: String) throws {
        self.init(
            tokenHash: try row.hexBytes("token_hash"),
            user: try row.identifier("user_id"),
            createdAt: try row.timestamp(began),
            lastSeenAt: try row.timestamp("last_seen_at"),
            endsAt: try row.timestamp("ends_at"),
            source: try row.text("source")
        )
    }
}
