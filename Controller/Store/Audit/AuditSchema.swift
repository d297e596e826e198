/// Tables of the audit domain.
enum AuditSchema {
    static let v1: [String] =
        [
            """
            CREATE TABLE audit_record (
                number INTEGER NOT NULL PRIMARY KEY,
                at INTEGER NOT NULL,
                actor TEXT NOT NULL,
                verb TEXT NOT NULL,
                subject TEXT NOT NULL,
                details TEXT NOT NULL,
                hash BLOB NOT NULL
            )
            """,
            """
            CREATE TABLE audit_checkpoint (
                number INTEGER NOT NULL PRIMARY KEY,
                hash BLOB NOT NULL,
                signature BLOB NOT NULL
            )
            """,
            "CREATE INDEX audit_subject ON audit_record (subject, number)",
        ] + ["audit_record", "audit_checkpoint"].flatMap(appendOnly)

    /// Triggers that let nothing be changed or taken away. (PostgreSQL: the same by a trigger function.)
    private static func appendOnly(_ table: String) -> [String] {
        ["UPDATE", "DELETE"].map { verb in
            """
            CREATE TRIGGER \(table)_no_\(verb.lowercased()) BEFORE \(verb) ON \(table)
            BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END
            """
        }
    }
}
