internal import AgentNetlink
internal import CordonModel
internal import CordonScan
internal import Glibc

/// What the kernel and small files tell of the host.
extension TriageLook {
    /// Newest records of one login file.
    private static let mostLogins = 2000

    /// The lines of a file, or a note that it cannot be read.
    private func lines(of path: String, _ table: TriageTable) -> [Substring] {
        guard let text = TextFile.text(path) else {
            if errno != ENOENT { table.note("\(path): \(unsafe String(cString: strerror(errno)))") }
            return []
        }
        return text.split(separator: "\n")
    }

    func host(_ table: TriageTable) throws(TriageTable.Stop) {
        for path in [
            "/proc/version", "/proc/sys/kernel/hostname", "/proc/uptime", "/proc/loadavg", "/proc/sys/kernel/tainted",
            "/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/core_pattern", "/etc/os-release", "/etc/machine-id",
            "/etc/timezone", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/proc/net/route",
            "/proc/net/arp", "/proc/net/dev", "/proc/net/packet",
        ] {
            let text = lines(of: path, table).joined(separator: "\n")
            if !text.isEmpty { try table.add(["path": .text(path), "text": .text(SecretLines.leftOut(text))]) }
        }
    }

    /// /proc/modules: name, size, users, who uses it, state, and where the kernel marks it as foreign.
    func modules(_ table: TriageTable) throws(TriageTable.Stop) {
        for line in lines(of: "/proc/modules", table) {
            let words = line.split(separator: " ")
            guard words.count >= 5 else { continue }
            let users = words[3].split(separator: ",").filter { $0 != "-" }.map { JSONValue.text(String($0)) }
            let taints = words.last.flatMap { $0.hasPrefix("(") ? String($0.dropFirst().dropLast()) : nil }
            try table.add([
                "name": .text(String(words[0])), "size": .integer(Int64(words[1]) ?? 0), "used_by": .array(users),
                "state": .text(String(words[4])), "taints": .text(taints ?? ""),
            ])
        }
    }

    /// As the first process sees them, for the enforcer's unit may have given it a view of its own; proc_pid_mountinfo(5).
    /// Options of network file systems may hold passwords.
    func mounts(_ table: TriageTable) throws(TriageTable.Stop) {
        for line in lines(of: "/proc/1/mountinfo", table) {
            let words = line.split(separator: " ").map { String($0) }
            guard words.count > 6, let dash = words.firstIndex(of: "-"), words.count > dash + 2 else { continue }
            try table.add([
                "at": .text(words[4]), "root": .text(words[3]), "options": .text(words[5]),
                "type": .text(words[dash + 1]), "source": .text(words[dash + 2]),
            ])
        }
    }

    /// /etc/passwd without its second field.
    func accounts(_ table: TriageTable) throws(TriageTable.Stop) {
        var groups: [Substring: [JSONValue]] = [:]
        for line in lines(of: "/etc/group", table) {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 4 else { continue }
            for name in fields[3].split(separator: ",") { groups[name, default: []].append(.text(String(fields[0]))) }
        }
        for line in lines(of: "/etc/passwd", table) {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 7 else { continue }
            try table.add([
                "name": .text(String(fields[0])), "user": .integer(Int64(fields[2]) ?? -1),
                "group": .integer(Int64(fields[3]) ?? -1), "home": .text(String(fields[5])),
                "shell": .text(String(fields[6])), "groups": .array(groups[fields[0]] ?? []),
            ])
        }
    }

    /// The newest records of who signed in, and who tried: utmp(5). People type passwords where a name is asked for: a
    /// name that no account has is not told.
    func logins(_ table: TriageTable) throws(TriageTable.Stop) {
        let known = Set((TextFile.text("/etc/passwd") ?? "").split(separator: "\n").map { $0.prefix { $0 != ":" } })
        let remote = RemotePlaces.here
        for path in ["/run/utmp", "/var/log/wtmp", "/var/log/btmp"] {
            guard remote.hold(path) != true else {
                table.note("\(path): a file system of another host or program is not entered")
                continue
            }
            guard let (records, all) = LoginRecords.newest(of: path, most: Self.mostLogins) else {
                table.note("\(path): \(errorText(errno))")
                continue
            }
            if all > Self.mostLogins { table.note("\(path): the newest \(Self.mostLogins) of \(all) records") }
            for record in records { try table.add(Self.login(record, path, known)) }
        }
    }

    private static func login(_ record: [UInt8], _ path: String, _ known: Set<Substring>) -> JSONValue {
        func text(_ range: Range<Int>) -> String { String(decoding: record[range].prefix { $0 != 0 }, as: UTF8.self) }
        let user = text(44..<76)
        return [
            "file": .text(path), "type": .integer(Int64(record[0])), "pid": .integer(Int64(record.host32(4))),
            "line": .text(text(8..<40)),
            "user": user.isEmpty || known.contains(user[...]) ? .text(user) : "[no account of this host]",
            "from": .text(text(76..<332)),
            "at": .text("\(Timestamp(seconds: Int64(record.host32(LoginRecords.time))))"),
        ]
    }
}
