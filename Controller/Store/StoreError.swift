internal import CordonModel
internal import GRDB
internal import Glibc

/// What can go wrong with the database.
package struct StoreError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String

    package init(code: String, message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }
}

// MARK: - The folder

extension StoreError {
    /// Why a file of the folder could not be opened, by the kernel's own answer.
    init(folder: String, errno: Int32) {
        switch errno {
        case EROFS:
            self.init(
                code: "store.read_only", message: "The data folder \(folder) is on a file system mounted read-only.",
                remedy: "Mount it writable, or name another folder."
            )
        case EACCES, EPERM:
            self.init(
                code: "store.permission", message: "The data folder \(folder) may not be written by this user.",
                remedy:
                    "Give it to the controller's user (chown -R cordon-controller: \(folder)), or name another folder."
            )
        case ENOENT, ENOTDIR:
            self.init(
                code: "store.missing", message: "There is no data folder \(folder).",
                remedy: "Make the fleet with `cordon-controller init`, or name the folder that it was made in."
            )
        case ENOSPC, EDQUOT:
            self.init(full: folder)
        default:
            let reason = unsafe String(cString: strerror(errno))
            self.init(code: "store.open", message: "The data folder \(folder) could not be opened: \(reason).")
        }
    }

    /// Another process has the folder.
    static func held(folder: String, by process: String?) -> StoreError {
        StoreError(
            code: "store.held",
            message:
                "Another controller\(process.map { " (process \($0))" } ?? "") already works on the data folder \(folder).",
            remedy: "Stop it first, or name another folder: two controllers on one folder would send orders twice."
        )
    }

    /// Written by a later version.
    static func newer(folder: String) -> StoreError {
        StoreError(
            code: "store.newer",
            message: "The database in \(folder) was written by a newer version of cordon-controller.",
            remedy: "Install that version or a later one; nothing was changed."
        )
    }

    /// Not a database any more.
    static func damaged(folder: String, finding: String) -> StoreError {
        StoreError(
            code: "store.damaged", message: "The database in \(folder) is damaged: \(finding).",
            remedy:
                "Keep the file, and restore cordon.sqlite from a backup, or save what is readable with `sqlite3 cordon.sqlite .recover`."
        )
    }

    private init(full place: String) {
        self.init(
            code: "store.full", message: "The disk under \(place) is full; nothing was changed.",
            remedy: "Free some space on it; work goes on by itself then."
        )
    }
}

// MARK: - SQLite

extension StoreError {
    /// Why the database could not be opened, as a person would want to hear it.
    init(opening folder: String, cause: any Error) {
        switch cause {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(sqlite: error, place: folder)
        default: self.init(code: "store.open", message: "The database in \(folder) could not be opened: \(cause).")
        }
    }

    /// The error as one of ours; what is not the database's passes through.
    static func wrap(_ error: any Error) -> any Error {
        (error as? DatabaseError).map { StoreError(sqlite: $0, place: "the data folder") } ?? error
    }

    private init(sqlite error: DatabaseError, place: String) {
        let reason = error.message ?? "no reason given"
        switch error.resultCode {
        case .SQLITE_FULL: self.init(full: place)
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE: self.init(full: place)
        case .SQLITE_READONLY: self.init(folder: place, errno: EROFS)
        case .SQLITE_PERM: self.init(folder: place, errno: EACCES)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(folder: place, finding: reason)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                code: "store.busy", message: "The database in \(place) is held by another program.",
                remedy: "End whatever has cordon.sqlite open (a backup, a shell), then try again."
            )
        case .SQLITE_IOERR:
            self.init(
                code: "store.disk", message: "The disk under \(place) failed: \(reason).",
                remedy: "Look at the kernel's log (dmesg) for the disk's errors; nothing was changed."
            )
        case .SQLITE_MISUSE:
            self.init(code: "store.closed", message: "The database is closed.", remedy: "")
        default:
            self.init(code: "store.sqlite", message: "The database answered: \(reason).")
        }
    }
}
