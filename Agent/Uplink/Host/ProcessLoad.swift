internal import AgentSpool
internal import CordonModel
internal import Glibc

/// What the agent's parts count.
struct AgentCounts: Sendable {
    /// `nil` where nothing is collected.
    var queue: Spool.Status?
    /// Orders refused since the start.
    var refused: Int
    var sources: [SourceState] = []
}

/// What the agent's process costs: read anew each time, the CPU since the time before.
struct ProcessLoad {
    private var before: (cpu: Duration, at: ContinuousClock.Instant)?
    private var permille: Int64 = 0

    /// Over less than this the share says nothing: facts may be asked for twice in a moment, most of all at the start.
    private static let leastSpan = Duration.seconds(5)

    /// Values rounded to about a tenth: facts are told when they differ, and memory differs with every line.
    mutating func health(_ counts: AgentCounts, at now: ContinuousClock.Instant = .now) -> AgentHealth {
        let queue = counts.queue
        return AgentHealth(
            memoryBytes: Self.memory().rounded(to: 1 << 20), cpuPermille: Int(cpu(at: now).rounded(to: 10)),
            waiting: (Int64(clamping: queue?.last ?? 0) - Int64(clamping: queue?.acknowledged ?? 0)).rounded(to: 10),
            spoolBytes: Int64(queue?.bytes ?? 0).rounded(to: 1 << 20), lost: Int64(queue?.lost ?? 0),
            refused: counts.refused, sources: counts.sources)
    }

    /// Thousandths of one core since it was asked last, if that was not just now.
    private mutating func cpu(at now: ContinuousClock.Instant) -> Int64 {
        if let before, now - before.at < Self.leastSpan { return permille }
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        let used = Duration(usage.ru_utime) + Duration(usage.ru_stime)
        if let before { permille = Int64((used - before.cpu) / (now - before.at) * 1000) }
        before = (used, now)
        return permille
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
            ("audit_log", isReadable("/var/log/audit/audit.log")),
            ("btf", exists("/sys/kernel/btf/vmlinux")),
            ("cgroup2", exists("/sys/fs/cgroup/cgroup.controllers")),
            ("cgroup_kill", exists("/sys/fs/cgroup/init.scope/cgroup.kill")),
            ("ipv6", exists("/proc/net/if_inet6")),
            ("journal", isReadable("/var/log/journal") || isReadable("/run/log/journal")),
            ("pidfd", hasPidfd),
            ("psi", isReadable("/proc/pressure/cpu")),
        ]
        return seen.filter(\.1).map(\.0)
    }

    private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Tried, not asked of access(2): that leaves the capabilities of a user out.
    private static func isReadable(_ path: String) -> Bool {
        let file = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return false }
        close(file)
        return true
    }

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
