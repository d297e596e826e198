internal import CordonModel

extension ProcessKill {
    /// A tree of which nobody runs.
    struct StoppedTree {
        var held: [Held] = []
        /// Who traces members from outside: held still as well, for as long as it takes.
        var tracers: [PausedTracer] = []

        /// To be called when the members are dead, or shall go on or stand still by themselves.
        func letTracersGoOn() {
            let members = Set(held.map(\.process.pid))
            for tracer in tracers {
                _ = tracer.stillness?.end()
                guard tracer.stillness == nil, !members.contains(tracer.held.process.pid) else { continue }
                ProcessKill.letGoOn([tracer.held])
            }
        }
    }

    /// Who traces a member from outside.
    struct PausedTracer {
        var held: Held
        /// What holds it: it goes on when this process ends, however that does. `nil` where it was stopped by a signal.
        var stillness: Stillness?
    }

    private static let mostTracers = 16
    /// How long one is held at most.
    private static let longestPause = Duration.seconds(60)

    /// Holds still whoever traces a process (ptrace(2)), before that is stopped itself: a tracer may let it go on without its
    /// ever hearing of the signal, and then it forks on. A tracer that a rule protects is not touched.
    func stopTracers(of pid: Int32, _ tree: inout StoppedTree) {
        for tracer in RunningProcess.tracers(of: pid) { stop(tracer, of: pid, &tree) }
    }

    private func stop(_ tracer: Int32, of pid: Int32, _ tree: inout StoppedTree) {
        guard tree.tracers.count < Self.mostTracers,
            !(tree.held + tree.tracers.map(\.held)).contains(where: { $0.process.pid == tracer }),
            let handle = try? ProcessHandle(pid: tracer), let process = RunningProcess(pid: tracer),
            // Asked again now that it is held: before, the number may have become another's.
            RunningProcess.tracers(of: pid).contains(tracer), (try? policy.check(process, agentUser: agentUser)) != nil
        else { return }
        let held = Held(process: process, handle: handle)
        let index = tree.tracers.count
        tree.tracers.append(PausedTracer(held: held))
        // It may be traced itself.
        stopTracers(of: tracer, &tree)
        let stillness = Stillness(of: tracer, longest: Self.longestPause)
        if stillness.report.threads.isEmpty {
            // Who is traced by somebody else already can only be stopped by a signal, and stays so where the enforcer is
            // killed before it has let it go on.
            handle.send(Self.stop)
            awaitStopped([held])
        } else {
            tree.tracers[index].stillness = stillness
        }
    }
}
