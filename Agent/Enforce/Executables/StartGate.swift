internal import CLinux
internal import Glibc
internal import Synchronization

/// The one thread that holds the guard's end of the kernel, and that answers it. It touches no file system, waits for nobody,
/// and has its descriptors for itself: however long a disk keeps others of this process from answering, or from dying, the
/// gate answers in time while it lives, and when it dies the kernel lets pass what waits.
///
/// Others judge: they are sent what starts as messages, and what is to be marked comes as one.
final class StartGate: Sendable {
    /// What is said of a start, as it is sent.
    enum Answer: Int64 {
        case allowed, denied, unread
    }

    /// A start, as a judge gets it. Whoever takes it closes the file.
    struct Question {
        var number: Int64
        var pid: Int32
        var file: Descriptor
    }

    /// What is told of each answer as it is given: a number, or `nil` for what was let pass unjudged.
    typealias Told = @Sendable (Int64?, Answer) -> Void

    private let questions: (gate: Descriptor, judge: Descriptor)
    private let answers: (gate: Descriptor, judge: Descriptor)
    private let marks: (gate: Descriptor, keeper: Descriptor)
    private let told: Told
    /// Whether a start is denied, as far as can be said at once and without any disk.
    private let denies: @Sendable (Int32) -> Bool
    private let state = Mutex(State())

    private struct State {
        var beat = ContinuousClock.now
        var stuck = 0
        var marksSent: Int64 = 0
    }

    /// The gate turns at least so often.
    private static let turn: Int32 = 1000
    /// How long whoever marks waits for the gate.
    private static let patience: Int32 = 5000

    /// Opens the gate. Throws where the kernel or the rights of this process do not let it.
    init(denies: @escaping @Sendable (Int32) -> Bool, told: @escaping Told) throws {
        (self.denies, self.told) = (denies, told)
        let pairs = try (Self.pair(), Self.pair(), Self.pair())
        questions = (pairs.0.0, pairs.0.1)
        answers = (pairs.1.0, pairs.1.1)
        marks = (pairs.2.0, pairs.2.1)
        guard OwnThread.start({ self.run() }) else {
            throw EnforceError("guard.no_thread", "The host has no room for another thread.")
        }
        // Its first word is whether it could be opened.
        let opened = reply(to: 0)
        guard opened == 0 else {
            throw EnforceError.system(
                "guard.unavailable", "The kernel does not let starts be guarded", -opened,
                remedy: "It takes CAP_SYS_ADMIN, and Linux 5.0 with CONFIG_FANOTIFY_ACCESS_PERMISSIONS.")
        }
    }

    private static func pair() throws -> (Descriptor, Descriptor) {
        var ends: [Int32] = [-1, -1]
        let failed = unsafe clinux_message_pair(&ends)
        guard failed == 0 else { throw EnforceError.system("guard.sockets", "Cannot make sockets", -failed) }
        let make = { (end: Int32) in try Descriptor(end) { EnforceError.system("guard.sockets", "", $0) } }
        return (try make(ends[0]), try make(ends[1]))
    }

    /// Whether the gate turns.
    var isAlive: Bool { state.withLock { ContinuousClock.now - $0.beat < .seconds(5) } }
    /// Judges that a disk does not answer.
    var stuckCount: Int { state.withLock { $0.stuck } }

    // MARK: - For those who judge

    /// The next start. Blocks.
    func question() -> Question? {
        var message = clinux_message()
        guard unsafe clinux_receive(questions.judge.number, &message, 1) == 1 else { return nil }
        guard let file = try? Descriptor(message.file, or: { EnforceError.system("guard.file", "No file came", $0) })
        else {
            // There was no descriptor left for it; whoever waits for the answer is to have one.
            answer(message.numbers.0, .unread)
            return nil
        }
        return Question(number: message.numbers.0, pid: Int32(truncatingIfNeeded: message.numbers.1), file: file)
    }

    func answer(_ number: Int64, _ answer: Answer) {
        _ = clinux_send(answers.judge.number, clinux_message(numbers: (number, answer.rawValue, 0), file: -1), 1)
    }

    // MARK: - For the one who marks

    enum Change: Int64 {
        case mark, unmark, unmarkAll
    }

    /// Begins or ends being asked about what the descriptor is open on; returns 0, or a negated error number. From one
    /// thread only.
    func change(_ change: Change, _ kind: Int32, _ file: Descriptor?) -> Int32 {
        let number = state.withLock { state in
            state.marksSent += 1
            return state.marksSent
        }
        let what = change.rawValue << 8 | Int64(kind)
        let sent = clinux_send(
            marks.keeper.number, clinux_message(numbers: (number, what, 0), file: file?.number ?? -1), 1)
        return sent < 0 ? sent : reply(to: number)
    }

    private func reply(to number: Int64) -> Int32 {
        var message = clinux_message()
        while clinux_wait_readable(marks.keeper.number, Self.patience) == 1 {
            let came = unsafe clinux_receive(marks.keeper.number, &message, 0)
            if came < 0 { return came }
            if came == 1, message.numbers.0 == number { return Int32(truncatingIfNeeded: message.numbers.1) }
        }
        return -ETIMEDOUT
    }

    // MARK: - The gate's own thread

    /// Until the process ends. It makes no threads: they would share its descriptors.
    private func run() {
        let own = clinux_own_descriptors()
        let kernel = own < 0 ? own : clinux_guard_open()
        tell(0, min(kernel, 0))
        guard kernel >= 0 else { return }
        var waiting = WaitingStarts()
        var ready: [UInt8] = [0, 0, 0]
        while true {
            state.withLock { [stuck = waiting.stuckCount] in ($0.beat, $0.stuck) = (.now, stuck) }
            // With too many waiting the kernel is not asked for more.
            let ends = [answers.gate.number, marks.gate.number] + (waiting.hasRoom ? [kernel] : [])
            _ = unsafe clinux_wait_any(ends, Int32(ends.count), Self.turn, &ready)
            takeAnswers(kernel, &waiting)
            takeMarks(kernel)
            takeStarts(kernel, &waiting)
            for start in waiting.overdue(at: .now) { end(start, kernel) }
            while let (number, start) = waiting.next() { give(number, start, kernel, &waiting) }
        }
    }

    private func takeStarts(_ kernel: Int32, _ waiting: inout WaitingStarts) {
        var start = clinux_start()
        while waiting.hasRoom, unsafe clinux_guard_next(kernel, &start) == 1 {
            waiting.came(.init(file: start.file, pid: start.pid, since: .now))
        }
    }

    private func give(_ number: Int64, _ start: WaitingStarts.Start, _ kernel: Int32, _ waiting: inout WaitingStarts) {
        let message = clinux_message(numbers: (number, Int64(start.pid), 0), file: start.file)
        // There is room, for no more are given than there are judges.
        guard clinux_send(questions.gate.number, message, 0) < 0, let start = waiting.judged(number) else { return }
        end(start, kernel)
    }

    /// Answers what nobody has judged: it is let pass, unless it is denied by what it is.
    private func end(_ start: WaitingStarts.Start, _ kernel: Int32) {
        let isDenied = denies(start.file)
        _ = clinux_guard_answer(kernel, start.file, isDenied ? 0 : 1)
        told(nil, isDenied ? .denied : .unread)
    }

    private func takeAnswers(_ kernel: Int32, _ waiting: inout WaitingStarts) {
        var message = clinux_message()
        while unsafe clinux_receive(answers.gate.number, &message, 0) == 1 {
            let answer = Answer(rawValue: message.numbers.1) ?? .unread
            guard let start = waiting.judged(message.numbers.0) else {
                told(message.numbers.0, .unread)
                continue
            }
            _ = clinux_guard_answer(kernel, start.file, answer == .denied ? 0 : 1)
            told(message.numbers.0, answer)
        }
    }

    private func takeMarks(_ kernel: Int32) {
        var message = clinux_message()
        while unsafe clinux_receive(marks.gate.number, &message, 0) == 1 {
            let kind = Int32(truncatingIfNeeded: message.numbers.1 & 0xFF)
            let done: Int32 =
                switch Change(rawValue: message.numbers.1 >> 8) {
                case .mark: clinux_guard_mark(kernel, kind, message.file)
                case .unmark: clinux_guard_unmark(kernel, kind, message.file)
                case .unmarkAll: clinux_guard_unmark_all(kernel, kind)
                case nil: -EINVAL
                }
            if message.file >= 0 { clinux_close(message.file) }
            tell(message.numbers.0, done)
        }
    }

    private func tell(_ number: Int64, _ result: Int32) {
        _ = clinux_send(marks.gate.number, clinux_message(numbers: (number, Int64(result), 0), file: -1), 0)
    }
}
