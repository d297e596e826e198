internal import CordonModel
internal import SystemPackage

/// Reads processes from `/proc`. What may not be read, or is gone meanwhile, is absent.
struct ProcessFolder: Sendable {
    var root = "/proc"

    /// The numbers of the processes that there are.
    func processes() -> [Int64] { FolderListing.names(FilePath(root)).compactMap { Int64($0) } }

    /// What the process is; `nil` when there is none. Kernel threads have neither executable nor command line.
    func read(_ pid: Int64) -> ProcessTable.Entry? {
        guard let status = status(of: pid) else { return nil }
        return ProcessTable.Entry(
            parent: status.parent, executable: executable(of: pid),
            commandLine: arguments(of: pid)?.joined(separator: " "))
    }

    /// Where the kernel says that the program is; ` (deleted)` is left out.
    func executable(of pid: Int64) -> String? {
        SmallFile.link("\(root)/\(pid)/exe").map { $0.hasSuffix(" (deleted)") ? String($0.dropLast(10)) : $0 }
    }

    /// The arguments; `nil` when there are none, as of kernel threads. At most 4 KiB are read.
    func arguments(of pid: Int64) -> [String]? {
        guard let bytes = SmallFile.read("\(root)/\(pid)/cmdline", limit: 4096), !bytes.isEmpty else { return nil }
        var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        return parts.map { AuditText.text($0) }
    }

    /// What `/proc/PID/stat` says.
    struct Status: Sendable, Hashable {
        var name: String
        var parent: Int64
        /// Clock ticks after boot at which it started: tells two processes of one number apart.
        var start: Int64
    }

    func status(of pid: Int64) -> Status? {
        // The name stands in parentheses, may hold any, and ends at the last one.
        guard let bytes = SmallFile.read("\(root)/\(pid)/stat", limit: 4096),
            let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
            open < close
        else { return nil }
        let rest = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard rest.count > 19, let parent = Self.number(rest[1]), let start = Self.number(rest[19]) else { return nil }
        return Status(name: AuditText.text(bytes[(open + 1)..<close]), parent: parent, start: start)
    }

    /// The real and the effective user.
    func users(of pid: Int64) -> (real: Int64, effective: Int64)? {
        guard let bytes = SmallFile.read("\(root)/\(pid)/status", limit: 8192) else { return nil }
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: "Uid:".utf8) {
            let words = line.split { $0 == 0x09 || $0 == 0x20 }
            guard words.count > 2, let real = Self.number(words[1]), let effective = Self.number(words[2]) else {
                return nil
            }
            return (real, effective)
        }
        return nil
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        Int64(String(decoding: digits, as: UTF8.self))
    }
}
