internal import CordonModel

extension ProcessKill {
    /// Most processes in one tree.
    private static let limit = 4096

    /// Stops the root, then whatever it has as descendants, looking again until a look finds nobody new: a stopped
    /// process cannot fork. Then judges all of them, and only then kills, or lets all go on.
    ///
    /// A child whose parent ended before the first look has lost the tie and is not found: the cgroup scope finds it.
    func endTree(_ root: Held) throws -> Report {
        root.handle.send(Self.stop)
        let rootPID = root.process.pid
        var held = [root]
        var known: Set<Int32> = [rootPID]
        for _ in 0..<64 {
            let fresh = Self.descendants(of: known, in: RunningProcess.parents())
            if fresh.isEmpty { break }
            for pid in fresh {
                known.insert(pid)
                // Read after it is held: a successor with the same number has another parent.
                guard let handle = try? ProcessHandle(pid: pid), let process = RunningProcess(pid: pid),
                    known.contains(process.parent)
                else { continue }
                handle.send(Self.stop)
                held.append(Held(process: process, handle: handle))
            }
            guard known.count <= Self.limit else {
                held.forEach { $0.handle.send(Self.resume) }
                throw EnforceError(
                    "process.too_many", "The tree of process \(rootPID) has more than \(Self.limit) processes.")
            }
        }
        return try judgeAndKill(held)
    }

    /// Kills all, or, when a rule protects one of them, lets all go on and throws the rule.
    func judgeAndKill(_ held: [Held]) throws -> Report {
        var refusal: Refusal?
        for one in held where refusal == nil && one.process.state != "Z" {
            do throws(Refusal) {
                try policy.check(one.process, agentUser: agentUser)
            } catch {
                refusal = error
            }
        }
        if let refusal {
            held.forEach { $0.handle.send(Self.resume) }
            throw refusal
        }
        held.forEach { $0.handle.send(Self.kill) }
        var report = Report()
        let deadline = ContinuousClock.now + patience
        held.forEach { watch($0, until: deadline, &report) }
        return report
    }

    /// Processes that are not known and have a known parent, by any number of steps.
    static func descendants(of known: Set<Int32>, in parents: [Int32: Int32]) -> [Int32] {
        var all = known
        var fresh: [Int32] = []
        var grew = true
        while grew {
            grew = false
            for (pid, parent) in parents where !all.contains(pid) && all.contains(parent) {
                all.insert(pid)
                fresh.append(pid)
                grew = true
            }
        }
        return fresh
    }
}
