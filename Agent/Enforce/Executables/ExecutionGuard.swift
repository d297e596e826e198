internal import CLinux
internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import Dispatch
internal import Glibc
package import Logging
internal import Synchronization

/// Keeps programs from starting: a process of its own, for it holds CAP_SYS_ADMIN, and everybody who starts a program may
/// wait for it. It takes no orders. The enforcer writes down what is blocked; this brings it about, ends each entry in time
/// though nobody tells it to, and says in a file of its own what is in force.
///
/// When it dies the kernel lets pass what waits, and asks nobody any more.
package final class ExecutionGuard: Sendable {
    /// Where its files are.
    package struct Configuration: Sendable {
        var list: String
        var folder: String
        var report: String
        var mounts: String

        /// - Parameters:
        ///   - settings: The enforcer's.
        ///   - mounts: The host's mounts, as proc_pid_mountinfo(5) has them.
        package init(_ settings: EnforcerSettings, mounts: String = "/proc/1/mountinfo") {
            list = BlockedExecutables.path(in: settings.stateDirectory)
            folder = settings.stateDirectory
            report = settings.guardReport
            self.mounts = mounts
        }
    }

    private struct Shared {
        var rules = GuardRules()
        var denials: [String: GuardReport.Denial] = [:]
        var unread: Int64 = 0
        /// When each thread took up the start that it is judging.
        var judging: [Int: ContinuousClock.Instant] = [:]
        var isOver = false
    }

    private let configuration: Configuration
    private let clock: BootClock
    private let log: Logger
    private let kernel: Descriptor
    private let shared = Mutex(Shared())
    private let digests = ContentDigests()

    /// Threads that judge: one that reads a large file must not hold up the others.
    private static let judges = 4
    /// How long a change may go unnoticed that nothing tells of: a mount, a path, an end.
    private static let interval: Int32 = 500
    /// A start that takes longer to judge than this is stuck on a disk, whatever patience is.
    private static let longest = Duration.seconds(20)

    /// Opens the guard. Throws where the kernel or its rights do not let it.
    package init(_ configuration: Configuration, log: Logger) throws {
        self.configuration = configuration
        self.log = log
        clock = .live
        kernel = try Descriptor(clinux_guard_open()) {
            EnforceError.system(
                "guard.unavailable", "The kernel does not let starts be guarded", $0,
                remedy: "It takes CAP_SYS_ADMIN, and Linux 5.0 with CONFIG_FANOTIFY_ACCESS_PERMISSIONS.")
        }
    }

    /// Runs until the closure says stop; it is asked at every round in which nobody waits too long for an answer, so it can
    /// also feed a watchdog. Blocks.
    package func run(whileTrue goesOn: () -> Bool) {
        for judge in 0..<Self.judges {
            DispatchQueue(label: "guard.judge.\(judge)").async { self.answer(judge) }
        }
        var keeper = GuardKeeper(kernel)
        var watch: Descriptor?
        while isHealthy ? goesOn() : true {
            if watch == nil { watch = Self.watch(configuration.folder) }
            look(&keeper)
            // With nothing to guard, only news of the list matter.
            let wait = keeper.isIdle && watch != nil ? 10 * Self.interval : Self.interval
            var ready: UInt8 = 0
            let number = watch?.number ?? -1
            _ = unsafe clinux_wait_any([number], number < 0 ? 0 : 1, wait, &ready)
            if ready != 0 { clinux_drain(number) }
        }
        shared.withLock { $0.isOver = true }
    }

    /// Whether the kernel and the rights of this process let starts be guarded.
    static var isPossible: Bool { (try? Descriptor(clinux_guard_open()) { EnforceError.system("", "", $0) }) != nil }

    private static func watch(_ folder: String) -> Descriptor? {
        try? Descriptor(unsafe clinux_watch_folder(folder)) {
            EnforceError.system("guard.watch", "Cannot watch \(folder)", $0)
        }
    }

    /// Whether no start has waited too long for its answer.
    private var isHealthy: Bool {
        let oldest = shared.withLock { $0.judging.values.min() }
        return oldest.map { ContinuousClock.now - $0 < Self.longest } ?? true
    }

    /// Reads the list, brings about what it says, and reports.
    private func look(_ keeper: inout GuardKeeper) {
        keeper.read(configuration.list, clock) { log.error("\($0)") }
        let (rules, faults) = keeper.marks.rules(for: keeper.active)
        // Judged before it is asked about.
        shared.withLock { $0.rules = rules }
        if keeper.active.isEmpty { digests.forget() }
        let mounts = rules.contents.isEmpty ? "" : TextFile.text(configuration.mounts) ?? ""
        let missing = keeper.marks.bring(rules, mounts: mounts) { TextFile.text("/proc/self/mountinfo") ?? "" }
        let (denials, unread) = shared.withLock { shared in
            let subjects = Set(keeper.active.map(\.subject.text))
            shared.denials = shared.denials.filter { subjects.contains($0.key) }
            return (shared.denials, shared.unread)
        }
        var report = keeper.report(faults: faults + missing, clock)
        report.denials = denials.values.sorted { $0.subject < $1.subject }
        report.unread = unread
        keeper.write(report, to: configuration.report) { log.error("\($0)") }
    }

    // MARK: - Starts

    private func answer(_ judge: Int) {
        while !shared.withLock({ $0.isOver }) {
            var start = clinux_start()
            let came = unsafe clinux_guard_next(kernel.number, 1000, &start)
            guard came > 0 else {
                if came < 0 { usleep(10_000) }
                continue
            }
            let rules = shared.withLock { shared in
                shared.judging[judge] = .now
                return shared.rules
            }
            let judgement = rules.judge(start.file, digests, clock)
            if case .denied(let subject) = judgement { note(subject, start) }
            var isDenied = false
            if case .denied = judgement { isDenied = true }
            _ = clinux_guard_answer(kernel.number, start.file, isDenied ? 0 : 1)
            shared.withLock { shared in
                shared.judging[judge] = nil
                if judgement == .unread { shared.unread += 1 }
            }
        }
    }

    /// Who wanted it: a process that waits for its answer is there.
    private func note(_ subject: ExecutableBlock.Subject, _ start: clinux_start) {
        let path = TextFile.link("/proc/self/fd/\(start.file)") ?? "?"
        var (program, user) = ("?", Int64(-1))
        for line in (TextFile.text("/proc/\(start.pid)/status") ?? "").split(separator: "\n") {
            let words = line.split(separator: "\t")
            guard words.count > 1 else { continue }
            if words[0] == "Name:" { program = String(words[1]) }
            if words[0] == "Uid:" { user = Int64(words[1]) ?? -1 }
        }
        let longest = GuardReport.longestText
        shared.withLock { shared in
            let count = shared.denials[subject.text]?.count ?? 0
            shared.denials[subject.text] = GuardReport.Denial(
                subject: subject.text, count: count + 1, path: path.bounded(longest), pid: Int64(start.pid),
                program: program.bounded(longest), user: user)
        }
    }
}
