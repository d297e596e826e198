package import ControllerAccess
package import CordonModel
internal import GRDB

extension AccessStore {
    package func insert(_ token: APIToken, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(
                sql: """
                    INSERT INTO access_tokens (id, token_hash, name, role, created_by, created_at, expires_at, revoked_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                    """,
                arguments: [
                    "\(token.id)", HexDigit.text(token.tokenHash), token.name, token.role.rawValue, token.createdBy,
                    token.createdAt.microseconds, token.expiresAt.microseconds, token.revokedAt?.microseconds,
                ]
            )
        }
    }

    package func apiTokens() async throws -> [APIToken] {
        try await database.read { connection in
            try Row.fetchAll(connection, sql: "SELECT * FROM access_tokens ORDER BY id DESC").map { try APIToken(row: $0) }
        }
    }

    package func apiToken(hash: [UInt8]) async throws -> APIToken? {
        try await database.read { connection in
            try Row.fetchOne(
                connection, sql: "SELECT * FROM access_tokens WHERE token_hash = $1", arguments: [HexDigit.text(hash)]
            ).map { try APIToken(row: $0) }
        }
    }

    package func revoke(_ token: TokenID, at: Timestamp, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(
                sql: "UPDATE access_tokens SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2",
                arguments: [at.microseconds, "\(token)"]
            )
            guard connection.changesCount == 1 else { throw AccessError.unknownToken(token) }
        }
    }
}

extension APIToken {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.identifier("id"),
            tokenHash: try row.hash("token_hash"),
            name: row["name"],
            role: try row.role("role"),
            createdBy: row["created_by"],
            createdAt: Timestamp(microseconds: row["created_at"]),
            expiresAt: Timestamp(microseconds: row["expires_at"]),
            revokedAt: (row["revoked_at"] as Int64?).map { Timestamp(microseconds: $0) }
        )
    }
}
