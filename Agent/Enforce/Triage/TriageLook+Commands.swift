internal import CordonModel
internal import CordonScan
internal import Glibc

/// What the host's own programs tell.
extension TriageLook {
    private static let nft = SystemCommand(paths: ["/usr/sbin/nft", "/sbin/nft"])
    private static let dpkg = SystemCommand(paths: ["/usr/bin/dpkg"])
    private static let modules = ["/usr/lib/modules", "/lib/modules"]
    private static let rpm = SystemCommand(paths: ["/usr/bin/rpm"])

    /// The rules without the elements of sets, and which tables of the older kind there are.
    func firewall(_ table: TriageTable) throws(TriageTable.Stop) {
        for line in try said(by: Self.nft, ["-t", "list", "ruleset"], table) {
            try table.add(["line": .text(String(line))])
        }
        for path in ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"] {
            for name in (TextFile.text(path) ?? "").split(separator: "\n") {
                try table.add(["older_table": .text(String(name)), "path": .text(path)])
            }
        }
    }

    /// Files of packages that are not as the package brought them, as dpkg's or rpm's own verifying says.
    func packages(_ table: TriageTable) throws(TriageTable.Stop) {
        let lines: [Substring]
        if Self.dpkg.isThere {
            lines = try said(by: Self.dpkg, ["--verify"], table)
        } else if Self.rpm.isThere {
            lines = try said(by: Self.rpm, ["-Va"], table)
        } else {
            return table.note("there is neither dpkg nor rpm")
        }
        // The unit may hide the kernel's modules from the enforcer (ProtectKernelModules=).
        let hidden = Self.modules.filter { FileStatus(at: $0).map { $0.mode & 0o777 == 0 } ?? false }
        var unseen = 0
        for line in lines {
            // `??5?????? c /etc/motd`, `missing     /usr/bin/x`: what differs, the kind of file, the path.
            guard let slash = line.firstIndex(of: "/") else { continue }
            guard hidden.isEmpty || !Self.modules.contains(where: { line[slash...].hasPrefix($0 + "/") }) else {
                unseen += 1
                continue
            }
            let words = line[..<slash].split(separator: " ")
            try table.add([
                "path": .text(String(line[slash...])), "differs": .text(words.first.map { String($0) } ?? ""),
                "configuration": .flag(words.dropFirst().contains("c")),
            ])
        }
        if unseen > 0 { table.note("\(unseen) files of kernel modules are hidden from the enforcer, and not told") }
    }

    /// What a program says in the table's time; a note where it cannot.
    private func said(
        by command: SystemCommand, _ arguments: [String], _ table: TriageTable
    ) throws(TriageTable.Stop) -> [Substring] {
        try table.check()
        do throws(EnforceError) {
            let answer = try command.run(arguments, within: table.timeLeft)
            if answer.isCut { table.note("\(command.paths[0]) said more than is taken of it") }
            if answer.status > 1 {
                table.note("\(command.paths[0]) ended with \(answer.status): \(answer.text.suffix(300))")
            }
            return answer.text.split(separator: "\n")
        } catch {
            table.note(error.message)
            if error.code == "command.slow" { throw .time }
            return []
        }
    }
}
