package import CordonModel
package import CordonTrust
internal import GRDB

/// The controller's one database file, `cordon.sqlite` in the data folder: SQLite in WAL mode through GRDB.
///
/// Every write takes the audit entries of what it changes and appends them to the chain in the same transaction: there
/// is no state change without its record and no record without its change. Blocking work runs on GRDB's own queues,
/// opening and closing excepted.
package struct Database: Sendable {
    private let pool: DatabasePool
    private let chain: AuditAppender
    private let lock: FolderLock
    /// Events stand beside the database, a file a day.
    let events: EventFiles

    /// Opens or makes the database, checks it, and migrates it. Blocks; call it once at start.
    /// - Throws: ``StoreError`` when the folder cannot be written, is held by another controller, the file is damaged, or
    ///   a newer version of the program wrote it.
    package init(folder: String, auditKey: SigningKey) throws {
        lock = try FolderLock(folder: folder)
        chain = AuditAppender(key: auditKey)
        pool = try Opening(folder: folder).open()
        events = EventFiles(folder: folder + "/events")
    }

    /// Ends all connections and lets go of the folder. What is read or written afterwards throws.
    package func close() throws {
        do { try pool.close() } catch { throw StoreError.wrap(error) }
        lock.release()
    }

    /// Ends the connections of the files of events too, and waits for it.
    package func closeAll() async throws {
        await events.close()
        try close()
    }

    /// Reads a consistent snapshot.
    func read<Value: Sendable>(_ body: @escaping @Sendable (GRDB.Database) throws -> Value) async throws -> Value {
        do { return try await pool.read(body) } catch { throw StoreError.wrap(error) }
    }

    /// Changes state and records it, all or nothing.
    @discardableResult
    func write<Value: Sendable>(
        recording entries: [AuditEntry] = [],
        _ body: @escaping @Sendable (GRDB.Database) throws -> Value
    ) async throws -> Value {
        try await transact { connection, record in
            record += entries
            return try body(connection)
        }
    }

    /// Changes state and records it, all or nothing, where the entries are known only inside: the body appends to the
    /// list it is given.
    @discardableResult
    func transact<Value: Sendable>(
        _ body: @escaping @Sendable (GRDB.Database, inout [AuditEntry]) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.write { [chain] connection in
                var entries: [AuditEntry] = []
                let value = try body(connection, &entries)
                try chain.append(entries, in: connection)
                return value
            }
        } catch {
            throw StoreError.wrap(error)
        }
    }

    /// Appends entries that no change of state goes with, as a refused sign-in.
    package func record(_ entries: [AuditEntry]) async throws {
        try await write(recording: entries) { _ in }
    }

    /// Signs the chain's head, so that no record up to here can be changed or cut off unnoticed. Does nothing when
    /// nothing was recorded since the last time. To be called on a timer and at shutdown.
    package func checkpoint() async throws {
        do {
            try await pool.write { [chain] connection in try chain.checkpoint(in: connection) }
        } catch {
            throw StoreError.wrap(error)
        }
    }
}
