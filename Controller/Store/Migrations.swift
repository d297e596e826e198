internal import GRDB

/// The schema's history. A migration that has shipped is never edited; each domain's tables stand in its own folder.
///
/// The text is SQL that PostgreSQL understands; BLOB there is BYTEA, and what only SQLite has is added here.
enum Migrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (name, statements) in all {
            migrator.registerMigration(name) { connection in
                for statement in statements { try connection.execute(sql: sqlite(statement)) }
            }
        }
        return migrator
    }

    /// In order of shipping.
    private static let all: [(name: String, statements: [String])] = [
        ("001 audit", AuditSchema.v1),
        ("001 fleet", FleetSchema.v1),
        ("001 intake", IntakeSchema.v1),
        ("001 cases", CasesSchema.v1),
        ("001 playbooks", PlaybooksSchema.v1),
        ("001 access", AccessSchema.v1),
        ("001 rules", RulesSchema.v1),
        ("002 hunts", HuntSchema.v1),
        ("003 asset groups", RulesSchema.v2),
        ("004 evidence", EvidenceSchema.v1),
        ("005 standing orders", StandingSchema.v1),
        ("006 upgrades", UpgradeSchema.v1),
    ]

    /// The statement as SQLite takes it: tables are STRICT, so that a column holds nothing but its type, and the types of
    /// PostgreSQL stand under the names that STRICT knows.
    private static func sqlite(_ statement: String) -> String {
        let head = statement.split(whereSeparator: \.isWhitespace).prefix(2).map { $0.uppercased() }
        guard head == ["CREATE", "TABLE"] else { return statement }
        let words = statement.split(separator: " ", omittingEmptySubsequences: false).map { word in
            let bare = word.prefix { $0.isLetter }
            return (types[String(bare)] ?? String(bare)) + word.dropFirst(bare.count)
        }
        return words.joined(separator: " ") + " STRICT"
    }

    private static let types = ["BIGINT": "INTEGER", "SMALLINT": "INTEGER", "BOOLEAN": "INTEGER", "BYTEA": "BLOB"]
}
