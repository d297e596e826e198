import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

@Suite("Tables of cron")
struct CronTableTests {
    private let mark = "# off: "

    @Test("only the entry becomes a comment, in its place, and is what it was again; every other byte stays")
    func lines() {
        let text =
            "PATH=/x\n\n# * * * * * root /x\n \t* * * * * root /x \r\u{e9}\n* * * * * root /x\t\n1 * * * * root /x"
        let bytes = Array(text.utf8) + [0xFF, 0x0A]
        var table = CronTable(bytes)
        #expect(table.bytes == bytes)
        let lines = table.disable("  * * * * * root /x ", mark)
        #expect(lines == [4] && table.indices(of: "* * * * * root /x").isEmpty)
        #expect(String(decoding: table.lines[4], as: UTF8.self) == mark + "* * * * * root /x\t")
        table.enable(mark, count: 1)
        #expect(table.bytes == bytes)
    }

    @Test("what was added since and turned off too goes when the first ones are turned on again")
    func added() {
        let before = Array("@daily root /x\n@daily root /x\n".utf8)
        var table = CronTable(before)
        table.disable("@daily root /x", mark)
        var later = CronTable(table.bytes + Array("@daily root /x\n".utf8))
        #expect(later.disable("@daily root /x", mark) == [2] && later.indices(with: mark).count == 3)
        later.enable(mark, count: 2)
        #expect(later.bytes == before)
    }

    @Test("an entry says when; a comment, a setting and an empty line do not")
    func entries() {
        for line in ["* * * * * x", " 5 4 * * * x", "@reboot x", "-*/5 * * * * root x", "7 5 cron.weekly x"] {
            #expect(CronTable.isEntry(line), "\(line)")
        }
        for line in ["", "  ", "# * * * * * x", "PATH=/x", "\tMAILTO=root"] {
            #expect(!CronTable.isEntry(line), "\(line)")
        }
    }

    @Test("cron's places are known by their paths, and nothing else is one")
    func places() {
        let known: [(String, CronPlace)] = [
            ("/etc/crontab", .systemTable), ("/etc/anacrontab", .systemTable), ("/etc/cron.d/x", .systemTable),
            ("/var/spool/cron/crontabs/ana", .userTable("ana")), ("/var/spool/cron/ana", .userTable("ana")),
            ("/var/spool/cron/tabs/ana", .userTable("ana")), ("/etc/cron.daily/x", .script),
        ]
        for (path, place) in known { #expect(CronPlace(path) == place, "\(path)") }
        for path in [
            "/etc/crontab2", "/etc/cron.d", "/etc/cron.d/", "/etc/cron.d/../shadow", "/etc/cron.d/x/y",
            "/etc/cron.d/.x",
            "/etc/passwd", "/var/spool/cron/atjobs/x", "etc/crontab", "/etc/cron.often/x", "/home/ana/crontab",
        ] { #expect(CronPlace(path) == nil, "\(path)") }
    }

    @Test("what an order turned off is read from the journal as it was written, and nothing that is cut short")
    func record() {
        var entry = DisabledCronEntry(path: "/etc/cron.d/x", entry: "@daily root /x", mark: mark)
        (entry.count, entry.mode) = (2, 0o755)
        (entry.modified, entry.stamp) = (.init(seconds: 5, nanoseconds: 6), .init(seconds: 7, nanoseconds: 0))
        #expect(DisabledCronEntry(bytes: entry.bytes) == entry)
        for count in 0..<entry.bytes.count {
            #expect(DisabledCronEntry(bytes: Array(entry.bytes.prefix(count))) == nil)
        }
    }
}

/// A host with tables of cron: copies, mounted over the machine's own for the enforcer and a cron alone.
private struct CronGround {
    let lab: Lab
    let fleet: Enrolled
    let folder: String
    static let evil = "* * * * * root touch $S/evil"

    init(policy: String = "") throws {
        lab = try Lab()
        folder = lab.scratch.path
        try Program.must(["cp", "-a", "/etc", folder + "/etc"])
        try Program.must([
            "mkdir", "-p", folder + "/etc/cron.d", folder + "/etc/cron.daily", folder + "/spool/cron/crontabs",
        ])
        try lab.scratch.file("etc/cron.d/job", "S=\(folder)\n# a job\n\(Self.evil)\n* * * * * root touch $S/other\n")
        try lab.scratch.file("spool/cron/crontabs/ana", "@hourly /tmp/x", mode: 0o600)
        try lab.scratch.file("etc/cron.daily/miner", "#!/bin/sh\n", mode: 0o755)
        try Program.must(["chown", "4321:4321", folder + "/spool/cron/crontabs/ana"])
        for path in ["etc/cron.d/job", "spool/cron/crontabs/ana", "etc/cron.daily/miner"] {
            try Program.must(["touch", "-d", "2020-02-02", "\(folder)/\(path)"])
        }
        fleet = try Enrolled(lab.scratch, policy: policy)
    }

    /// In mounts of its own, where `/etc` and `/var/spool` are the copies.
    var enter: [String] {
        [
            "nsenter", "--net=/run/netns/\(lab.host)", "unshare", "--mount", "--propagation", "private", "sh", "-ec",
            #"mount --bind "$0/etc" /etc; mount --bind "$0/spool" /var/spool; exec "$@""#, folder,
        ]
    }

    func enforcer() throws -> EnforcerProcess { try EnforcerProcess(fleet, entering: enter) }

    /// Bytes, owner, mode and time of change.
    func state(_ path: String) throws -> String {
        try Program.must(["sh", "-c", #"stat -c '%a %u %g %s %y' "$0"; cat "$0""#, "\(folder)/\(path)"])
    }
}

/// Entries of cron turned off and on, by the real enforcer.
@Suite("Entries of cron", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"))
struct CronTests {
    @Test(
        "an entry or a script is off, kept so over a kill of the enforcer, told, and its file is as it was after the undo",
        arguments: [
            ("etc/cron.d/job", "/etc/cron.d/job", "* * * * * root touch $S/evil"),
            ("spool/cron/crontabs/ana", "/var/spool/cron/crontabs/ana", "@hourly /tmp/x"),
            ("etc/cron.daily/miner", "/etc/cron.daily/miner", nil as String?),
        ])
    func offAndOn(_ file: String, _ path: String, _ line: String?) throws {
        let ground = try CronGround()
        let before = try ground.state(file)
        var enforcer = try ground.enforcer()
        let entry = Action.disableCronEntry(CronEntry(path: path, line: line))
        let first = ground.fleet.order(entry)
        let result = try enforcer.execute(first)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.probes.map(\.name) == ["cron_entry_off"] && result.proof?.probes.first?.passed == true)
        let off = try ground.state(file)
        #expect(off.contains("# turned off by Cordon, order \(first.id): \(line ?? "")") || line == nil)
        #expect(off.split(separator: " ").prefix(3) != before.split(separator: " ").prefix(3) || line != nil)
        #expect(line == nil || !off.contains("2020-02-02"), "or cron would not read it again")
        #expect(try enforcer.execute(.enableCronEntry(first.id)).outcome == .succeeded)
        #expect(try ground.state(file) == before)
        #expect(try enforcer.status().containment.model().effects == [])

        let second = ground.fleet.order(entry)
        #expect(try enforcer.execute(second).outcome == .succeeded)
        enforcer.kill()
        let again =
            line.map { ["sh", "-c", #"printf '\n%s\n' "$1" >> "$0""#, "\(ground.folder)/\(file)", $0] }
            ?? ["chmod", "755", "\(ground.folder)/\(file)"]
        try Program.must(again)
        enforcer = try ground.enforcer()
        let isTold = try enforcer.becomes(within: 20) {
            try enforcer.status().notices.contains { $0.text.contains("turned on again") }
        }
        #expect(isTold)
        let lines = try ground.state(file).split(separator: "\n")
        #expect(!lines.contains { $0 == line ?? "" } && !lines[0].hasPrefix("755"))
        #expect(try enforcer.execute(.enableCronEntry(second.id)).outcome == .succeeded)
        let after = try ground.state(file).split(separator: "\n")
        #expect(line == nil ? after[0].hasPrefix("755") : after.count { $0 == line ?? "" } == 1)
        #expect(try enforcer.status().containment.model().effects == [])
    }

    @Test(
        "of one table several entries are off, and it is as it was once the last is back, in whatever order they come back",
        arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]])
    func several(_ sequence: [Int]) throws {
        let ground = try CronGround()
        let file = "etc/cron.d/job"
        let lines = [CronGround.evil, "* * * * * root touch $S/other", "@daily root touch $S/third"]
        try Program.must([
            "sh", "-c", #"echo "$1" >> "$0"; touch -d '2020-02-02 01:02:03.456789' "$0""#,
            "\(ground.folder)/\(file)", lines[2],
        ])
        let before = try ground.state(file)
        func time(_ state: String) -> String {
            state.split(separator: " ").dropFirst(4).prefix(2).joined(separator: " ")
        }
        var enforcer = try ground.enforcer()
        var times = [time(before)]
        var orders: [OrderID] = []
        func look() throws -> [String] {
            let state = try ground.state(file)
            #expect(!times.contains(time(state)), "cron reads it again: \(times) \(time(state))")
            times.append(time(state))
            return state.split(separator: "\n").map(String.init)
        }
        for line in lines {
            let order = ground.fleet.order(.disableCronEntry(CronEntry(path: "/etc/cron.d/job", line: line)))
            let result = try enforcer.execute(order)
            #expect(result.outcome == .succeeded, "\(result.message)")
            orders.append(order.id)
            #expect(try !look().contains(line))
        }
        for index in sequence.dropLast() {
            let result = try enforcer.execute(.enableCronEntry(orders[index]))
            #expect(result.outcome == .succeeded, "\(result.message)")
            #expect(try look().contains(lines[index]))
            // What is known of it is on disk.
            enforcer.kill()
            enforcer = try ground.enforcer()
        }
        #expect(try enforcer.execute(.enableCronEntry(orders[sequence[2]])).outcome == .succeeded)
        #expect(try ground.state(file) == before)
        #expect(try enforcer.status().containment.model().effects == [])
    }

    @Test("a table that somebody changes between two entries gets that change's time when both are back")
    func changedBetween() throws {
        for sequence in [[0, 1], [1, 0]] {
            let ground = try CronGround()
            let file = "etc/cron.d/job"
            let lines = [CronGround.evil, "* * * * * root touch $S/other"]
            let enforcer = try ground.enforcer()
            var orders: [OrderID] = []
            for line in lines {
                let order = ground.fleet.order(.disableCronEntry(CronEntry(path: "/etc/cron.d/job", line: line)))
                #expect(try enforcer.execute(order).outcome == .succeeded)
                orders.append(order.id)
                guard line == lines[0] else { continue }
                try Program.must([
                    "sh", "-c", #"echo '# theirs' >> "$0"; touch -d 2021-03-04 "$0""#, "\(ground.folder)/\(file)",
                ])
            }
            for index in sequence {
                #expect(try enforcer.execute(.enableCronEntry(orders[index])).outcome == .succeeded)
            }
            let state = try ground.state(file)
            #expect(state.contains("2021-03-04 00:00:00") && state.hasSuffix("# theirs"), "\(sequence): \(state)")
            #expect(state.split(separator: "\n").filter { lines.contains(String($0)) }.count == 2)
        }
    }

    @Test("what is no entry of cron's, a package's, protected or a link is refused, with the rule; nothing is changed")
    func refused() throws {
        let ground = try CronGround(policy: #"protected_paths = ["/etc/cron.d/backup"]"#)
        try ground.lab.scratch.file("etc/cron.d/backup", CronGround.evil + "\n")
        try Program.must(["ln", "-s", "job", ground.folder + "/etc/cron.d/link"])
        try ground.lab.scratch.file("etc/cron.d/twin", CronGround.evil + "\n")
        try Program.must(["ln", ground.folder + "/etc/cron.d/twin", ground.folder + "/etc/cron.d/other"])
        try ground.lab.scratch.file("etc/cron.d/strange", CronGround.evil + "\n")
        try Program.must(["chown", "4321", ground.folder + "/etc/cron.d/strange"])
        let before = try ground.state("etc/cron.d/job")
        let enforcer = try ground.enforcer()
        let refusals: [(String, String?, String)] = [
            ("/etc/passwd", "* * * * * root x", "built-in: cron place"),
            ("/etc/cron.d/../shadow", "* * * * * root x", "built-in: cron place"),
            ("/etc/cron.d/job", nil, "built-in: cron entry"), ("/etc/cron.d/job", "# a job", "built-in: cron entry"),
            ("/etc/cron.d/job", "S=\(ground.folder)", "built-in: cron entry"),
            ("/etc/cron.daily/miner", "* * * * * x", "built-in: cron entry"),
            ("/etc/cron.d/backup", CronGround.evil, "protected_paths"),
            ("/etc/cron.d/link", CronGround.evil, "built-in: link"),
            ("/etc/cron.d/other", CronGround.evil, "built-in: link"),
            ("/etc/cron.d/strange", CronGround.evil, "built-in: owner"),
        ]
        for (path, line, rule) in refusals {
            let result = try enforcer.execute(.disableCronEntry(CronEntry(path: path, line: line)))
            guard case .refused(let found) = result.outcome else {
                Issue.record("\(path): \(result.outcome) \(result.message)")
                continue
            }
            #expect(found.hasPrefix(rule), "\(path): \(found) \(result.message)")
        }
        for (path, line) in [("/etc/cron.d/job", "* * * * * root y"), ("/etc/cron.d/none", CronGround.evil)] {
            let result = try enforcer.execute(.disableCronEntry(CronEntry(path: path, line: line)))
            #expect(result.outcome == .failed(code: "cron.unknown"), "\(path): \(result.message)")
        }
        #expect(try ground.state("etc/cron.d/job") == before)
        #expect(try enforcer.status().containment.model().effects == [])
    }

    @Test("a script of a package stays executable")
    func packaged() throws {
        let found = try Program.run(["sh", "-c", "dpkg -S /etc/cron.daily/* 2>/dev/null | sed 's/.*: //' | head -1"])
        let path = found.output.split(separator: "\n").first.map(String.init) ?? ""
        guard !path.isEmpty else { return print("no package has a script of cron here: not tried") }
        let ground = try CronGround()
        let result = try ground.enforcer().execute(.disableCronEntry(CronEntry(path: path, line: nil)))
        guard case .refused(let rule) = result.outcome else {
            Issue.record("\(result.outcome) \(result.message)")
            return
        }
        #expect(rule.hasPrefix("take_packaged_files"))
    }

    @Test(
        "the real cron runs an entry before, not while it is off, and again after the undo; its neighbour always",
        .enabled(if: unsafe access("/usr/sbin/cron", X_OK) == 0, "needs /usr/sbin/cron"))
    func realCron() throws {
        let ground = try CronGround()
        try Program.must(["touch", "-d", "2020-02-02", ground.folder + "/etc/cron.d/job"])
        let enforcer = try ground.enforcer()
        let cron = try Program(
            ground.enter + ["sh", "-c", "mount -t tmpfs tmpfs /run; exec /usr/sbin/cron -f"],
            errorsTo: ground.folder + "/cron.log")
        defer { kill(cron.pid, SIGKILL) }
        let isThere = { (name: String) in unsafe access("\(ground.folder)/\(name)", F_OK) == 0 }
        let forget = { try Program.must(["rm", "-f", ground.folder + "/evil", ground.folder + "/other"]) }
        #expect(enforcer.becomes(within: 80) { isThere("evil") && isThere("other") })
        let order = ground.fleet.order(.disableCronEntry(CronEntry(path: "/etc/cron.d/job", line: CronGround.evil)))
        #expect(try enforcer.execute(order).outcome == .succeeded)
        _ = try forget()
        // Twice, so that what was begun in the same moment has had its time.
        #expect(enforcer.becomes(within: 80) { isThere("other") })
        try Program.must(["rm", ground.folder + "/other"])
        #expect(enforcer.becomes(within: 80) { isThere("other") })
        #expect(!isThere("evil"))
        #expect(try enforcer.execute(.enableCronEntry(order.id)).outcome == .succeeded)
        #expect(enforcer.becomes(within: 80) { isThere("evil") })
    }
}
