internal import CordonModel
internal import Glibc

extension ProcessKill {
    /// The path of the root's cgroup in the unified hierarchy, and its folder. Throws a `Refusal` when the enforcer is
    /// in it too.
    static func cgroup(of root: Held) throws -> (path: String, folder: String) {
        guard let mount = unifiedMount, let path = RunningProcess.cgroup(of: root.process.pid) else {
            throw EnforceError(
                "cgroup.unavailable", "This host has no unified cgroup hierarchy.",
                remedy: "Use the scope tree instead.")
        }
        let own = RunningProcess.cgroup(of: getpid()) ?? "/"
        guard path != "/", path != own, !own.hasPrefix(path + "/") else {
            throw Refusal(
                "built-in: cgroup",
                "Process \(root.process.pid) is in \(path), the cgroup of the enforcer or one above it.")
        }
        return (path, mount + path)
    }

    /// The cgroup's processes. Throws the rule that protects one of them.
    func judgedMembers(_ folder: String) throws(Refusal) -> [Held] {
        var held: [Held] = []
        for pid in Self.members(folder) {
            guard let handle = try? ProcessHandle(pid: pid), let process = RunningProcess(pid: pid) else { continue }
            try policy.check(process, agentUser: agentUser)
            held.append(Held(process: process, handle: handle))
        }
        return held
    }

    /// Kills every process of the root's cgroup and of those below it, by `cgroup.kill` (kernel 5.14).
    func endCgroup(_ root: Held) throws -> Report {
        let (path, folder) = try Self.cgroup(of: root)
        let held = try judgedMembers(folder)
        guard Self.write("1", to: folder + "/cgroup.kill") else {
            throw EnforceError(
                "cgroup.unavailable", "The kernel has no cgroup.kill at \(folder).",
                remedy: "Use the scope tree instead.")
        }
        var report = Report()
        report.applied.append("cgroup.kill \(path)")
        let deadline = ContinuousClock.now + patience
        held.forEach { watch($0, until: deadline, &report) }
        // Those that were born between the look and the kill died with it; say so if one lives.
        report.left += Self.members(folder).compactMap { pid in
            RunningProcess(pid: pid).flatMap { $0.state == "Z" ? nil : "\(pid) is still in \(path)" }
        }
        return report
    }

    /// Where the unified hierarchy is mounted (mountinfo: the type stands after the separator).
    static var unifiedMount: String? {
        guard let text = TextFile.text("/proc/self/mountinfo") else { return nil }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if let dash = fields.firstIndex(of: "-"), fields.indices.contains(dash + 1), fields[dash + 1] == "cgroup2",
                fields.count > 4
            {
                return String(fields[4])
            }
        }
        return nil
    }

    /// The processes of a cgroup and of all below it, at most eight levels.
    static func members(_ folder: String, depth: Int = 0) -> [Int32] {
        let own = (TextFile.text(folder + "/cgroup.procs") ?? "").split(separator: "\n").compactMap { Int32($0) }
        guard depth < 8 else { return own }
        return own
            + TextFile.names(in: folder).filter { access("\(folder)/\($0)/cgroup.procs") }.flatMap {
                members("\(folder)/\($0)", depth: depth + 1)
            }
    }

    private static func access(_ path: String) -> Bool { unsafe Glibc.access(path, F_OK) == 0 }

    static func write(_ text: String, to path: String) -> Bool {
        let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        return unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count
    }
}
