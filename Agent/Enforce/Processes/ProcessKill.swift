internal import CordonModel
internal import CordonOrders

/// Ends processes: held by pidfd first, looked at afterwards, judged by policy, killed, and watched until they are
/// gone.
struct ProcessKill {
    let policy: LocalPolicy
    let agentUser: UInt32
    /// How long to watch them die.
    var patience: Duration = .seconds(3)

    /// What became of it.
    struct Report {
        var applied: [String] = []
        var killed = 0
        /// Processes that are still there, with why.
        var left: [String] = []
    }

    static let kill: Int32 = 9
    static let stop: Int32 = 19
    static let resume: Int32 = 18

    /// Ends what the target means. Throws a `Refusal` or an `EnforceError`; nothing is killed then.
    func perform(_ target: ProcessTarget) throws -> Report {
        let root = try open(target)
        switch target.scope {
        case .process: return try endOne(root)
        case .tree: return try endTree(root)
        case .cgroup: return try endCgroup(root)
        }
    }

    /// A process and the pidfd that holds it.
    struct Held {
        let process: RunningProcess
        let handle: ProcessHandle
    }

    /// Holds the process and makes sure that it is the one meant: what is read after the pidfd is open cannot be a
    /// successor's and then be killed in its place.
    func open(_ target: ProcessTarget) throws -> Held {
        guard target.pid > 1 else { throw Refusal("built-in: init", "Process \(target.pid) is never touched.") }
        let gone = EnforceError(
            "process.gone",
            "Process \(target.pid) that began at tick \(target.startTime) is not there: it has ended by itself.")
        guard let handle = try? ProcessHandle(pid: target.pid) else { throw gone }
        guard let process = RunningProcess(pid: target.pid) else { throw gone }
        guard process.startTime == target.startTime else {
            throw EnforceError(
                "process.gone",
                "Process \(target.pid) began at tick \(process.startTime), not \(target.startTime): it is another one, and was left alone.",
                remedy: "Look at the process again and order anew.")
        }
        guard process.state != "Z" else {
            throw EnforceError(
                "process.gone",
                "Process \(target.pid) has ended already; its parent \(process.parent) has not reaped it.")
        }
        try policy.check(process, agentUser: agentUser)
        if let executable = target.executable, !process.runs(executable) {
            throw EnforceError(
                "process.not_the_same",
                "Process \(target.pid) runs \(process.executable ?? "?"), not \(executable): it was left alone.",
                remedy: "Look at the process again and order anew; without an executable, its number and start name it."
            )
        }
        return Held(process: process, handle: handle)
    }

    private func endOne(_ held: Held) throws -> Report {
        var report = Report()
        held.handle.send(Self.kill)
        watch(held, until: ContinuousClock.now + patience, &report)
        return report
    }

    /// Waits for a killed process to end, and says why where it does not.
    func watch(_ held: Held, until deadline: ContinuousClock.Instant, _ report: inout Report) {
        let (pid, name) = (held.process.pid, held.process.executable ?? "?")
        if hasEnded(held, by: deadline) {
            report.killed += 1
            if report.applied.count < 50 { report.applied.append("killed \(pid) \(name)") }
            return
        }
        let state = RunningProcess(pid: pid).map { String($0.state) } ?? "?"
        var why = state == "D" ? ", in uninterruptible wait at \(RunningProcess.waitChannel(of: pid))" : ""
        if let tracer = RunningProcess.tracer(of: pid) {
            why += ", held on its way out by process \(tracer), which traces it: it is gone when that one is"
        }
        report.left.append("\(pid) \(name) is in state \(state)\(why)")
    }

    /// Whether it has ended by then. The kernel tells of a traced process only when its tracer has asked after each
    /// thread; that none is left to run is seen before.
    private func hasEnded(_ held: Held, by deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = max(.zero, ContinuousClock.now.duration(to: deadline))
            if held.handle.hasEnded(within: Int32(clamping: min(left, .milliseconds(50)).milliseconds)) { return true }
            guard let now = RunningProcess(pid: held.process.pid), now.state != "Z" else { return true }
            if left == .zero { return false }
        }
    }
}
