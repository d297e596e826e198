internal import CordonFrames
internal import CordonModel

/// What goes wrong with the spool.
package struct SpoolError: ActionableError, Hashable {
    package let code: String
    package let message: String
    package let remedy: String

    /// The disk or the quota has no room; what was appended before is safe, what was being appended is not in the
    /// spool.
    package static let diskFull = "spool.disk_full"
    /// The disk is read-only: nothing is taken.
    package static let notWritable = "spool.not_writable"
    /// An item larger than `Spool.Limits.item`.
    package static let itemTooLarge = "spool.item_too_large"
    /// Another process has the folder.
    package static let inUse = "spool.in_use"

    init(code: String, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    init(_ error: FrameError) {
        let code =
            switch error.code {
            case FrameError.diskFull: Self.diskFull
            case FrameError.notWritable: Self.notWritable
            default: "spool.file"
            }
        self.init(code: code, error.message, remedy: error.remedy)
    }
}
