package import ControllerAccess
package import CordonModel
internal import GRDB

extension AccessStore {
    package func insert(_ token: APIToken, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.run(
                """
                INSERT INTO access_tokens (id, token_hash, name, role, created_by, created_at, expires_at, revoked_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                token.id, HexDigit.text(token.tokenHash), token.name, token.role.rawValue, token.createdBy,
                token.createdAt,
                token.expiresAt, token.revokedAt
            )
        }
    }

    package func apiTokens() async throws -> [APIToken] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM access_tokens ORDER BY id DESC").map { try APIToken(row: $0) }
        }
    }

    package func apiToken(hash: [UInt8]) async throws -> APIToken? {
        try await database.read { connection in
            try connection.row("SELECT * FROM access_tokens WHERE token_hash = $1", HexDigit.text(hash))
                .map { try APIToken(row: $0) }
        }
    }

    package func revoke(_ token: TokenID, at: Timestamp, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            let revoke = "UPDATE access_tokens SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2"
            guard try connection.run(revoke, at, token) == 1 else { throw AccessError.unknownToken(token) }
        }
    }
}

extension APIToken {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.identifier("id"),
            tokenHash: try row.hexBytes("token_hash"),
            name: try row.text("name"),
            role: try row.word("role"),
            createdBy: try row.text("created_by"),
            createdAt: try row.timestamp("created_at"),
            expiresAt: try row.timestamp("expires_at"),
            revokedAt: try row.optionalTimestamp("revoked_at")
        )
    }
}
