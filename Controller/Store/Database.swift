internal import CordonModel
package import CordonTrust
internal import GRDB

/// The controller's one database file, `cordon.sqlite` in the data folder: SQLite in WAL mode through GRDB.
///
/// Every write takes the audit entries of what it changes and appends them to the chain in the same transaction: there
/// is no state change without its record and no record without its change. Blocking work runs on GRDB's own queues.
package struct Database: Sendable {
    private let pool: DatabasePool
    private let chain: AuditAppender

    /// Opens or makes the database, migrates it, and checks it.
    /// - Throws: ``StoreError`` when the folder cannot be written, is held by another controller, or the file is damaged.
    package init(folder: String, auditKey: SigningKey) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { connection in
            // FULL, not NORMAL: an acknowledged order or audit record survives a power cut.
            try connection.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            pool = try DatabasePool(path: folder + "/cordon.sqlite", configuration: configuration)
            chain = AuditAppender(key: auditKey)
            try Migrations.migrator.migrate(pool)
        } catch {
            throw StoreError(opening: folder, cause: error)
        }
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
        do {
            return try await pool.write { [chain] connection in
                let value = try body(connection)
                for entry in entries { try chain.append(entry, in: connection) }
                return value
            }
        } catch {
            throw StoreError.wrap(error)
        }
    }
}
