internal import CordonModel
internal import Glibc

extension ProcessFreeze {
    /// Freezes the root's cgroup and those below it. No process of it runs another instruction, new ones included.
    func freezeCgroup(_ root: ProcessKill.Held) throws -> FrozenProcesses {
        let finder = ProcessKill(policy: policy, agentUser: agentUser)
        let (path, folder) = try ProcessKill.cgroup(of: root)
        let before = try finder.judgedMembers(folder)
        guard let inode = Self.inode(folder), let switched = TextFile.line(folder + "/cgroup.freeze"),
            ProcessKill.write("1", to: folder + "/cgroup.freeze")
        else {
            throw EnforceError(
                "cgroup.unavailable", "The kernel has no cgroup.freeze at \(folder).",
                remedy: "Use the scope tree instead.")
        }
        let cgroup = FrozenProcesses.Cgroup(path: path, inode: inode, wasFrozen: switched == "1")
        waitUntil(frozen: true, folder)
        do {
            // Who came between the look and the freezing is judged now.
            let held = try finder.judgedMembers(folder)
            let states = Dictionary(before.map { ($0.process.pid, $0.process) }) { first, _ in first }
            let members = held.filter { $0.process.state != "Z" }.map {
                FrozenProcesses.Member(states[$0.process.pid] ?? $0.process)
            }
            return FrozenProcesses(boot: boot, members: members, cgroup: cgroup)
        } catch {
            if !cgroup.wasFrozen { _ = ProcessKill.write("0", to: folder + "/cgroup.freeze") }
            throw error
        }
    }

    /// Lets the cgroup go on, when it is still the same one.
    func thaw(_ cgroup: FrozenProcesses.Cgroup, _ members: [FrozenProcesses.Member]) throws -> Report {
        var report = Report()
        let alive = members.count { $0.held != nil }
        report.gone = members.count - alive
        guard let folder = folder(of: cgroup) else { return report }
        guard !cgroup.wasFrozen else {
            report.left.append("\(cgroup.path) was frozen before, by somebody else")
            return report
        }
        guard ProcessKill.write("0", to: folder + "/cgroup.freeze") else {
            throw EnforceError.system("cgroup.unavailable", "Cannot thaw \(cgroup.path)", errno)
        }
        waitUntil(frozen: false, folder)
        if Self.isFrozen(folder) {
            report.left.append("\(cgroup.path) is frozen still: one above it is, too")
        } else {
            report.resumed = alive
        }
        return report
    }

    /// The cgroup's folder, when it is still the same one.
    func folder(of cgroup: FrozenProcesses.Cgroup) -> String? {
        guard let mount = ProcessKill.unifiedMount, Self.inode(mount + cgroup.path) == cgroup.inode else { return nil }
        return mount + cgroup.path
    }

    /// Whether all processes of it stand still, as the kernel says.
    static func isFrozen(_ folder: String) -> Bool {
        (TextFile.text(folder + "/cgroup.events") ?? "").split(separator: "\n").contains("frozen 1")
    }

    private static func inode(_ folder: String) -> UInt64? {
        FileStatus(at: folder)?.identity.inode
    }

    /// Waits until the kernel says so: it tells of every change of `cgroup.events` by POLLPRI.
    private func waitUntil(frozen: Bool, _ folder: String) {
        let events = unsafe open(folder + "/cgroup.events", O_RDONLY | O_CLOEXEC)
        guard events >= 0 else { return }
        defer { close(events) }
        let deadline = ContinuousClock.now + patience
        var byte: UInt8 = 0
        while true {
            // Reading is what poll counts changes from.
            _ = unsafe pread(events, &byte, 1, 0)
            let left = ContinuousClock.now.duration(to: deadline)
            if Self.isFrozen(folder) == frozen || left <= .zero { return }
            var wait = pollfd(fd: events, events: Int16(POLLPRI), revents: 0)
            _ = unsafe poll(&wait, 1, Int32(clamping: left.milliseconds))
        }
    }
}
