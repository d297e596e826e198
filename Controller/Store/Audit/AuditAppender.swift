internal import CordonModel
internal import CordonTrust
internal import GRDB

/// Appends to the chain inside the caller's transaction.
struct AuditAppender: Sendable {
    let key: SigningKey

    func append(_ entries: [AuditEntry], in connection: GRDB.Database) throws {
        guard !entries.isEmpty else { return }
        var head = try Self.head(in: connection)
        for entry in entries {
            let record = AuditChain.record(entry.fitted, after: head)
            try insert(record, connection)
            head = AuditHead(index: record.index, hash: record.hash)
            if head.index.isMultiple(of: AuditChain.checkpointInterval) { try sign(head, connection) }
        }
        // Whoever holds the database and not the key cannot change so much as the last record.
        if !head.index.isMultiple(of: AuditChain.checkpointInterval) { try sign(head, connection) }
    }

    /// Signs the head, unless that is done.
    func checkpoint(in connection: GRDB.Database) throws {
        let head = try Self.head(in: connection)
        guard head.index > 0 else { return }
        let signed = try connection.row("SELECT number FROM audit_checkpoint WHERE number = $1", head.index)
        if signed == nil { try sign(head, connection) }
    }

    private static func head(in connection: GRDB.Database) throws -> AuditHead {
        guard let last = try connection.row("SELECT number, hash FROM audit_record ORDER BY number DESC LIMIT 1") else {
            return .start
        }
        return AuditHead(index: try last.integer("number"), hash: try last.bytes("hash"))
    }

    private func insert(_ record: AuditRecord, _ connection: GRDB.Database) throws {
        let entry = record.entry
        try connection.run(
            """
            INSERT INTO audit_record (number, at, actor, verb, subject, details, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            record.index, entry.at, entry.actor, entry.verb, entry.subject, JSONText.object(entry.details), record.hash
        )
    }

    private func sign(_ head: AuditHead, _ connection: GRDB.Database) throws {
        let checkpoint = try AuditChain.checkpoint(at: head, with: key)
        try connection.run(
            "INSERT INTO audit_checkpoint (number, hash, signature) VALUES ($1, $2, $3)",
            checkpoint.index, checkpoint.hash, checkpoint.signature
        )
    }
}

extension AuditEntry {
    /// The entry within the bounds of a record: texts cut, and without NUL, which a text column cannot keep.
    fileprivate var fitted: AuditEntry {
        var entry = self
        entry.actor = actor.fitted(bytes: 300)
        entry.verb = verb.fitted(bytes: 100)
        entry.subject = subject.fitted(bytes: 300)
        let sorted = details.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.prefix(50)
        entry.details = Dictionary(
            sorted.map { ($0.key.fitted(bytes: 100), $0.value.fitted(bytes: 4000)) },
            uniquingKeysWith: { first, _ in first }
        )
        return entry
    }
}

extension String {
    /// At most that many bytes of UTF-8, cut between characters, NUL written as U+FFFD.
    func fitted(bytes limit: Int) -> String {
        let clean = utf8.contains(0) ? String(map { $0 == "\0" ? "\u{FFFD}" : $0 }) : self
        return clean.utf8.count <= limit ? clean : clean.cut(to: limit)
    }

    private func cut(to limit: Int) -> String {
        var end = utf8.index(startIndex, offsetBy: limit)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
