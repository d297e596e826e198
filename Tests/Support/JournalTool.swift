internal import Glibc
internal import SystemPackage

/// Journals made by systemd's own tool from the export format.
package enum JournalTool {
    private static let path = "/lib/systemd/systemd-journal-remote"

    package static var isThere: Bool { unsafe access(path, X_OK) == 0 }

    /// One entry, received `number` seconds after 2026-09-21T14:13:20Z.
    package struct Entry: Sendable {
        package var number: Int
        package var fields: [(String, String)]

        package init(number: Int, fields: [(String, String)]) { (self.number, self.fields) = (number, fields) }

        fileprivate var export: String {
            let time = 1_790_000_000_000_000 + number * 1_000_000
            var text = "__REALTIME_TIMESTAMP=\(time)\n__MONOTONIC_TIMESTAMP=\(number * 1_000_000)\n"
            text += "_BOOT_ID=0123456789abcdef0123456789abcdef\n_MACHINE_ID=fedcba9876543210fedcba9876543210\n"
            for (name, value) in fields { text += "\(name)=\(value)\n" }
            return text + "\n"
        }
    }

    /// Appends entries to a journal file.
    package static func write(_ entries: [Entry], to file: String) throws {
        let export = "\(file).export"
        let descriptor = unsafe open(export, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TestFailure("\(export) cannot be written: \(errno)") }
        defer {
            close(descriptor)
            unsafe unlink(export)
        }
        try FileDescriptor(rawValue: descriptor).writeAll(Array(entries.map(\.export).joined().utf8))
        try Command([path, "--output=\(file)", export]).must()
    }
}
