internal import CordonModel
internal import GRDB
internal import Glibc

/// How the database file is opened: made private, checked, migrated.
struct Opening {
    let folder: String

    private var path: String { folder + "/cordon.sqlite" }

    /// Above this size an unclean stop is not followed by a check of every page, which would take longer than a start
    /// may: the write-ahead log itself recovers in any case, the check only finds a damaged disk early.
    private static let largestChecked: Int64 = 256 << 20

    func open() throws -> DatabasePool {
        let unclean = size(of: path + "-wal") > 0
        try makePrivate()
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            try check(pool, everyPage: unclean && size(of: path) <= Self.largestChecked)
            try Migrations.migrator.migrate(pool)
            return pool
        } catch {
            throw StoreError(opening: folder, cause: error)
        }
    }

    private var configuration: Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.label = "cordon"
        configuration.prepareDatabase { connection in
            // FULL, not NORMAL: an acknowledged order or audit record survives a power cut.
            try connection.execute(sql: "PRAGMA synchronous = FULL")
            // Kibibytes a connection; five connections.
            try connection.execute(sql: "PRAGMA cache_size = -4000")
            try connection.execute(sql: "PRAGMA temp_store = MEMORY")
            // Debian's SQLite overwrites what is deleted; FAST does so only where it costs no more writing.
            try connection.execute(sql: "PRAGMA secure_delete = FAST")
            try connection.execute(sql: "PRAGMA journal_size_limit = 67108864")
        }
        return configuration
    }

    /// Refuses a file that is damaged or that a newer program wrote.
    private func check(_ pool: DatabasePool, everyPage: Bool) throws {
        try pool.read { connection in
            if try Migrations.migrator.hasBeenSuperseded(connection) { throw StoreError.newer(folder: folder) }
            guard everyPage else { return }
            let answer = try String.fetchOne(connection, sql: "PRAGMA quick_check(1)")
            guard answer == "ok" else { throw StoreError.damaged(folder: folder, finding: answer ?? "no answer") }
        }
    }

    /// Makes the file readable by its owner alone before SQLite opens it; the log beside it takes the same mode.
    private func makePrivate() throws {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(folder: folder, errno: errno) }
        Self.adopt(descriptor, in: folder)
        close(descriptor)
    }

    /// Gives what root made to the folder's owner: `init` is run by root, and the controller is not root. SQLite gives the
    /// files beside the database the owner that the database has. Where it fails, that user is told at its start.
    static func adopt(_ descriptor: Int32, in folder: String) {
        var status = stat()
        guard geteuid() == 0, unsafe stat(folder, &status) == 0 else { return }
        _ = fchown(descriptor, status.st_uid, status.st_gid)
    }

    private func size(of file: String) -> Int64 {
        var status = stat()
        return unsafe stat(file, &status) == 0 ? Int64(status.st_size) : 0
    }
}
