internal import Glibc

/// Files that fit a path with `*` and `?`, each with its hash, owner and times. A `*` never crosses a slash.
struct FileLook {
    let parameters: [String: String]
    let allowance: Allowance

    /// Kernels answer these themselves: what is read there is no file, and may never end.
    private static let leftOut = ["/proc", "/sys", "/dev"]

    /// Paths that are told; all unless it is given.
    var paths: Pattern?

    func run() throws(Allowance.Stop) {
        let wanted = parameters["sha256"]?.lowercased()
        var closed = Closed()
        try walk(parameters["path"] ?? "", wanted: wanted, &closed)
        // Any of them may be the one that is looked for: nothing found says nothing then.
        guard wanted != nil, closed.count > 0 else { return }
        throw .failed("\(closed.count) \(closed.count == 1 ? "file" : "files") cannot be read, as \(closed.first).")
    }

    /// Files that are there and cannot be read.
    struct Closed {
        var count = 0
        var first = ""
    }

    func walk(_ pattern: String, wanted: String? = nil, _ closed: inout Closed) throws(Allowance.Stop) {
        try walk("", pattern.split(separator: "/").map(String.init)[...], wanted, &closed)
    }

    private func walk(
        _ folder: String, _ rest: ArraySlice<String>, _ wanted: String?, _ closed: inout Closed
    ) throws(Allowance.Stop) {
        try allowance.step()
        guard let part = rest.first, !Self.leftOut.contains(folder) else { return }
        let isOpen = part.contains("*") || part.contains("?")
        let pattern = Pattern(part)
        // A pattern ignores letter case, a name that is spelt out does not; hidden files are files too.
        let names = isOpen ? SmallFile.names(folder.isEmpty ? "/" : folder).filter { pattern.matches($0) } : [part]
        for name in names.sorted() where name != ".." {
            let path = "\(folder)/\(name)"
            if rest.count > 1 {
                try walk(path, rest.dropFirst(), wanted, &closed)
            } else {
                try look(path, wanted, &closed)
            }
        }
    }

    private func look(_ path: String, _ wanted: String?, _ closed: inout Closed) throws(Allowance.Stop) {
        try allowance.step()
        if let paths, !paths.matches(path) { return }
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        guard !Self.leftOut.contains(where: { path.hasPrefix($0 + "/") }) else { return }
        let hash = try SmallFile.hash(path, allowance)
        // One that is gone by now is no loss.
        if hash == nil, unsafe lstat(path, &status) == 0 {
            if closed.count == 0 { closed.first = path }
            closed.count += 1
        }
        if let wanted, hash != wanted { return }
        try allowance.found([
            "path": path, "sha256": hash ?? "", "size": "\(status.st_size)",
            "mode": String(status.st_mode & 0o7777, radix: 8), "uid": "\(status.st_uid)", "gid": "\(status.st_gid)",
            "modified": "\(status.st_mtim.tv_sec)", "changed": "\(status.st_ctim.tv_sec)",
        ])
    }
}

/// The places where programs make themselves start again.
struct PersistenceLook {
    let parameters: [String: String]
    let allowance: Allowance

    /// MITRE ATT&CK T1053, T1098.004, T1543.002, T1546.004, T1547, T1574.006.
    private static let places = [
        "/etc/crontab", "/etc/cron.*/*", "/var/spool/cron/crontabs/*", "/etc/systemd/system/*",
        "/etc/systemd/system/*/*", "/etc/systemd/user/*", "/usr/local/lib/systemd/system/*", "/run/systemd/system/*",
        "/etc/init.d/*", "/etc/rc.local", "/etc/ld.so.preload", "/etc/ld.so.conf.d/*", "/etc/profile",
        "/etc/profile.d/*",
        "/etc/bash.bashrc", "/etc/environment", "/etc/modules-load.d/*", "/etc/modprobe.d/*", "/etc/udev/rules.d/*",
        "/etc/update-motd.d/*", "/etc/xdg/autostart/*", "/etc/pam.d/*", "/etc/sudoers.d/*", "/etc/apt/apt.conf.d/*",
        "/root/.ssh/authorized_keys*", "/root/.bashrc", "/root/.profile", "/home/*/.ssh/authorized_keys*",
        "/home/*/.bashrc", "/home/*/.profile", "/home/*/.config/systemd/user/*", "/home/*/.config/autostart/*",
    ]

    func run() throws(Allowance.Stop) {
        // Held against what is there: a place is a pattern itself.
        let files = FileLook(parameters: [:], allowance: allowance, paths: parameters["path"].map(Pattern.init))
        var closed = FileLook.Closed()
        for place in Self.places { try files.walk(place, &closed) }
    }
}
