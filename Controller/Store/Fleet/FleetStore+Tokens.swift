package import ControllerFleet
package import CordonModel
internal import CordonTrust
internal import FoundationEssentials
internal import GRDB

extension FleetStore: TokenRepository {
    package func add(_ token: TokenRecord, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(
                sql: """
                    INSERT INTO fleet_tokens (token_id, secret_hash, uses, used, expires_at, host_group, created_at, created_by)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                    """,
                arguments: [
                    token.id.blob, token.secretHash.blob, token.uses, token.used, token.expiresAt.microseconds,
                    token.group,
                    token.createdAt.microseconds, token.createdBy,
                ])
        }
    }

    package func token(_ id: TokenID) async throws -> TokenRecord? {
        try await database.read { connection in
            try Row.fetchOne(connection, sql: "SELECT * FROM fleet_tokens WHERE token_id = $1", arguments: [id.blob])
                .map(Self.token)
        }
    }

    package func allTokens() async throws -> [TokenRecord] {
        try await database.read { connection in
            try Row.fetchAll(connection, sql: "SELECT * FROM fleet_tokens ORDER BY created_at DESC, token_id DESC").map(
                Self.token)
        }
    }

    package func withdraw(_ id: TokenID, at instant: Timestamp, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(
                sql: "UPDATE fleet_tokens SET withdrawn_at = $1 WHERE token_id = $2 AND withdrawn_at IS NULL",
                arguments: [instant.microseconds, id.blob])
        }
    }

    private static func token(_ row: Row) throws -> TokenRecord {
        TokenRecord(
            id: try row.identifier("token_id", in: "fleet_tokens"),
            secretHash: try row.fingerprint("secret_hash", in: "fleet_tokens"), uses: row["uses"], used: row["used"],
            expiresAt: try row.instant("expires_at", in: "fleet_tokens"), group: row["host_group"],
            createdAt: try row.instant("created_at", in: "fleet_tokens"), createdBy: row["created_by"],
            withdrawnAt: row.instant("withdrawn_at"))
    }
}
