internal import CordonModel
internal import CordonTrust
internal import GRDB

/// Appends to the chain inside the caller's transaction.
struct AuditAppender: Sendable {
    let key: SigningKey

    func append(_ entry: AuditEntry, in connection: GRDB.Database) throws {}
}
