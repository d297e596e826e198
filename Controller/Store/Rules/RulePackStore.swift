package import ControllerRules
package import CordonModel
internal import CordonTrust
internal import FoundationEssentials
internal import GRDB

/// Packs of rules and what is staged.
package struct RulePackStore: RulePackRepository {
    let database: Database

    package init(database: Database) { self.database = database }

    package func add(
        _ pack: PublishedPack, content: @escaping @Sendable (Int64) throws -> [UInt8],
        recording entry: @escaping @Sendable (PublishedPack) -> AuditEntry
    ) async throws -> PublishedPack {
        try await database.transact { connection, record in
            let last = try connection.row("SELECT MAX(version) AS last FROM rule_pack")
            var kept = pack
            kept.version = (last?["last"] ?? Int64(0)) + 1
            let bytes = try content(kept.version)
            kept.digest = "\(Fingerprint(of: bytes))"
            try connection.run(
                """
                INSERT INTO rule_pack
                (version, name, digest, rules, correlations, published_at, published_by, content)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                kept.version, kept.name, kept.digest, kept.rules, kept.correlations, kept.publishedAt,
                kept.publishedBy, bytes)
            record.append(entry(kept))
            return kept
        }
    }

    package func packs() async throws -> [PublishedPack] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT version, name, digest, rules, correlations, published_at, published_by
                FROM rule_pack ORDER BY version DESC LIMIT $1
                """, Self.most
            ).map { row in
                PublishedPack(
                    version: row["version"], name: row["name"], digest: row["digest"], rules: row["rules"],
                    correlations: row["correlations"],
                    publishedAt: Timestamp(microseconds: row["published_at"]), publishedBy: row["published_by"])
            }
        }
    }

    /// Packs that are listed.
    private static let most = 1000

    package func content(of version: Int64) async throws -> [UInt8]? {
        try await database.read { connection in
            try connection.row("SELECT content FROM rule_pack WHERE version = $1", version).map { row in
                Array(row["content"] as Data)
            }
        }
    }

    package func add(_ staging: Staging, recording entry: AuditEntry) async throws {
        try await database.transact { connection, record in
            let last = try connection.row("SELECT MAX(number) AS last FROM rule_staging")
            try connection.run(
                """
                INSERT INTO rule_staging (number, host_group, version, staged_at, staged_by)
                VALUES ($1, $2, $3, $4, $5)
                """,
                (last?["last"] ?? Int64(0)) + 1, staging.group, staging.version ?? Self.none, staging.at, staging.by)
            record.append(entry)
        }
    }

    package func stagings() async throws -> [Staging] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM rule_staging ORDER BY number").map { row in
                let version: Int64 = row["version"]
                return Staging(
                    group: row["host_group"], version: version == Self.none ? nil : version,
                    at: Timestamp(microseconds: row["staged_at"]), by: row["staged_by"])
            }
        }
    }

    /// The version of a row that says that a group has no staging of its own any more.
    private static let none: Int64 = -1
}
