/// Processes, as /proc shows them to an unprivileged user: the executable of others' processes may be hidden.
struct ProcessLook {
    let parameters: [String: String]
    let allowance: Allowance

    func run() throws(Allowance.Stop) {
        let accounts = Accounts()
        for name in SmallFile.names("/proc") {
            guard let pid = Int32(name), pid > 0 else { continue }
            try allowance.step()
            guard let row = row(pid, accounts) else { continue }
            guard ["name", "executable", "command_line", "user"].allSatisfy({ row.fits($0, in: parameters) }) else {
                continue
            }
            try allowance.found(row)
        }
        // The first process is always there: where it cannot be seen, neither are others' (hidepid of proc(5)).
        guard row(1, accounts) == nil else { return }
        throw .failed("Other users' processes are hidden from the agent: see Documentation/processes.md, Rights.")
    }

    /// `nil` when the process is gone, or hidden.
    private func row(_ pid: Int32, _ accounts: Accounts) -> [String: String]? {
        let stat = SmallFile.text("/proc/\(pid)/stat")
        // The name stands in parentheses and may hold any byte, parentheses too: proc(5).
        guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[close...].split(separator: " ").dropFirst()
        guard fields.count > 20 else { return nil }
        let first = fields.startIndex
        let line = SmallFile.bytes("/proc/\(pid)/cmdline", most: 65_536).map { $0 == 0 ? UInt8(ascii: " ") : $0 }
        let uid = SmallFile.text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("Uid:") }?
            .split(whereSeparator: \.isWhitespace).dropFirst().first.map(String.init)
        return [
            "pid": "\(pid)", "name": String(stat[stat.index(after: open)..<close]),
            "state": String(fields[first]), "parent": String(fields[first + 1]),
            // Field 22: ticks after boot, which an order to kill asks for.
            "start_time": String(fields[first + 19]),
            "executable": SmallFile.target("/proc/\(pid)/exe") ?? "",
            "command_line": String(
                decoding: line.last == UInt8(ascii: " ") ? line.dropLast() : line[...], as: UTF8.self),
            "user": uid.map { accounts.name(of: $0) } ?? "",
        ]
    }
}

/// The accounts of /etc/passwd and /etc/group. Those of a directory service are not asked for.
struct Accounts {
    /// One line of /etc/passwd.
    struct Account {
        let name: String
        let uid: String
        let gid: String
        let home: String
        let shell: String
    }

    let all: [Account]
    /// Names of groups by the name of their member.
    let groups: [String: [String]]

    init() {
        all = SmallFile.text("/etc/passwd").split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 7 else { return nil }
            return Account(name: parts[0], uid: parts[2], gid: parts[3], home: parts[5], shell: parts[6])
        }
        var groups: [String: [String]] = [:]
        for line in SmallFile.text("/etc/group").split(separator: "\n") {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4 else { continue }
            for member in parts[3].split(separator: ",") { groups[String(member), default: []].append(parts[0]) }
        }
        self.groups = groups
    }

    /// The name; the number itself where no account has it.
    func name(of uid: String) -> String { all.first { $0.uid == uid }?.name ?? uid }
}

/// Accounts of this host.
struct UserLook {
    let parameters: [String: String]
    let allowance: Allowance

    func run() throws(Allowance.Stop) {
        let accounts = Accounts()
        for account in accounts.all {
            let row = [
                "name": account.name, "uid": account.uid, "gid": account.gid, "home": account.home,
                "shell": account.shell, "groups": accounts.groups[account.name, default: []].joined(separator: " "),
            ]
            if row.fits("name", in: parameters) { try allowance.found(row) }
        }
    }
}

/// Packages that dpkg has installed.
struct PackageLook {
    let parameters: [String: String]
    let allowance: Allowance
    var database = "/var/lib/dpkg/status"

    func run() throws(Allowance.Stop) {
        let text = SmallFile.text(database, most: 64 << 20)
        guard !text.isEmpty else { throw .failed("\(database) cannot be read: this host has no dpkg.") }
        var row: [String: String] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                try tell(row)
                row = [:]
            }
            for (field, name) in [
                ("Package", "name"), ("Version", "version"), ("Architecture", "architecture"), ("Status", "status"),
            ]
            where line.hasPrefix(field + ": ") {
                row[name] = String(line.dropFirst(field.utf8.count + 2))
            }
        }
        try tell(row)
    }

    private func tell(_ row: [String: String]) throws(Allowance.Stop) {
        guard row["name"] != nil, row["status"]?.hasSuffix(" installed") == true else { return }
        if row.fits("name", in: parameters) { try allowance.found(row) }
    }
}
