internal import CordonModel
package import CordonTrust
internal import GRDB

/// Reads and verifies the audit chain.
package struct AuditReader: Sendable {
    private let database: Database
    private let key: VerifyingKey

    /// The key is the audit key's public half.
    package init(database: Database, key: VerifyingKey) {
        self.database = database
        self.key = key
    }

    /// The records after that number, oldest first.
    package func records(after number: Int64 = 0, limit: Int) async throws -> [AuditRecord] {
        try await stored(after: number, limit: limit).map(\.record)
    }

    /// The newest records before that number (`nil`: of all), newest first; of one subject or of any.
    package func newest(before number: Int64? = nil, subject: String? = nil, limit: Int) async throws -> [AuditRecord] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT * FROM audit_record WHERE number < $1 AND ($2 = '' OR subject = $2) ORDER BY number DESC LIMIT $3
                """,
                number ?? .max, subject ?? "", min(limit, Self.page)
            ).map { try AuditRecord(row: $0) }
        }
    }

    /// Checks every record and checkpoint, a page at a time, in memory that does not grow with the chain.
    /// - Parameter anchor: A checkpoint kept elsewhere (printed, logged): proves that the end was not cut off with its checkpoints.
    package func verify(anchor: AuditCheckpoint? = nil) async throws -> AuditVerification {
        let checkpoints = try await self.checkpoints()
        var inspection = AuditInspection(checkpoints: checkpoints + [anchor].compactMap(\.self), key: key)
        var last: Int64 = 0
        while true {
            let page = try await stored(after: last, limit: Self.page)
            for stored in page {
                if inspection.check(stored) { return inspection.verification }
            }
            guard let next = page.last?.record.index, page.count == Self.page else { break }
            last = next
        }
        inspection.finish()
        return inspection.verification
    }

    /// The whole chain as JSON lines, for keeping elsewhere and for `AuditVerifier` to check without the controller.
    /// Each call of the sink takes some whole lines.
    package func export(to sink: (String) async throws -> Void) async throws {
        let checkpoints = try await self.checkpoints()
        var last: Int64 = 0
        while true {
            let page = try await stored(after: last, limit: Self.page)
            if !page.isEmpty { try await sink(page.map { AuditLine.text(of: $0.record) }.joined()) }
            guard let next = page.last?.record.index, page.count == Self.page else { break }
            last = next
        }
        if !checkpoints.isEmpty { try await sink(checkpoints.map { AuditLine.text(of: $0) }.joined()) }
    }

    /// All checkpoints in order.
    package func checkpoints() async throws -> [AuditCheckpoint] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM audit_checkpoint ORDER BY number").map { row in
                AuditCheckpoint(
                    index: try row.integer("number"), hash: try row.bytes("hash"), signature: try row.bytes("signature")
                )
            }
        }
    }

    private static let page = 1000

    private func stored(after number: Int64, limit: Int) async throws -> [StoredAuditRecord] {
        try await database.read { connection in
            // As bytes: a text column read as text ends at a NUL and mends what is not UTF-8, and would hide a change.
            try connection.rows(
                """
                SELECT number, at, CAST(actor AS BLOB) AS actor, CAST(verb AS BLOB) AS verb, CAST(subject AS BLOB) AS subject,
                CAST(details AS BLOB) AS details, hash FROM audit_record WHERE number > $1 ORDER BY number LIMIT $2
                """,
                number, min(limit, Self.page)
            ).map { try StoredAuditRecord(row: $0) }
        }
    }
}

/// A record with the question whether its columns hold exactly what the record says.
struct StoredAuditRecord: Sendable {
    let record: AuditRecord
    /// False when a column holds bytes that the store would not have written for these values.
    let isCanonical: Bool

    init(row: Row) throws {
        let columns = try ["actor", "verb", "subject", "details"].map { try row.bytes($0) }
        let texts = columns.map { String(decoding: $0, as: UTF8.self) }
        let details = try? JSONText.value([String: String].self, of: texts[3])
        record = AuditRecord(
            index: try row.integer("number"),
            entry: AuditEntry(
                at: try row.timestamp("at"), actor: texts[0], verb: texts[1], subject: texts[2], details: details ?? [:]
            ),
            hash: try row.bytes("hash")
        )
        let written = texts.prefix(3) + [JSONText.object(details ?? [:])]
        isCanonical = details != nil && zip(columns, written).allSatisfy { $0 == Array($1.utf8) }
    }
}

extension AuditRecord {
    fileprivate init(row: Row) throws {
        self.init(
            index: try row.integer("number"),
            entry: AuditEntry(
                at: try row.timestamp("at"), actor: try row.text("actor"), verb: try row.text("verb"),
                subject: try row.text("subject"), details: (try? JSONText.value(of: try row.text("details"))) ?? [:]
            ),
            hash: try row.bytes("hash")
        )
    }
}
