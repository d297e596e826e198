internal import CLinux
internal import Glibc

/// Whether a process is the one that somebody saw run a file.
extension RunningProcess {
    /// Whether it runs the file that had this path when it began: it may have been deleted or renamed since.
    func runs(_ path: String) -> Bool { executable == path || executablePath == path || wasRenamed(from: path) }

    /// A file that is renamed is changed at that time, and nothing has its old name: any other error than that
    /// says nothing. What the process began to run by
    /// exec(2) after it was seen is another file, as a rule changed long before the process began.
    private func wasRenamed(from path: String) -> Bool {
        guard let file = FileStatus(at: "/proc/\(pid)/exe"),
            FileStatus(at: "/proc/\(pid)/root" + path, following: false) == nil, errno == ENOENT
        else {
            return false
        }
        let sinceStart = clinux_boottime_ns() / 1_000_000_000 - Int64(clamping: startTime / Self.ticksPerSecond)
        // A second for what each clock rounds off.
        return file.changed.seconds >= clinux_realtime_us() / 1_000_000 - sinceStart - 1
    }

    /// Of the start time.
    private static let ticksPerSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
}
