internal import CordonModel
internal import Glibc

extension LocalPolicy {
    /// Throws the rule that protects a process.
    func check(_ process: RunningProcess, agentUser: UInt32) throws(Refusal) {
        try checkBuiltIn(process, agentUser: agentUser)
        try checkOfFiles(process)
    }

    /// Throws the rule of the policy's files that protects it.
    func checkOfFiles(_ process: RunningProcess) throws(Refusal) {
        if let name = protectedUsers.value[process.user] {
            throw Refusal(
                "protected_users", protectedUsers,
                "Process \(process.pid) belongs to \(name), whom this host's policy protects.")
        }
        guard let path = process.executablePath, let name = process.executableName else { return }
        for pattern in protectedProcesses.value where Glob.matches(pattern, pattern.contains("/") ? path : name) {
            throw Refusal(
                "protected_processes", protectedProcesses,
                "Process \(process.pid) runs \(path), which this host's policy protects (\(pattern)).")
        }
    }

    /// root, and those that parts of systemd and the message bus run as, by this host's own passwd(5).
    private static let systemUsers: Set<UInt32> = {
        var users: Set<UInt32> = [0]
        for line in (TextFile.text("/etc/passwd") ?? "").split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > 2, let user = UInt32(fields[2]), user < Accounts.firstOfPeople else { continue }
            if fields[0].hasPrefix("systemd-") || ["messagebus", "dbus"].contains(fields[0]) { users.insert(user) }
        }
        return users
    }()

    private func checkBuiltIn(_ process: RunningProcess, agentUser: UInt32) throws(Refusal) {
        let what = "Process \(process.pid)"
        if process.pid <= 1 { throw Refusal("built-in: init", "\(what) is the init process.") }
        if process.isKernelThread || process.pid == 2 {
            throw Refusal("built-in: kernel thread", "\(what) is a thread of the kernel.")
        }
        if process.pid == getpid() { throw Refusal("built-in: enforcer", "\(what) is the enforcer itself.") }
        if agentUser != 0, process.user == agentUser {
            throw Refusal("built-in: agent", "\(what) runs as the agent's own user.")
        }
        // Its guard, and what it installs upgrades with. Read by the kernel, not by name: nobody else can run that file.
        if process.user == 0, process.executablePath == TextFile.link("/proc/self/exe") {
            throw Refusal("built-in: enforcer", "\(what) is a part of the enforcer.")
        }
        // In a mount namespace of theirs, or by LD_PRELOAD, anybody runs what they like by any path: only what runs as the
        // system's own users is believed.
        guard let path = process.executablePath, Self.systemUsers.contains(process.user) else { return }
        if path.hasPrefix("/usr/lib/systemd/") || path.hasPrefix("/lib/systemd/") {
            throw Refusal("built-in: systemd", "\(what) runs \(path), a part of systemd.")
        }
        if ["/usr/bin/dbus-daemon", "/usr/bin/dbus-broker", "/usr/bin/dbus-broker-launch"].contains(path) {
            throw Refusal("built-in: dbus", "\(what) runs \(path), the message bus.")
        }
        // The listener, not its sessions: those are children of it.
        if path == "/usr/sbin/sshd", process.parent == 1 {
            throw Refusal("built-in: sshd", "\(what) is the sshd that accepts connections; its sessions may be ended.")
        }
    }
}

/// Patterns of paths: `*` is any run of characters, `?` any one.
enum Glob {
    /// Whether the whole text matches. Linear in time but for one retry point, so no pattern is slow.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern.utf8)
        let text = Array(text.utf8)
        var p = 0
        var t = 0
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] || pattern[p] == UInt8(ascii: "?") {
                p += 1
                t += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                p = last.pattern + 1
                t = last.text + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
