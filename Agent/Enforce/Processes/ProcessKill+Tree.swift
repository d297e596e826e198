internal import CordonModel

extension ProcessKill {
    /// Most processes in one tree.
    static let limit = 4096

    /// Kills the tree, or, when a rule protects one of it, lets all go on and throws the rule.
    func endTree(_ root: Held) throws -> Report {
        let tree = try stopTree(root)
        var report = Report()
        do {
            defer { tree.letTracersGoOn() }
            try judge(tree.held)
            tree.held.forEach { $0.handle.send(Self.kill) }
        }
        let deadline = ContinuousClock.now + patience
        tree.held.forEach { watch($0, until: deadline, &report) }
        return report
    }

    /// Stops the root, then whatever it has as descendants, looking again until a look finds nobody new: a stopped
    /// process cannot fork.
    ///
    /// A child whose parent ended before the first look has lost that tie. It is found by its session where the root, or
    /// a descendant that is found, leads that: nobody comes into a session but by being born in it, and its number is
    /// nobody else's while anybody is in it, so whoever is in it descends from who leads it. By its process group it is not:
    /// others of the session may join that. Who has begun a session of its own is not found either: the cgroup scope finds it.
    func stopTree(_ root: Held) throws -> StoppedTree {
        let rootPID = root.process.pid
        var tree = StoppedTree()
        add(root, to: &tree)
        awaitStopped(tree.held[...])
        var known: Set<Int32> = [rootPID]
        for _ in 0..<64 {
            let fresh = Self.descendants(of: known, in: RunningProcess.ties())
            if fresh.isEmpty { break }
            let before = tree.held.count
            for pid in fresh {
                // Read after it is held: a successor with the same number has another parent.
                guard let handle = try? ProcessHandle(pid: pid), let process = RunningProcess(pid: pid),
                    known.contains(process.parent) || Self.isLed(process, by: tree.held)
                else { continue }
                known.insert(pid)
                add(Held(process: process, handle: handle), to: &tree)
            }
            awaitStopped(tree.held[before...])
            guard known.count <= Self.limit else {
                Self.letGoOn(tree.held)
                tree.letTracersGoOn()
                throw EnforceError(
                    "process.too_many", "The tree of process \(rootPID) has more than \(Self.limit) processes.")
            }
        }
        return tree
    }

    /// Whether one of them leads its session.
    private static func isLed(_ process: RunningProcess, by held: [Held]) -> Bool {
        guard let leader = held.first(where: { $0.process.pid == process.session }),
            let now = RunningProcess(pid: leader.process.pid)
        else { return false }
        return now.startTime == leader.process.startTime && now.session == now.pid
    }

    private func add(_ one: Held, to tree: inout StoppedTree) {
        stopTracers(of: one.process.pid, &tree)
        one.handle.send(Self.stop)
        tree.held.append(one)
    }

    /// Waits until they stand still: a signal takes its time, and until then they fork. One that waits in the kernel does
    /// not.
    func awaitStopped(_ held: ArraySlice<Held>) {
        let deadline = ContinuousClock.now + .milliseconds(500)
        for one in held {
            while let now = RunningProcess(pid: one.process.pid), "RSt".contains(now.state), !now.isStopped,
                ContinuousClock.now < deadline
            {
                if one.handle.hasEnded(within: 1) { break }
            }
        }
    }

    /// Throws the rule that protects one of the stopped processes; all go on then.
    func judge(_ held: [Held]) throws(Refusal) {
        for one in held where one.process.state != "Z" {
            do throws(Refusal) {
                try policy.check(one.process, agentUser: agentUser)
            } catch {
                Self.letGoOn(held)
                throw error
            }
        }
    }

    /// Lets stopped processes go on, but for those that somebody else had stopped before.
    static func letGoOn(_ held: [Held]) {
        for one in held where one.process.state != "T" { one.handle.send(resume) }
    }

    /// Processes that are not known and have a known parent, or are in a session that a known one leads, by any number of
    /// steps.
    static func descendants(of known: Set<Int32>, in ties: [Int32: RunningProcess.Ties]) -> [Int32] {
        var all = known
        func isTied(_ tie: RunningProcess.Ties) -> Bool {
            all.contains(tie.parent) || all.contains(tie.session) && ties[tie.session]?.session == tie.session
        }
        var fresh: [Int32] = []
        var grew = true
        while grew {
            grew = false
            for (pid, tie) in ties where !all.contains(pid) && isTied(tie) {
                all.insert(pid)
                fresh.append(pid)
                grew = true
            }
        }
        return fresh
    }
}
