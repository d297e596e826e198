internal import CLinux
internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import Glibc
package import Logging
internal import Synchronization

/// Keeps programs from starting: a process of its own, for it holds CAP_SYS_ADMIN, and everybody who starts a program may
/// wait for it. It takes no orders. The enforcer writes down what is blocked; this brings it about, ends each entry in time
/// though nobody tells it to, and says in a file of its own what is in force.
///
/// When it dies the kernel lets pass what waits, and asks nobody any more. ``StartGate`` sees to it that it dies, and answers,
/// whatever a disk does.
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

    fileprivate struct Shared {
        var rules = GuardRules()
        var denials: [String: GuardReport.Denial] = [:]
        /// Denials that are judged and not answered yet, and files that could not be read, by the number of their start.
        var noted: [Int64: Note] = [:]
        var unread: Int64 = 0
        var unreadPath = ""
    }

    fileprivate enum Note {
        case denial(GuardReport.Denial)
        case unread(String)
    }

    private let configuration: Configuration
    private let clock: BootClock
    private let log: Logger
    private let gate: StartGate
    private let shared: SharedState
    private let digests = ContentDigests()
    private let spared = SparedPrograms()

    private final class SharedState: Sendable {
        let value = Mutex(Shared())
    }

    /// How long a change may go unnoticed that nothing tells of: a mount, a path, an end.
    private static let interval: Int32 = 500

    /// Opens the guard, and has it judge. Throws where the kernel or its rights do not let it.
    package init(_ configuration: Configuration, log: Logger) throws {
        self.configuration = configuration
        self.log = log
        clock = .live
        _ = clinux_never_dump()
        let shared = SharedState()
        self.shared = shared
        let known = { @Sendable [clock] (file: Int32) in
            shared.value.withLock { $0.rules }.deniesKnown(file, clock)
        }
        gate = try StartGate(denies: known) { number, answer in
            shared.value.withLock { $0.answered(number, answer) }
        }
        for _ in 0..<WaitingStarts.judges {
            guard OwnThread.start({ [self] in judge() }) else {
                throw EnforceError("guard.no_thread", "The host has no room for another thread.")
            }
        }
    }

    /// Keeps what is guarded as the list says. Blocks until the process ends.
    package func run() {
        var keeper = GuardKeeper(gate)
        var watch: Descriptor?
        while true {
            if watch == nil { watch = Self.watch(configuration.folder) }
            look(&keeper)
            // With nothing to guard, only news of the list matter.
            let wait = keeper.isIdle && watch != nil ? 10 * Self.interval : Self.interval
            var ready: UInt8 = 0
            let number = watch?.number ?? -1
            _ = unsafe clinux_wait_any([number], number < 0 ? 0 : 1, wait, &ready)
            if ready != 0 { clinux_drain(number) }
        }
    }

    /// Whether who starts a program gets an answer: what a watchdog is fed by.
    package var answers: Bool { gate.isAlive }

    /// Whether the kernel and the rights of this process let starts be guarded.
    static var isPossible: Bool { (try? Descriptor(clinux_guard_open()) { EnforceError.system("", "", $0) }) != nil }

    private static func watch(_ folder: String) -> Descriptor? {
        try? Descriptor(unsafe clinux_watch_folder(folder)) {
            EnforceError.system("guard.watch", "Cannot watch \(folder)", $0)
        }
    }

    /// Reads the list, brings about what it says, and reports.
    private func look(_ keeper: inout GuardKeeper) {
        keeper.read(configuration.list, clock) { log.error("\($0)") }
        let (rules, faults) = keeper.marks.rules(for: keeper.active)
        spared.protect(keeper.protected)
        // Judged before it is asked about.
        shared.value.withLock { $0.rules = rules }
        if keeper.active.isEmpty {
            digests.forget()
            spared.forget()
        }
        let mounts = rules.contents.isEmpty ? "" : text(configuration.mounts)
        let missing = keeper.marks.bring(rules, mounts: mounts) { text("/proc/self/mountinfo") }
        let (denials, unread, path) = shared.value.withLock { shared in
            let subjects = Set(keeper.active.map(\.subject.text))
            shared.denials = shared.denials.filter { subjects.contains($0.key) }
            return (shared.denials, shared.unread, shared.unreadPath)
        }
        var report = keeper.report(faults: faults + missing + stuck, clock)
        report.denials = denials.values.sorted { $0.subject < $1.subject }
        (report.unread, report.unreadPath) = (unread, path)
        keeper.write(report, to: configuration.report) { log.error("\($0)") }
    }

    /// A host of containers has thousands of mounts.
    private func text(_ path: String) -> String {
        TextFile.bytes(path, limit: 8 << 20).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private var stuck: [GuardReport.Fault] {
        let count = gate.stuckCount
        guard count > 0 else { return [] }
        let what = count < WaitingStarts.judges ? "programs on it start unread" : "all programs start unread"
        return [.init(subject: "", text: "A disk does not answer: \(what), after \(WaitingStarts.patience.spelled).")]
    }

    // MARK: - Starts

    private func judge() {
        while true {
            guard let question = gate.question() else {
                // Out of memory, or of descriptors: the gate lets pass what waits.
                usleep(10_000)
                continue
            }
            let rules = shared.value.withLock { $0.rules }
            switch rules.judge(question.file.number, digests, spared, clock) {
            case .allowed: gate.answer(question.number, .allowed)
            case .denied(let subject):
                let denial = denial(of: subject, question)
                shared.value.withLock { $0.noted[question.number] = .denial(denial) }
                gate.answer(question.number, .denied)
            case .unread:
                let path = path(of: question)
                shared.value.withLock { $0.noted[question.number] = .unread(path) }
                gate.answer(question.number, .unread)
            }
        }
    }

    private func path(of question: StartGate.Question) -> String {
        (TextFile.link("/proc/self/fd/\(question.file.number)") ?? "?").bounded(GuardReport.longestText)
    }

    /// Who wanted it: a process that waits for its answer is there.
    private func denial(
        of subject: ExecutableBlock.Subject, _ question: StartGate.Question
    ) -> GuardReport.Denial {
        var (program, user) = ("?", Int64(-1))
        for line in (TextFile.text("/proc/\(question.pid)/status") ?? "").split(separator: "\n") {
            let words = line.split(separator: "\t")
            guard words.count > 1 else { continue }
            if words[0] == "Name:" { program = String(words[1]) }
            if words[0] == "Uid:" { user = Int64(words[1]) ?? -1 }
        }
        return GuardReport.Denial(
            subject: subject.text, count: 1, path: path(of: question), pid: Int64(question.pid),
            program: program.bounded(GuardReport.longestText), user: user)
    }
}

extension ExecutionGuard.Shared {
    /// What was answered, and no more, is told. Called by the gate: it may wait for nothing.
    fileprivate mutating func answered(_ number: Int64?, _ answer: StartGate.Answer) {
        let note = number.flatMap { noted.removeValue(forKey: $0) }
        switch (answer, note) {
        case (.denied, .denial(var denial)):
            denial.count += denials[denial.subject]?.count ?? 0
            denials[denial.subject] = denial
        case (.unread, .unread(let path)):
            unread += 1
            unreadPath = path
        case (.unread, nil) where number == nil:
            unread += 1
            unreadPath = ""
        default: break
        }
    }
}
