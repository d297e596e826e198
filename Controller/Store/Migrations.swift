internal import GRDB

/// The schema's history. A migration that has shipped is never edited; each domain's tables stand in its own folder.
///
/// The text is SQL that PostgreSQL understands with two words changed (INTEGER for BIGINT, BLOB for BYTEA); what only SQLite has is added here.
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
    ]

    /// The statement as SQLite takes it: tables are STRICT, so that a column holds nothing but its type.
    private static func sqlite(_ statement: String) -> String {
        let words = statement.split(whereSeparator: \.isWhitespace).prefix(2).map { $0.uppercased() }
        return words == ["CREATE", "TABLE"] ? statement + " STRICT" : statement
    }
}
