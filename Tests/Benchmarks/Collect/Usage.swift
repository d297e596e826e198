import Glibc

/// What a process has used, since this was made.
final class Usage {
    private let start = ContinuousClock.now
    private let pid: pid_t
    private let before: Double
    private(set) var most = 0

    /// This process, or another.
    init(of pid: pid_t = getpid()) {
        self.pid = pid
        before = Self.processorSeconds(of: pid)
    }

    var seconds: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    var processorSeconds: Double { Self.processorSeconds(of: pid) - before }

    /// Its anonymous memory now.
    var anonymousKilobytes: Int {
        let line = Shell.contents("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
    }

    /// Takes its memory now into `most`.
    func look() { most = max(most, anonymousKilobytes) }

    /// proc(5): utime and stime, in hundredths of a second.
    private static func processorSeconds(of pid: pid_t) -> Double {
        let words = Shell.contents("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard words.count > 12, let user = Double(words[11]), let system = Double(words[12]) else { return 0 }
        return (user + system) / 100
    }
}
