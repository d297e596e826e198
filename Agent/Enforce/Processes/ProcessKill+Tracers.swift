internal import CordonModel

extension ProcessKill {
    /// A tree of which nobody runs.
    struct StoppedTree {
        var held: [Held] = []
        /// Who traces members from outside: stopped as well, for as long as it takes.
        var tracers: [Held] = []

        /// To be called when the members are dead, or shall go on or stand still by themselves.
        func letTracersGoOn() {
            let members = Set(held.map(\.process.pid))
            ProcessKill.letGoOn(tracers.filter { !members.contains($0.process.pid) })
        }
    }

    private static let mostTracers = 16

    /// Stops whoever traces a process (ptrace(2)), before that is stopped itself: a tracer may let it go on without its
    /// ever hearing of the signal, and then it forks on. A tracer that a rule protects is not touched.
    func stopTracer(of pid: Int32, _ tree: inout StoppedTree) {
        guard tree.tracers.count < Self.mostTracers, let tracer = RunningProcess.tracer(of: pid),
            !(tree.held + tree.tracers).contains(where: { $0.process.pid == tracer }),
            let handle = try? ProcessHandle(pid: tracer), let process = RunningProcess(pid: tracer),
            // Asked again now that it is held: before, the number may have become another's.
            RunningProcess.tracer(of: pid) == tracer, (try? policy.check(process, agentUser: agentUser)) != nil
        else { return }
        tree.tracers.append(Held(process: process, handle: handle))
        // It may be traced itself.
        stopTracer(of: tracer, &tree)
        handle.send(Self.stop)
        awaitStopped([Held(process: process, handle: handle)])
    }
}
