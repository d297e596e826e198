internal import CordonModel
package import SystemPackage

/// What goes wrong with files of frames.
package struct FrameError: ActionableError, Hashable {
    package let code: String
    package let message: String
    package let remedy: String

    /// The disk or the quota has no room; what was there before is safe.
    package static let diskFull = "disk.full"
    /// The file system is mounted read-only, or the file is another user's.
    package static let notWritable = "disk.not_writable"
    /// The kernel could not sync: what is on the disk is not known.
    package static let notSynced = "disk.not_synced"
    /// The file is none of ours; it was not touched.
    package static let foreign = "frames.foreign"

    package init(code: String, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// A call on a file that failed.
    package init(_ doing: String, _ path: FilePath, _ errno: Errno) {
        switch errno {
        case .noSpace, .diskQuotaExceeded:
            self.init(
                code: Self.diskFull,
                "There is no room on the disk for \(path.string).",
                remedy: "Make room; what is there already stays."
            )
        case .readOnlyFileSystem, .permissionDenied, .notPermitted:
            self.init(
                code: Self.notWritable,
                "Cannot \(doing) \(path.string): \(errno).",
                remedy: "Let the service's user own the folder and mount it writable."
            )
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            self.init(
                code: "disk.too_many_files",
                "Cannot \(doing) \(path.string): \(errno).",
                remedy: "Raise LimitNOFILE of the service."
            )
        default:
            self.init(
                code: "disk.failed",
                "Cannot \(doing) \(path.string): \(errno).",
                remedy: "Check the disk; the kernel's log says more."
            )
        }
    }
}
