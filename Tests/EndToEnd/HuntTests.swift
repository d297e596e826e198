import CordonScan
import CordonTesting
import Testing

@Suite(
    "hunting and detecting, with real agents", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")))
struct HuntTests {
    /// What a hunt of one host that is there found, and how it ended.
    private func hunt(_ ground: Ground, _ words: String...) throws -> [JSONValue] {
        let command = ground.people.command(
            ["hunt", "start"] + words + ["--host", "web", "--reason", "a test", "--watch", "--json"])
        return try command.must().split(separator: "\n").compactMap { try JSONValue.parse(String($0))["values"] }
    }

    @Test("processes, files by hash, accounts and the journal are hunted through", .timeLimit(.minutes(3)))
    func kinds() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        let decoy = try ground.lab.daemon(
            ["sleep", "34567"], in: .web, log: "\(ground.lab.scratch.path)/decoy.log")
        let process = try Waiting.until("the process is there") {
            try hunt(ground, "process", "--where", "command_line=sleep 34567").first
        }
        #expect(process["name"]?.text == "sleep" && process["start_time"]?.text != nil)

        let implant = try ground.lab.scratch.file("hosts/web/implant", "abc")
        try ground.lab.scratch.file("hosts/web/harmless", "other")
        let files = try hunt(
            ground, "file", "--where", "path=\(web.host.folder)/*", "--where",
            "sha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(files.map { $0["path"]?.text } == [implant])

        #expect(try hunt(ground, "user", "--where", "name=root").map { $0["uid"]?.text } == ["0"])

        if JournalTool.isThere {
            let folder = web.host.journal
            let messages = (1...40).map { ("MESSAGE", $0 == 7 ? "Failed password for mallory" : "line \($0)") }
            try JournalTool.write(
                messages.enumerated().map { .init(number: $0.offset + 1, fields: [$0.element, ("_PID", "77")]) },
                to: "\(folder)/system.journal")
            try Command(["chmod", "-R", "a+rX", folder]).must()
            let entries = try hunt(ground, "journal", "--where", "text=MALLORY", "--where", "_PID=77")
            #expect(entries.map { $0["message"]?.text } == ["Failed password for mallory"])
        }
        withExtendedLifetime((web, decoy)) {}
    }

    @Test(
        "what is found comes while another host is still waited for, a hunt is cancelled, and one expires",
        .timeLimit(.minutes(4)))
    func progress() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        let db = try ground.host(.db)
        db.agent.kill()
        _ = try Waiting.until("db offline", within: .seconds(60)) {
            try ground.people.host("db")?["state"]?.text == "offline" ? true : nil
        }
        // A minute is the least that a hunt may live.
        let words = ["user", "--where", "name=root", "--reason", "a test"]
        let expiring = try start(ground, words + ["--expires", "60s"])
        let cancelled = try start(ground, words)
        for id in [expiring, cancelled] {
            let row = try Waiting.until("web's answer") { try ground.people.look("hunt", "results", id).first }
            #expect(row["values"]?["name"]?.text == "root")
            let shown = try Waiting.until("web is done") { () -> JSONValue? in
                let hunt = try ground.people.look("hunt", "show", id).first
                return hunt?["progress"]?["done"]?.integer == 1 ? hunt : nil
            }
            #expect(shown["state"]?.text == "running" && shown["progress"]?["waiting"]?.integer == 1)
        }
        #expect(try ground.people.text("hunt", "show", cancelled).contains("db  waiting"))

        let over = try #require(try ground.people.look("hunt", "cancel", cancelled).first)
        #expect(over["state"]?.text == "cancelled" && over["progress"]?["cancelled"]?.integer == 1)
        #expect(try ground.people.look("hunt", "results", cancelled).count == 1)

        let expired = try Waiting.until("the hunt expires", within: .seconds(90)) { () -> JSONValue? in
            let hunt = try ground.people.look("hunt", "show", expiring).first
            return hunt?["state"]?.text == "expired" ? hunt : nil
        }
        #expect(expired["progress"]?["expired"]?.integer == 1 && expired["progress"]?["done"]?.integer == 1)
        #expect(try ground.people.attempt("audit", "verify").status == 0)
        withExtendedLifetime((web, db)) {}
    }

    private func start(_ ground: Ground, _ words: [String]) throws -> String {
        let hunt = try JSONValue.parse(
            try ground.people.command(["hunt", "start"] + words + ["--json"]).must().split(separator: "\n").joined())
        return try #require(hunt["id"]?.text)
    }

    @Test(
        "rules with a placeholder are refused without their group, and match at the host with it",
        .timeLimit(.minutes(3)))
    func rules() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        let folder = try ground.lab.scratch.folder("rules")
        try ground.lab.scratch.file("rules/logon.yml", Self.rule)
        let refused = try ground.people.command(["rules", "publish", folder, "--name", "logons"]).run()
        #expect(refused.status == 1)
        for part in ["logon.yml:9:", "%admins%", "cordon groups set admins"] {
            #expect(refused.complaint.contains(part), "\(refused.complaint)")
        }
        #expect(try ground.people.look("rules", "list").first?["items"]?.array?.isEmpty == true)

        _ = try ground.people.look("groups", "set", "admins", "root", "mar*")
        let pack = try #require(try ground.people.look("rules", "publish", folder, "--name", "logons").first)
        #expect(pack["version"]?.integer == 1 && pack["rules"]?.integer == 1)
        _ = try ground.people.look("rules", "stage", "1")
        let rules = try Waiting.until("the pack is in force") { () -> JSONValue? in
            let rules = try ground.people.look("host", "show", "web").first?["rules"]
            return rules?["version"]?.integer == 1 ? rules : nil
        }
        #expect(rules["name"]?.text == "logons" && rules["staged"]?.integer == 1 && rules["fault"]?.text == "")
        #expect(try ground.people.text("host", "show", "web").contains("version 1 (logons)"))

        try web.host.log(["sshd[1]: Accepted password for git from 203.0.113.66 port 40110 ssh2"])
        try web.host.log(["sshd[2]: Accepted password for maria from 203.0.113.66 port 40111 ssh2"])
        let alert = try Waiting.until("the alert", within: .seconds(45)) {
            try ground.people.look("alerts").first { $0["rule"]?["id"]?.text == Self.id }
        }
        #expect(alert["title"]?.text?.contains("maria") == true)
        #expect(try ground.people.look("alerts").filter { $0["rule"]?["id"]?.text == Self.id }.count == 1)
    }

    private static let id = "0a1b2c3d-0000-4000-8000-000000000042"
    private static let rule = """
        title: An administrator signs in with a password
        id: \(id)
        author: Ada
        logsource:
          product: linux
          service: sshd
        detection:
          selection:
            user.name|expand: '%admins%'
            event.outcome: success
          condition: selection
        level: high
        """
}
