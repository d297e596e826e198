import CordonModel
import CordonOrders
import CordonScan
import CordonTrust
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
        let modules = (TextFile.text("/proc/modules") ?? "").split(separator: "\n").count
        #expect(bundle.rows("modules").count == modules)
        #expect(bundle.rows("mounts").contains { $0["at"]?.text == "/etc/cron.d" })
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
        #expect(tables.allSatisfy { $0["whole"]?.flag == true }, "\(tables)")
        #expect(
            bundle.notes("persistence").contains(
                "/root/.config/systemd/user/elsewhere: another file system is not entered"),
            "\(bundle.notes("persistence"))")
        #expect(bundle.notes("logins").contains { $0.hasPrefix("/run/utmp: ") })
        #expect(!bundle.holds("hunter2"), "neither an environment, nor a crontab's, nor a password typed as a name")
        #expect(!bundle.holds("PRIVATE"), "no private key")
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
