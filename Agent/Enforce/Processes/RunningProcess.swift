internal import CordonModel
internal import Glibc

/// A process as /proc tells it.
package struct RunningProcess: Sendable, Hashable {
    package let pid: Int32
    package let parent: Int32
    /// The process that leads its session (setsid(2)); zero where that is in another namespace.
    package let session: Int32
    /// One letter of proc_pid_stat(5): R, S, D, Z, T, …
    package let state: Character
    /// Clock ticks after boot: with the number, it names one process for ever in this boot.
    package let startTime: UInt64
    package let isKernelThread: Bool
    /// Real user id.
    package let user: UInt32
    /// The target of `/proc/PID/exe`; `nil` for kernel threads and zombies.
    package let executable: String?

    /// Reads it; `nil` when there is no such process.
    package init?(pid: Int32) {
        guard let stat = TextFile.bytes("/proc/\(pid)/stat", limit: 8192), let parsed = Self.parse(stat: stat) else {
            return nil
        }
        self.pid = pid
        // A first thread that ended is a zombie while others of the process live: such a process is no zombie.
        let other = parsed.state == "Z" ? Self.livingThread(of: pid) : nil
        (parent, session) = (parsed.parent, parsed.session)
        state = other?.state ?? parsed.state
        startTime = parsed.startTime
        isKernelThread = parsed.flags & 0x0020_0000 != 0
        executable = TextFile.link("/proc/\(pid)/\(other.map { "task/\($0.number)/" } ?? "")exe")
        user = Self.user(of: pid) ?? 0
    }

    private static func livingThread(of pid: Int32) -> (number: Int32, state: Character)? {
        for number in threads(of: pid) where number != pid {
            guard let stat = TextFile.bytes("/proc/\(pid)/task/\(number)/stat", limit: 8192),
                let parsed = parse(stat: stat), parsed.state != "Z", parsed.state != "X"
            else { continue }
            return (number, parsed.state)
        }
        return nil
    }

    /// The fields after the name, which stands in parentheses and may itself hold any character: the last `)` ends it.
    static func parse(
        stat: [UInt8]
    ) -> (state: Character, parent: Int32, session: Int32, flags: UInt32, startTime: UInt64)? {
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        // Field 3 is the first here: state 3, ppid 4, session 6, flags 9, starttime 22.
        guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
            let session = Int32(fields[3]), let flags = UInt32(fields[6]),
            let startTime = UInt64(fields[19])
        else { return nil }
        return (state, parent, session, flags, startTime)
    }

    /// The numbers of its threads.
    static func threads(of pid: Int32) -> [Int32] { TextFile.names(in: "/proc/\(pid)/task").compactMap { Int32($0) } }

    private static func user(of pid: Int32) -> UInt32? {
        guard let status = TextFile.text("/proc/\(pid)/status") else { return nil }
        for line in status.split(separator: "\n") where line.hasPrefix("Uid:") {
            return line.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().first.flatMap { UInt32($0) }
        }
        return nil
    }

    /// The last part of the executable's path, without the kernel's mark of a deleted file.
    package var executableName: String? {
        executablePath.flatMap { $0.split(separator: "/").last.map(String.init) }
    }

    /// The executable's path without the kernel's mark of a deleted file.
    package var executablePath: String? {
        guard let executable else { return nil }
        return executable.hasSuffix(" (deleted)") ? String(executable.dropLast(10)) : executable
    }

    /// All process numbers.
    static func all() -> [Int32] { TextFile.names(in: "/proc").compactMap { Int32($0) }.filter { $0 > 0 } }

    /// By what a process hangs together with others.
    struct Ties: Equatable {
        var parent: Int32
        var session: Int32
    }

    /// Every process and its ties, by one look at each.
    static func ties() -> [Int32: Ties] {
        var ties: [Int32: Ties] = [:]
        for pid in all() {
            if let stat = TextFile.bytes("/proc/\(pid)/stat", limit: 8192), let parsed = parse(stat: stat) {
                ties[pid] = Ties(parent: parsed.parent, session: parsed.session)
            }
        }
        return ties
    }

    /// Its cgroup in the unified hierarchy, from the root; `nil` where there is none.
    static func cgroup(of pid: Int32) -> String? {
        guard let text = TextFile.text("/proc/\(pid)/cgroup") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("0::") { return String(line.dropFirst(3)) }
        return nil
    }

    /// Where the kernel waits on its behalf, for messages.
    static func waitChannel(of pid: Int32) -> String { TextFile.line("/proc/\(pid)/wchan") ?? "?" }
}

extension RunningProcess {
    /// The processes that run the file at the path now: it stays in their memory when its name is taken away.
    /// Those of other mount namespaces are found too.
    package static func running(_ path: String) -> [RunningProcess] {
        guard let file = FileStatus(at: path) else { return [] }
        return all().filter { FileStatus(at: "/proc/\($0)/exe")?.isSame(as: file) == true }
            .compactMap { RunningProcess(pid: $0) }
    }
}
