internal import AgentSpool
internal import CordonModel
internal import Glibc

/// What the agent's parts count.
struct AgentCounts: Sendable {
    /// `nil` where nothing is collected.
    var queue: Spool.Status?
    /// Orders refused since the start.
    var refused: Int
}

/// What the agent's process costs: read anew each time, the CPU since the time before.
struct ProcessLoad {
    private var before: (cpu: Duration, at: ContinuousClock.Instant)?

    /// Values rounded to about a tenth: facts are told when they differ, and memory differs with every line.
    mutating func health(_ counts: AgentCounts) -> AgentHealth {
        let queue = counts.queue
        return AgentHealth(
            memoryBytes: Self.memory().rounded(to: 1 << 20), cpuPermille: Int(cpu().rounded(to: 10)),
            waiting: (Int64(clamping: queue?.last ?? 0) - Int64(clamping: queue?.acknowledged ?? 0)).rounded(to: 10),
            spoolBytes: Int64(queue?.bytes ?? 0).rounded(to: 1 << 20), lost: Int64(queue?.lost ?? 0),
            refused: counts.refused)
    }

    /// Thousandths of one core since it was asked last.
    private mutating func cpu() -> Int64 {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        let used = Duration(usage.ru_utime) + Duration(usage.ru_stime)
        let now = ContinuousClock.now
        defer { before = (used, now) }
        guard let before, now > before.at else { return 0 }
        return Int64((used - before.cpu) / (now - before.at) * 1000)
    }

    /// `RssAnon` of /proc/self/status, bytes.
    private static func memory() -> Int64 {
        for line in HostReading.text("/proc/self/status").split(separator: "\n") where line.hasPrefix("RssAnon:") {
            return (line.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0) << 10
        }
        return 0
    }
}

/// What this kernel and this process's rights allow.
enum HostAbilities {
    /// Names, sorted. Looked at once: a kernel does not change under a process.
    static var all: [String] {
        let seen: [(String, Bool)] = [
            ("audit_log", can(R_OK, "/var/log/audit/audit.log")),
            ("btf", can(F_OK, "/sys/kernel/btf/vmlinux")),
            ("cgroup2", can(F_OK, "/sys/fs/cgroup/cgroup.controllers")),
            ("cgroup_kill", can(F_OK, "/sys/fs/cgroup/init.scope/cgroup.kill")),
            ("ipv6", can(F_OK, "/proc/net/if_inet6")),
            ("journal", can(R_OK, "/var/log/journal") || can(R_OK, "/run/log/journal")),
            ("pidfd", hasPidfd),
            ("psi", can(R_OK, "/proc/pressure/cpu")),
        ]
        return seen.filter(\.1).map(\.0)
    }

    private static func can(_ mode: Int32, _ path: String) -> Bool { unsafe access(path, mode) == 0 }

    /// pidfd_open(2), which has no function in every C library.
    private static var hasPidfd: Bool {
        let release = HostReading.kernel.split(separator: ".").prefix(2).compactMap { Int($0) }
        return release.count == 2 && (release[0], release[1]) >= (5, 3)
    }
}

extension Int64 {
    /// To two digits that count, and to nothing finer than the step.
    fileprivate func rounded(to step: Int64) -> Int64 {
        guard self > 0 else { return 0 }
        var unit = step
        while self / unit >= 100 { unit *= 10 }
        return (self + unit / 2) / unit * unit
    }
}

extension Duration {
    fileprivate init(_ time: timeval) { self = .seconds(Int64(time.tv_sec)) + .microseconds(Int64(time.tv_usec)) }
}
