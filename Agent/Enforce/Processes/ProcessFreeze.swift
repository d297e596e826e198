internal import CordonModel
internal import CordonOrders

/// Stops processes so that they can go on: by `SIGSTOP` to a process or its tree, by `cgroup.freeze` (kernel 5.2) to a
/// cgroup. The same processes are found and protected as by `ProcessKill`, and a frozen one can still be killed.
///
/// A process that runs as the same user can let a stopped one go on by `SIGCONT`, which no kernel forbids: `standings`
/// tells it, `hold` stops it again, and the scope cgroup is proof against it. A parent, such as a shell, is told by the
/// kernel that its child was stopped. What freezes a thing twice must thaw it in the opposite order: the second finds
/// it stopped, and leaves it so.
struct ProcessFreeze {
    let policy: LocalPolicy
    let agentUser: UInt32
    /// This boot's identifier.
    var boot = BootClock.live.boot
    /// How long to watch them stop, or go on.
    var patience: Duration = .seconds(3)

    private var finder: ProcessKill { ProcessKill(policy: policy, agentUser: agentUser) }

    /// How it is with a frozen process now.
    struct Standing: Sendable, Hashable {
        var member: FrozenProcesses.Member
        /// The letter of `/proc/PID/stat`; `nil` when it has ended.
        var state: Character?
        /// Read back from the kernel: it is stopped, or in a cgroup that is frozen.
        var isFrozen: Bool
    }

    /// What thawing did.
    struct Report: Sendable, Hashable {
        /// Processes that go on.
        var resumed = 0
        /// Processes that have ended since.
        var gone = 0
        /// What does not go on, with why.
        var left: [String] = []
    }

    /// Freezes what the target means. Throws a `Refusal` or an `EnforceError`; all goes on then. One that waits in the
    /// kernel stops when that ends: `standings` tells.
    func freeze(_ target: ProcessTarget) throws -> FrozenProcesses {
        let root = try finder.open(target)
        switch target.scope {
        case .process: return stopped([root])
        case .tree:
            let tree = try finder.stopTree(root)
            defer { tree.letTracersGoOn() }
            try finder.judge(tree.held)
            return stopped(tree.held)
        case .cgroup: return try freezeCgroup(root)
        }
    }

    private func stopped(_ held: [ProcessKill.Held]) -> FrozenProcesses {
        let deadline = ContinuousClock.now + patience
        for one in held {
            one.handle.send(ProcessKill.stop)
            watch(one, until: deadline) { $0.isStopped }
        }
        return FrozenProcesses(
            boot: boot, members: held.filter { $0.process.state != "Z" }.map { FrozenProcesses.Member($0.process) })
    }

    /// Looks every two milliseconds until it is so, the process has ended, or the time is over.
    private func watch(
        _ held: ProcessKill.Held, until deadline: ContinuousClock.Instant, _ isSo: (RunningProcess) -> Bool
    ) {
        while let now = RunningProcess(pid: held.process.pid), !isSo(now), ContinuousClock.now < deadline {
            if held.handle.hasEnded(within: 2) { return }
        }
    }

    /// Lets what was frozen go on, and nothing that was stopped before. What has ended since, or a successor with the
    /// same number, is left alone.
    func thaw(_ frozen: FrozenProcesses) throws -> Report {
        var report = Report()
        guard frozen.boot == boot else {
            report.gone = frozen.members.count
            return report
        }
        if let cgroup = frozen.cgroup { return try thaw(cgroup, frozen.members) }
        let deadline = ContinuousClock.now + patience
        for member in frozen.members {
            guard let held = member.held else {
                report.gone += 1
                continue
            }
            guard !member.wasStopped else {
                report.left.append("\(member.pid) \(member.executable) was stopped before, by somebody else")
                continue
            }
            held.handle.send(ProcessKill.resume)
            watch(held, until: deadline) { $0.state != "T" }
            if let now = RunningProcess(pid: member.pid), now.state == "T" {
                report.left.append("\(member.pid) \(member.executable) is in state T still")
            } else {
                report.resumed += 1
            }
        }
        return report
    }

    /// How it is with each of the processes now, read from the kernel.
    func standings(of frozen: FrozenProcesses) -> [Standing] {
        let isFrozen = frozen.cgroup.map { folder(of: $0).map(Self.isFrozen) ?? false }
        return frozen.members.map { member in
            guard frozen.boot == boot, let process = member.held?.process else {
                return Standing(member: member, state: nil, isFrozen: false)
            }
            guard let isFrozen, let path = frozen.cgroup?.path else {
                return Standing(member: member, state: process.state, isFrozen: process.isStopped)
            }
            let own = RunningProcess.cgroup(of: member.pid) ?? "/"
            let isInside = own == path || own.hasPrefix(path + "/")
            return Standing(member: member, state: process.state, isFrozen: isFrozen && isInside)
        }
    }

    /// Freezes again what somebody let go on; how many, or 1 for a cgroup.
    func hold(_ frozen: FrozenProcesses) -> Int {
        guard frozen.boot == boot else { return 0 }
        if let cgroup = frozen.cgroup {
            guard let folder = folder(of: cgroup), TextFile.line(folder + "/cgroup.freeze") == "0" else { return 0 }
            return ProcessKill.write("1", to: folder + "/cgroup.freeze") ? 1 : 0
        }
        return frozen.members.count { member in
            guard Self.mayGoOn(member), let held = member.held, "RS".contains(held.process.state) else { return false }
            return held.handle.send(ProcessKill.stop)
        }
    }

    /// Whether it may run, by one cheap look. One that waits in the kernel (D) does nothing, and the stop that it was sent
    /// is pending still.
    private static func mayGoOn(_ member: FrozenProcesses.Member) -> Bool {
        guard let stat = TextFile.bytes("/proc/\(member.pid)/stat", limit: 8192),
            let now = RunningProcess.parse(stat: stat)
        else { return false }
        // A leader that has ended (Z) says nothing of its process's other threads.
        return now.startTime == member.startTime && "RSZ".contains(now.state)
    }
}
