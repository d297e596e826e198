internal import CordonModel
internal import SystemPackage

/// Reads processes from `/proc`. What may not be read, or is gone meanwhile, is absent.
struct ProcessFolder: Sendable {
    var root = "/proc"

    /// The numbers of the processes that there are.
    func processes() -> [Int64] { FolderListing.names(FilePath(root), limit: 4_200_000).compactMap { Int64($0) } }

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
        SmallFile.read("\(root)/\(pid)/cmdline", limit: 4096).map { Self.arguments($0) }.flatMap {
            $0.isEmpty ? nil : $0
        }
    }

    /// Each ends with a zero.
    static func arguments(_ bytes: [UInt8]) -> [String] {
        guard !bytes.isEmpty else { return [] }
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
        var threads: Int
        /// It is no program: the kernel started it for itself.
        var isKernelThread: Bool
        /// It only waits for its parent to ask how it ended.
        var isEnded: Bool
    }

    func status(of pid: Int64) -> Status? {
        // The name stands in parentheses, may hold any, and ends at the last one.
        guard let bytes = SmallFile.read("\(root)/\(pid)/stat", limit: 4096),
            let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
            open < close
        else { return nil }
        let rest = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard rest.count > 19, let parent = Self.number(rest[1]), let start = Self.number(rest[19]),
            let flags = Self.number(rest[6]), let threads = Self.number(rest[17])
        else { return nil }
        return Status(
            name: AuditText.text(bytes[(open + 1)..<close]), parent: parent, start: start,
            threads: Int(clamping: threads),
            isKernelThread: flags & 0x0020_0000 != 0, isEnded: [0x58, 0x5A, 0x78].contains(rest[0].first ?? 0))
    }

    /// The real and the effective user.
    func users(of pid: Int64) -> (real: Int64, effective: Int64)? {
        guard let bytes = SmallFile.read("\(root)/\(pid)/status", limit: 8192) else { return nil }
        let numbers = Self.numbers("Uid:", in: bytes)
        return numbers.count > 1 ? (numbers[0], numbers[1]) : nil
    }

    /// The numbers of a line of `/proc/PID/status`.
    static func numbers(_ name: String, in status: [UInt8]) -> [Int64] {
        for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: name.utf8) {
            return line.split { $0 == 0x09 || $0 == 0x20 }.dropFirst().compactMap { number($0) }
        }
        return []
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        Int64(String(decoding: digits, as: UTF8.self))
    }
}
