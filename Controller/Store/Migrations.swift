internal import GRDB

/// The schema's history. A migration that has shipped is never edited; each domain's tables stand in its own folder.
enum Migrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (name, statements) in all {
            migrator.registerMigration(name) { connection in
                for statement in statements { try connection.execute(sql: statement) }
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
}
