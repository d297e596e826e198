import CordonModel
import CordonOrders
import CordonScan
import CordonTrust
import Dispatch
import Glibc
import Testing

@testable import AgentEnforce

/// What a triage tells of a host with traces on it: the real enforcer, processes, sockets, nft table, keys and cron files.
@Suite("Triage", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct TriageTests {
    private let lab: Lab
    private let ground: TriageGround

    init() throws {
        lab = try Lab()
        ground = try TriageGround(lab)
    }

    @Test(
        "it tells what runs with its sum, talks, is open, starts by itself, was changed, and is not as its package brought it"
    )
    func tells() throws {
        let fleet = try Enrolled(lab.scratch)
        let enforcer = try ground.enforcer(fleet)
        let implant = try ground.implant()
        try lab.nft("add", "table", "inet", "left_by_somebody")
        let hasModules = (TextFile.text("/proc/modules") ?? "").contains("nf_tables ")
        let bundle = try ground.bundle(
            of: fleet.order(.triage(Triage(patience: .seconds(100)))), enforcer, as: "whole")

        let process = try #require(bundle.rows("processes").first { $0["pid"]?.integer == Int64(implant.pid) })
        #expect(process["executable"]?.text == ground.implantPath)
        let sum = try Program.must(["sha256sum", ground.implantPath]).prefix(64)
        #expect(process["sha256"]?.text == String(sum))
        #expect(process["command_line"]?.text?.contains("listening") == true)
        let socket = try #require(bundle.rows("sockets").first { $0["local_port"]?.integer == 4444 })
        #expect(socket["state"]?.text == "listen" && socket["pids"]?.array == [.integer(Int64(implant.pid))])
        let open = bundle.rows("open_files").filter { $0["pid"]?.integer == Int64(implant.pid) }
        #expect(open.contains { $0["target"]?.text == "\(lab.scratch.path)/loot" })
        #expect(bundle.rows("firewall").contains { $0["line"]?.text?.contains("left_by_somebody") == true })
        #expect(bundle.rows("recent_files").contains { $0["path"]?.text == ground.implantPath })
        // One that was there before, and stays: rules have been made with it.
        #expect(hasModules == bundle.rows("modules").contains { $0["name"]?.text == "nf_tables" })
        #expect(bundle.rows("mounts").contains { $0["at"]?.text == "/proc" })
        #expect(!bundle.rows("mounts").contains { $0["at"]?.text == "/etc/cron.d" }, "those of the host, not its own")
        #expect(bundle.rows("accounts").contains { $0["name"]?.text == "root" && $0["user"]?.integer == 0 })
        #expect(bundle.rows("host").contains { $0["path"]?.text == "/proc/version" })
        #expect(bundle.rows("packages").map { $0["path"]?.text } == [ground.packagedPath])
        #expect(bundle.rows("packages").first?["differs"]?.text == "??5??????")

        let logins = bundle.rows("logins").filter { $0["file"]?.text == "/var/log/btmp" }
        #expect(logins.map { $0["user"]?.text } == ["[no account of this host]", "root"], "the newest first")
        #expect(logins.first?["from"]?.text == "203.0.113.66")

        let cron = try #require(bundle.rows("persistence").first { $0["path"]?.text == "/etc/cron.d/updater" })
        #expect(cron["text"]?.text?.contains("* * * * * root \(ground.implantPath)") == true)
        let keys = try #require(
            bundle.rows("persistence").first { $0["path"]?.text == "/root/.ssh/authorized_keys" })
        #expect(keys["text"]?.text == ground.key)
        let wanted = bundle.rows("persistence").first { $0["path"]?.text == "/root/.config/systemd/user/m.service" }
        #expect(wanted?["link_to"]?.text == "/tmp/m.service")

        #expect(bundle.manifest.first?["triage"]?.integer == 1)
        let tables = bundle.manifest.filter { $0["rows"] != nil }
        #expect(tables.compactMap { $0["table"]?.text } == TriageLook.names)
        let short = tables.filter { $0["whole"]?.flag != true }.compactMap { $0["table"]?.text }
        // How long sums and packages take is the machine's affair.
        #expect(short.allSatisfy { ["processes", "packages", "recent_files"].contains($0) }, "\(short)")
        #expect(
            bundle.notes("persistence").contains(
                "/root/.config/systemd/user/elsewhere: another file system is not entered"),
            "\(bundle.notes("persistence"))")
        #expect(bundle.notes("logins").contains { $0.hasPrefix("/run/utmp: ") })
        #expect(!bundle.holds("hunter2"), "neither an environment, nor a crontab's, nor a password typed as a name")
        #expect(!bundle.holds("PRIVATE"), "no private key")
    }

    @Test("what somebody made of his home leads it nowhere, and hides nothing")
    func hostileHome() throws {
        let fleet = try Enrolled(lab.scratch)
        let home = "\(lab.scratch.path)/root"
        try Program.must(["mkdir", "-p", "\(lab.scratch.path)/other"])
        try lab.scratch.file("other/diary", "hunter2\n")
        try Program.must(["ln", "-s", "/", "\(home)/.bash_login"])
        try Program.must(["ln", "-s", "/etc/cron.d", "\(home)/.zshrc"])
        // In a home root's own link is none to follow either.
        try Program.must(["ln", "-s", "\(lab.scratch.path)/other", "\(home)/.config/autostart"])
        try Program.must([
            "python3", "-c", "import sys; open(sys.argv[1].encode() + b'/\\xff.service', 'w').write('[Service]')",
            "\(home)/.config/systemd/user",
        ])
        let enforcer = try ground.enforcer(fleet)
        let bundle = try ground.bundle(of: fleet.order(.triage(Triage(patience: .seconds(100)))), enforcer, as: "home")
        let rows = bundle.rows("persistence")
        for (name, target) in [
            (".bash_login", "/"), (".zshrc", "/etc/cron.d"), (".config/autostart", "\(lab.scratch.path)/other"),
        ] {
            #expect(rows.first { $0["path"]?.text == "/root/\(name)" }?["link_to"]?.text == target, "\(name)")
        }
        #expect(!rows.contains { $0["path"]?.text?.hasPrefix("/proc/") == true || $0["path"]?.text == "/etc/passwd" })
        #expect(rows.first { $0["path"]?.text == "/etc/cron.d/updater" }?["text"] != nil)
        #expect(!bundle.holds("hunter2"))
        let odd = rows.first { $0["path"]?.text == "/root/.config/systemd/user/\\xFF.service" }
        #expect(odd?["path_is_escaped"]?.flag == true && odd?["text"]?.text == "[Service]")
    }

    @Test("a file system of which nobody answers is not touched")
    func silence() throws {
        let fleet = try Enrolled(lab.scratch)
        let places = ["/srv", "/etc/cron.daily", "/root/.ssh"]
        let silence = try ground.silence() + " " + places.joined(separator: " ")
        let enforcer = try ground.enforcer(fleet, more: [silence])
        let bundle = try ground.bundle(of: fleet.order(.triage(Triage(patience: .seconds(60)))), enforcer, as: "silent")
        let said = ": a file system of another host or program is not entered"
        #expect(bundle.notes("persistence").contains("/etc/cron.daily" + said))
        #expect(bundle.notes("persistence").contains("/root/.ssh" + said))
        // That of /srv may find no room among those of other places: that it ended at all says it.
    }

    @Test("it keeps within its bytes, says so in the manifest, and is still a whole archive")
    func bounds() throws {
        let fleet = try Enrolled(lab.scratch)
        let enforcer = try ground.enforcer(fleet)
        try ground.fill(files: 9000)
        let triage = Triage(mostBytes: CatalogueEntry.smallestTriage, patience: .seconds(60))
        let bundle = try ground.bundle(of: fleet.order(.triage(triage)), enforcer, as: "small")
        #expect(bundle.size <= CatalogueEntry.smallestTriage)
        let stopped = bundle.manifest.filter { $0["whole"]?.flag == false }
        #expect(stopped.contains { $0["stopped"]?.text == TriageTable.Stop.bytes.rawValue }, "\(bundle.manifest)")
        #expect(bundle.message.contains("is not whole"))
        for table in bundle.manifest.filter({ $0["rows"] != nil }) {
            let name = try #require(table["table"]?.text)
            #expect(bundle.rows(name).count == table["rows"]?.integer.map { Int($0) }, "\(name)")
        }
    }

    @Test("the host's owner may forbid it, and bound how often it is taken and how much it brings")
    func policy() throws {
        let rules = [
            ("allowed_actions = [\"isolate\"]", "allowed_actions"),
            ("evidence_per_hour = 1000", "evidence_per_hour"),
            ("largest_evidence = 1000\ntriages_per_hour = 0", "triages_per_hour"),
        ]
        for (policy, rule) in rules {
            let fleet = try Enrolled(lab.scratch, policy: policy)
            let enforcer = try ground.enforcer(fleet)
            let result = try enforcer.execute(.triage(Triage()))
            guard case .refused(let said) = result.outcome else {
                Issue.record("\(policy): \(result.outcome)")
                continue
            }
            #expect(said.hasPrefix(rule), "\(said)")
            #expect(result.evidence == nil && TextFile.names(in: lab.scratch.path + "/state/evidence").isEmpty)
            enforcer.kill()
        }
    }
}

/// The parts by themselves.
@Suite("Triage's parts")
struct TriagePartTests {
    @Test(
        "lines that may hold a secret are left out, and no others",
        arguments: [
            ("PATH=/bin\n* * * * * root /tmp/x", "\(SecretLines.mark)\n* * * * * root /tmp/x"),
            ("[Service]\nExecStart=/tmp/x\nEnvironment=A=b", "[Service]\nExecStart=/tmp/x\n\(SecretLines.mark)"),
            ("  export KEY = 1", SecretLines.mark), ("curl -H 'Authorization: TOKEN x'", SecretLines.mark),
            (
                "a\n-----BEGIN X-----\nMII\n-----END X-----\nb",
                "a\n" + ([SecretLines.mark] + Self.two).joined(separator: "\n") + "\nb"
            ),
            ("ssh-ed25519 AAAA== ana", "ssh-ed25519 AAAA== ana"), ("", ""),
            ("[Service]\r\nEnvironment=DSN=x\r\nUser=a\r", "[Service]\r\n\(SecretLines.mark)\nUser=a\r"),
            ("Environment=\u{301}x", SecretLines.mark), ("a\rB=c", SecretLines.mark),
            ("no-pty,environment=\"K=v\" ssh-ed25519 AAAA ana", SecretLines.mark),
            ("ExecStart=/usr/bin/env k=v /bin/x", SecretLines.mark), ("* * * * * root K=v /bin/x", SecretLines.mark),
            ("ExecStart=/bin/x postgres://u:p@h/d", SecretLines.mark),
            ("ExecStart=/usr/bin/env python3 --level=3 k", "ExecStart=/usr/bin/env python3 --level=3 k"),
            ("EnvironmentFile=/etc/default/x", "EnvironmentFile=/etc/default/x"),
        ])
    func secrets(text: String, told: String) { #expect(SecretLines.leftOut(text) == told) }

    private static let two = [SecretLines.mark, SecretLines.mark]

    @Test("a table ends at its rows, at its bytes and at its time, and has a bound on what is said of it")
    func table() throws {
        let far = ContinuousClock.now + .seconds(3600)
        func table(_ most: Int, _ end: ContinuousClock.Instant) -> TriageTable {
            TriageTable("t", cutAt: Timestamp(seconds: 0), most: most, until: end)
        }
        let full = table(16, far)
        try full.add(["a": 1])
        #expect(throws: TriageTable.Stop.bytes) { try full.add(["a": "0123456789"]) }
        #expect(full.rows == 1 && full.bytes == Array("{\"a\":1}\n".utf8))
        #expect(throws: TriageTable.Stop.time) { try table(16, ContinuousClock.now).add(["a": 1]) }
        let long = table(.max, far)
        for _ in 0..<TriageTable.mostRows { try long.add(1) }
        #expect(throws: TriageTable.Stop.rows) { try long.add(1) }
        for _ in 0..<1000 { long.note(String(repeating: "x", count: 100)) }
        #expect(long.notes.count == TriageTable.mostNotes / 100 && long.notesLeftOut == 1000 - long.notes.count)
    }

    @Test("where another host or a program answers is known from mountinfo, whatever covers it")
    func remote() {
        let places = RemotePlaces(
            """
            1 0 8:1 / / rw - ext4 /dev/sda1 rw
            2 1 0:30 / /home rw - nfs4 server:/home rw
            3 2 8:2 / /home/own rw - ext4 /dev/sdb1 rw
            4 1 0:31 / /mnt/a\\040b rw - fuse.sshfs x rw
            5 1 0:32 / /net rw - autofs auto rw
            6 1 8:3 / /data/in rw - ext4 /dev/sdc1 rw
            7 1 0:33 / /data rw - cifs //x/y rw
            """)
        for (path, isRemote) in [
            ("/", false), ("/etc/x", false), ("/home", true), ("/home/ana/x", true), ("/home/own/x", false),
            ("/homes", false), ("/mnt/a b/c", true), ("/net/x", true), ("/data/in/x", true),
        ] { #expect(places.hold(path) == isRemote, "\(path)") }
        #expect(places.begin(at: RawPath("/home")) && !places.begin(at: RawPath("/home/ana")))
        #expect(RemotePlaces("").hold("/x") == nil)
    }

    @Test("a look that does not end is given up, and who comes meanwhile is told so")
    func noEnd() throws {
        let thread = QuietThread()
        let (answer, over) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        func code(_ work: () throws -> Void) -> String? {
            do { try work() } catch { return (error as? EnforceError)?.code }
            return nil
        }
        #expect(
            code {
                try thread.run(within: .zero) {
                    answer.wait()
                } late: {
                    over.signal()
                }
            } == "look.no_end")
        #expect(
            code {
                try thread.run(within: .seconds(60)) {
                } late: {
                }
            } == "look.busy")
        answer.signal()
        over.wait()
        // It is over a moment after that.
        while code({
            try thread.run(within: .seconds(60)) {
            } late: {
            }
        }) == "look.busy" { sched_yield() }
    }

    @Test("of a large login file the newest are read, from its end")
    func logins() throws {
        let scratch = try Scratch()
        try scratch.file("last", TriageGround.login("root", "203.0.113.65") + TriageGround.login("ana", "203.0.113.66"))
        let old = 200_000 * LoginRecords.width
        try Program.must(["sh", "-c", "cd '\(scratch.path)' && truncate -s \(old) btmp && cat last >> btmp"])
        let (records, all) = try #require(LoginRecords.newest(of: "\(scratch.path)/btmp", most: 2))
        #expect(all == 200_002)
        #expect(records.map { String(decoding: $0[44..<76].prefix { $0 != 0 }, as: UTF8.self) } == ["ana", "root"])
    }

    @Test("tar(1) reads the archive, whatever the sizes")
    func archive() throws {
        let scratch = try Scratch()
        let sizes = [0, 1, 511, 512, 513, 70_000]
        var bytes: [UInt8] = []
        for size in sizes {
            let entry = TarFile.entry("f\(size).ndjson", [UInt8](repeating: 0x61, count: size), time: 1_700_000_000)
            #expect(entry.count == TarFile.length(of: size))
            bytes += entry
        }
        try scratch.file("a.tar", String(decoding: bytes + TarFile.end, as: UTF8.self))
        try Program.must(["tar", "-xf", "\(scratch.path)/a.tar", "-C", scratch.path])
        for size in sizes {
            let file = try #require(FileStatus(at: "\(scratch.path)/f\(size).ndjson"))
            #expect(file.identity.size == size && file.identity.modified.seconds == 1_700_000_000)
        }
    }
}
