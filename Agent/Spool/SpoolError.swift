internal import CordonModel
internal import SystemPackage

/// What goes wrong with files of the spool.
package struct SpoolError: ActionableError, Hashable {
    package let code: String
    package let message: String
    package let remedy: String

    /// The disk or the quota has no room; what was appended before is safe, what was being appended is not in the
    /// spool.
    package static let diskFull = "spool.disk_full"
    /// An item larger than `Spool.Limits.item`.
    package static let itemTooLarge = "spool.item_too_large"

    init(code: String, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// A call on a file that failed.
    init(_ doing: String, _ path: FilePath, _ errno: Errno) {
        switch errno {
        case .noSpace, .diskQuotaExceeded:
            self.init(
                code: Self.diskFull,
                "There is no room on the disk for \(path.string).",
                remedy: "Make room; nothing is lost until then, collecting waits."
            )
        case .readOnlyFileSystem, .permissionDenied, .notPermitted:
            self.init(
                code: "spool.not_writable",
                "Cannot \(doing) \(path.string): \(errno).",
                remedy: "Let the agent's user own the folder and mount it writable."
            )
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            self.init(
                code: "spool.too_many_files",
                "Cannot \(doing) \(path.string): \(errno).",
                remedy: "Raise LimitNOFILE of the service."
            )
        default:
            self.init(
                code: "spool.file",
                "Cannot \(doing) \(path.string): \(errno).",
                remedy: "Check the disk; the kernel's log says more."
            )
        }
    }
}
