internal import CordonModel

extension ProcessKill {
    /// Kills every process of a user, or, when a rule protects one, lets all go on and throws the rule: all are stopped
    /// first, looking again until a look finds nobody new. A person's own systemd and message bus are among them.
    func endUser(_ user: UInt32) throws -> Report {
        let held = try stopUser(user)
        for one in held where one.process.state != "Z" {
            do throws(Refusal) {
                try policy.checkOfFiles(one.process)
            } catch {
                Self.letGoOn(held)
                throw error
            }
        }
        held.forEach { $0.handle.send(Self.kill) }
        var report = Report()
        let deadline = ContinuousClock.now + patience
        held.forEach { watch($0, until: deadline, &report) }
        return report
    }

    private func stopUser(_ user: UInt32) throws -> [Held] {
        var held: [Held] = []
        var known: Set<Int32> = []
        for _ in 0..<64 {
            let before = held.count
            for pid in RunningProcess.all() where !known.contains(pid) {
                // Read after it is held: a successor with the same number may be somebody else's.
                guard let handle = try? ProcessHandle(pid: pid), let process = RunningProcess(pid: pid),
                    process.user == user, !process.isKernelThread
                else { continue }
                handle.send(Self.stop)
                known.insert(pid)
                held.append(Held(process: process, handle: handle))
            }
            guard held.count > before else { return held }
            awaitStopped(held[before...])
            guard held.count <= Self.limit else { break }
        }
        Self.letGoOn(held)
        throw EnforceError("process.too_many", "The user \(user) has more than \(Self.limit) processes.")
    }
}
