import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import ControllerStore
import CordonModel
import CordonScan
import CordonTesting
import CordonTrust
import FoundationEssentials
import HummingbirdTesting
import Synchronization
import Testing

/// The real `cordon` against the real API on loopback.
@Suite("The command line")
struct CommandLineTests {
    @Test("signs in, keeps the session for its owner alone, works by it, and signs out")
    func session() async throws {
        let desk = try Desk()
        try await desk.serve(try await APIFixture()) { run in
            #expect(try await run(["hosts"], "").status == 3, "nobody is signed in yet")
            let login = try await run(
                ["login", desk.url, "--user", "responder", "--password-stdin"], WebFixture.password + "\n")
            #expect(login.status == 0, "\(login.errors)")
            #expect(try FileManager.default.attributesOfItem(atPath: desk.config)[.posixPermissions] as? Int == 0o600)
            #expect(try await run(["whoami", "--json"], "").output.contains(#""name":"responder""#))
            #expect(try await run(["logout"], "").status == 0)
            #expect(try await run(["whoami"], "").status == 3)
            #expect(!FileManager.default.fileExists(atPath: desk.config))
        }
    }

    @Test("a wrong password ends with 1, a session that was ended elsewhere with 3, a thing that is not there with 5")
    func exits() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        try await desk.serve(fixture, as: .viewer) { run in
            let wrong = try await run(
                ["login", desk.url, "--user", "viewer", "--password-stdin"], "not the password\n")
            #expect(wrong.status == 1)
            #expect(wrong.errors.contains("The name or the password is not right."))
            #expect(try await run(["host", "show", "nobody"], "").status == 5)
            #expect(try await run(["case", "show", "C-99"], "").status == 5)
            #expect(try await run(["isolate", "web-1", "--reason", "x"], "").status == 1, "a viewer may not")
            #expect(try await run(["block", "web-1", "10.0.0.1/8", "--reason", "x"], "").status == 2)
            #expect(try await run(["isolate", "web-1"], "").status == 2, "without a reason")
            try await fixture.services.access.removeUser("viewer", by: .system)
            #expect(try await run(["hosts"], "").status == 3)
        }
    }

    @Test(
        "lists are tables for people and an object a line for programs",
        arguments: ["hosts", "alerts", "cases", "tasks", "orders"])
    func lists(verb: String) async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        _ = try await fixture.order()
        try await desk.serve(fixture, as: .viewer) { run in
            let table = try await run([verb], "")
            #expect(table.status == 0, "\(table.errors)")
            #expect(table.lines.count >= 2)
            #expect(!table.output.contains("\u{1B}"), "no colours where there is no terminal")
            let lines = try await run([verb, "--json"], "").lines
            #expect(lines.count == table.lines.count - 1)
            for line in lines { #expect(try JSONValue.parse(String(line))["id"] != nil) }
        }
    }

    @Test("hostile text of a log is shown, never obeyed")
    func hostile() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        _ = try await fixture.web.raise("\u{1B}]0;owned\u{07}\u{1B}[2J\u{202E}evil\u{9B}31m\r\nfake line")
        try await desk.serve(fixture, as: .viewer) { run in
            for verb in [
                ["alerts"], ["alerts", "--json"], ["cases"], ["cases", "--json"], ["case", "show", "C-2"],
                ["case", "show", "C-1"], ["case", "report", "C-1"],
            ] {
                let outcome = try await run(verb, "")
                let unsafe = outcome.output.unicodeScalars.filter { scalar in
                    scalar != "\n"
                        && [.control, .format, .lineSeparator, .paragraphSeparator].contains(
                            scalar.properties.generalCategory)
                }
                #expect(unsafe.isEmpty, "\(verb): \(unsafe.map { String($0.value, radix: 16) })")
            }
            let shown = try await run(["alerts", "--json"], "").lines.compactMap { try? JSONValue.parse(String($0)) }
            #expect(
                shown.contains { $0["title"]?.text?.contains("\u{202E}evil") == true },
                "programs get the text as it was")
        }
    }

    @Test("an order is given by a host's name, approved tasks by a case's label")
    func work() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        try await desk.serve(fixture, as: .responder) { run in
            let order = try await run(
                ["isolate", "WEB-1", "--reason", "cut", "--for", "90m", "--case", "C-1", "--json"], "")
            try #require(order.status == 0, "\(order.errors)")
            let json = try JSONValue.parse(order.output.split(separator: "\n").joined())
            #expect(json["action"] == ["kind": "isolate", "duration_s": 5400])
            #expect(json["case"]?.text == "\(fixture.file.id)")
            let approve = try await run(["approve", "C-1", "--reason", "confirmed"], "")
            #expect(approve.status == 0, "\(approve.errors)")
            #expect(approve.output.hasPrefix("Approved:"))
            #expect(try await run(["approve", "C-1", "--reason", "again"], "").status == 5)
            #expect(try await run(["case", "note", "C-1", "-"], "from a pipe\n").status == 0)
            #expect(try await run(["case", "show", "C-1"], "").output.contains("from a pipe"))
            let waiting = try await run(["release", "web-1", "--reason", "x", "--wait", "--patience", "1s"], "")
            #expect(waiting.status == 1, "the host is offline")
            #expect(waiting.errors.contains("it goes on without you"))
            let parameters = ["domain=evil.example", "duration_s=7d"]
            let sinkhole = try await run(["act", "web-1", "sinkhole_domain"] + parameters + ["--reason", "x"], "")
            #expect(sinkhole.output.contains("sinkhole evil.example and all below it for 7d"), "\(sinkhole.output)")
            let block = ["block", "web-1", "203.0.113.7", "--ports", "tcp/22", "--for", "1h", "--reason", "x"]
            #expect(try await run(block, "").output.contains("block 203.0.113.7, to tcp/22 for 1h"))
            let list = try await run(["orders"], "").output
            #expect(list.contains("sinkhole evil.example") && list.contains("block 203.0.113.7, to tcp/22 for 1h"))
        }
    }

    @Test("what cannot be meant ends with 2 and is said in the words that were typed")
    func usage() async throws {
        let desk = try Desk()
        try await desk.serve(try await APIFixture(), as: .administrator) { run in
            for arguments in [
                ["isolate", "web-1", "--reason", "x", "--for", "400d"],
                ["block", "web-1", "10.0.0.1", "--reason", "x", "--for", "367d"],
                ["release", "web-1", "--reason", "x", "--lifetime", "31d"],
            ] {
                let outcome = try await run(arguments, "")
                let option = arguments[arguments.count - 2]
                #expect(
                    outcome.status == 2 && outcome.errors.contains("\(option) is ")
                        && outcome.errors.contains("d at most"), "\(outcome.errors)")
                #expect(!outcome.errors.contains("duration_s"))
            }
            let nothing = try await run(["rules", "publish", "/nope", "--name", "x"], "")
            #expect(nothing.status == 2 && nothing.errors.contains("/nope cannot be read"))
            let empty = try Scratch()
            let none = try await run(["rules", "publish", empty.path, "--name", "x"], "")
            #expect(none.status == 2 && none.errors.contains("There is no *.yml"))
        }
    }

    @Test("a hunt that no host answered says so, on the command line and on its page, and is not finished well")
    func unanswered() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        let id = HuntID(UUIDv7(high: 0x019f_0000_0000_7000, low: 0x8000_0000_0000_0077))
        let start = WebFixture.start
        let hunt = HuntRecord(
            id: id, question: HuntQuestion(kind: .user, parameters: [:]), budget: HuntBudget(), startedBy: "ada",
            reason: "x", startedAt: start, expiresAt: start + .seconds(60), state: .finished, endedAt: start,
            hosts: [
                WebFixture.web1.id: .init(state: .failed, message: "no journal", changedAt: start),
                WebFixture.db1.id: .init(state: .unsupported, changedAt: start),
            ])
        try await fixture.web.store.save(hunt, recording: [])
        try await desk.serve(fixture, as: .analyst) { run in
            let shown = try await run(["hunt", "show", "\(id)"], "")
            #expect(shown.output.contains("no host answered") && shown.output.contains("no journal"), "\(shown.errors)")
            #expect(try await run(["hunt", "list"], "").output.contains("no host answered"))
            let json = try await run(["hunt", "show", "\(id)", "--json"], "")
            #expect(json.output.contains(#""finished""#), "programs get the state as it is")
            #expect(try await run(["hunt", "results", "\(id)"], "").status == 1)
        }
    }

    @Test("a hunt of which a host reached a bound says which, and is not finished well")
    func truncated() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        let id = HuntID(UUIDv7(high: 0x019f_0000_0000_7000, low: 0x8000_0000_0000_0078))
        let start = WebFixture.start
        let hunt = HuntRecord(
            id: id, question: HuntQuestion(kind: .user, parameters: [:]), budget: HuntBudget(), startedBy: "ada",
            reason: "x", startedAt: start, expiresAt: start + .seconds(60), state: .finished, endedAt: start,
            hosts: [
                WebFixture.web1.id: .init(state: .truncated, message: "its budget was used up", changedAt: start),
                WebFixture.db1.id: .init(state: .done, changedAt: start),
            ])
        try await fixture.web.store.save(hunt, recording: [])
        try await desk.serve(fixture, as: .analyst) { run in
            let found = try await run(["hunt", "results", "\(id)"], "")
            #expect(found.status == 1, "\(found.output)\(found.errors)")
            #expect(found.errors.contains("web-1 did not look at all") && found.errors.contains("used up"))
            #expect(found.errors.contains("1 host reached a bound") && found.errors.contains("--rows"))
        }
    }

    @Test("what a host lost or missed is shown with it, to people and to programs")
    func gaps() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        let gap = Gap(
            source: "journal", noticedAt: WebFixture.start, message: "The journal was vacuumed.\u{1B}[2J", items: 12)
        _ = try await fixture.services.intake.ingest(
            ShippedBatch(
                epoch: [UInt8](repeating: 1, count: 16), firstSequence: 1, items: [.telemetry(.gap(gap))]),
            from: WebFixture.web1.id)
        try await desk.serve(fixture, as: .viewer) { run in
            let shown = try await run(["host", "show", "web-1"], "")
            #expect(shown.output.contains("journal: The journal was vacuumed."), "\(shown.output)\(shown.errors)")
            #expect(shown.output.contains("(12 items)") && !shown.output.contains("\u{1B}"))
            let json = try await run(["host", "show", "web-1", "--json"], "")
            let said = try JSONValue.parse(json.output)["gaps"]?[0]
            #expect(said?["items"]?.integer == 12 && said?["source"]?.text == "journal")
            let other = try await run(["host", "show", "db-1", "--json"], "")
            #expect(try JSONValue.parse(other.output)["gaps"]?.array?.isEmpty == true)
        }
    }

    @Test("a group's values come as words, from a file or from standard input, but not from two of them")
    func groupValues() async throws {
        let desk = try Desk()
        let scratch = try Scratch()
        let file = try scratch.file("admins", "root\r\nalice\n\nsvc-*\n")
        try await desk.serve(try await APIFixture(), as: .administrator) { run in
            let listed = try await run(["groups", "set", "admins", "--list", file, "--json"], "")
            #expect(
                try JSONValue.parse(listed.output)["values"]?.texts == ["root", "alice", "svc-*"], "\(listed.errors)")
            let many = (0..<2000).map { "host-\($0)\n" }.joined()
            let piped = try await run(["groups", "set", "hosts", "--list", "-"], many)
            #expect(piped.status == 0 && piped.output.contains("has 2000 values"), "\(piped.errors)")
            let more = try await run(["groups", "set", "hosts", "--list", "-"], many + "one more\n")
            #expect(more.status == 1 && more.errors.contains("2000"), "\(more.errors)")
            for words in [["a", "--list", file], []] {
                let unclear = try await run(["groups", "set", "admins"] + words, "")
                #expect(unclear.status == 2 && unclear.errors.contains("--list"), "\(unclear.errors)")
            }
            let words = try await run(["groups", "set", "hosts"] + (0..<20_000).map { "h\($0)" }, "")
            #expect(words.status == 2 && words.errors.contains("--list FILE"), "\(words.errors)")
        }
    }

    @Test("what is empty or too much is answered in the words that were typed")
    func odd() async throws {
        let desk = try Desk()
        let long = String(repeating: "a", count: 5000)
        let huge = String(repeating: "a", count: 100_000)
        try await desk.serve(try await APIFixture(), as: .administrator) { run in
            for (words, says) in [
                (["search", long], "the query does not have"), (["search", huge], "too long"),
                (["search", "x", "--host", ""], "The host's name is empty"),
                (["host", "show", long], "There is no host named aaa"), (["case", "show", ""], "empty"),
                (["case", "show", huge], "too long"), (["hunt", "show", ""], "empty"),
                (["hunt", "cancel", ""], "empty"), (["hunt", "results", ""], "empty"),
                (["playbook", "show", ""], "empty"), (["groups", "remove", ""], "empty"),
                (["hunt", "list", "--limit", "0"], "--limit is 1 or more"),
                (["hunt", "start", "process", "--reason", ""], "reason does not have"),
                (["hunt", "start", "process", "--reason", "x", "--cpu", "1000"], "cpu is not between 1 and 100"),
            ] {
                let answer = try await run(words, "")
                #expect(answer.status != 0, "\(words.prefix(2))")
                #expect(answer.errors.contains(says), "\(words.prefix(2)): \(answer.errors.prefix(300))")
                #expect(!answer.errors.contains("?limit") && !answer.errors.contains("{id}"))
            }
        }
    }

    @Test("a case's timeline names playbooks and hosts for people, and keeps identifiers for programs")
    func names() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        let run = fixture.task.run
        let host = WebFixture.web1.id
        let file = fixture.file.id
        try await fixture.services.cases.append(
            .order, to: file, "isolate on host \(host).", by: "playbook:\(run)", reference: "order:1")
        let name = try #require(try await fixture.services.runs.run(run)?.playbookName)
        try await desk.serve(fixture, as: .viewer) { cordon in
            let shown = try await cordon(["case", "show", "C-1"], "")
            #expect(shown.output.contains("playbook “\(name)”: isolate on host web-1."), "\(shown.output)")
            #expect(!shown.output.contains("playbook:"))
            let json = try await cordon(["case", "show", "C-1", "--json"], "")
            #expect(json.output.contains("playbook:\(run)") && json.output.contains("on host \(host)"))
            let report = try await cordon(["case", "report", "C-1"], "")
            #expect(report.output.contains("isolate on host web-1") && !report.output.contains("playbook:"))
        }
    }

    @Test("an audit export checks without the controller, and any change of it shows")
    func audit() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        try await desk.serve(fixture, as: .administrator) { run in
            #expect(try await run(["audit", "verify"], "").status == 0)
            let export = try await run(["audit", "export"], "").output
            let verified = try await run(["audit", "verify", "--file", "-", "--json"], export)
            #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
            #expect(try JSONValue.parse(verified.output.split(separator: "\n").joined())["records"]?.integer == 7)
            let lines = export.split(separator: "\n").map(String.init)
            let edited = lines.map {
                $0.contains(#""index":4"#) ? $0.split(separator: "case.note").joined(separator: "case.nope") : $0
            }
            let shortened = lines.filter { !$0.contains(#""index":7"#) }
            let gap = lines.filter { !$0.contains(#""index":3"#) }
            let unsealed = lines.filter { !$0.contains(#""checkpoint":"#) }
            for changed in [edited, shortened, gap, unsealed] {
                let outcome = try await run(["audit", "verify", "--file", "-"], changed.joined(separator: "\n"))
                #expect(outcome.status == 1, "\(outcome.output)")
                #expect(outcome.output.contains("NOT INTACT"))
            }
            let empty = try await run(["audit", "verify", "--file", "-"], lines[0])
            #expect(empty.status == 1 && empty.errors.contains("holds no record"))
            let other = HexDigit.text(SigningKey().verifyingKey.rawBytes)
            #expect(
                try await run(["audit", "verify", "--file", "-", "--key", other], export).status == 1,
                "another controller's chain")
            #expect(try await run(["audit", "verify", "--file", "/nonexistent"], "").status == 2)
        }
    }

    @Test("a controller that is not there ends with 4, and a session never goes to another one")
    func unreachable() async throws {
        let desk = try Desk()
        let away = ["CORDON_URL": "http://127.0.0.1:1", "CORDON_TOKEN": "x", "HOME": desk.home]
        #expect(try await Program.start(Program.cordon, ["hosts"], environment: away).status == 4)
        try await desk.serve(try await APIFixture(), as: .viewer) { _ in
            let other = try await Program.start(
                Program.cordon, ["hosts"], environment: ["HOME": desk.home, "CORDON_URL": "http://127.0.0.1:1"])
            #expect(other.status == 3)
        }
    }

    @Test("a playbook is checked without a controller", arguments: [#"{"type":"playbook"}"#, "no json", "", "[]"])
    func validate(document: String) async throws {
        let outcome = try await Program.start(Program.cordon, ["playbook", "validate", "-", "--json"], input: document)
        #expect(outcome.status == 1)
        let report = try JSONValue.parse(outcome.output.split(separator: "\n").joined())
        #expect(report["valid"]?.flag == false)
        #expect(report["faults"]?[0]?["pointer"]?.text != nil)
        #expect(report["faults"]?[0]?["message"]?.text?.isEmpty == false)
        #expect(report["warnings"]?.array != nil)
    }

    @Test("a pipe that nobody writes to, and a file of a terabyte, are refused at once", .timeLimit(.minutes(1)))
    func neverEnding() async throws {
        let desk = try Desk()
        let (pipe, huge) = (desk.home + "/pipe", desk.home + "/huge.json")
        for command in [["mkfifo", pipe], ["truncate", "-s", "1T", huge]] {
            let made = try await Program.start("/usr/bin/env", command)
            #expect(made.status == 0, "\(made.errors)")
        }
        for (file, why) in [(pipe, "is no plain file"), (huge, "is larger than")] {
            let outcome = try await Program.start(Program.cordon, ["playbook", "validate", file])
            #expect(outcome.status == 2)
            #expect(outcome.errors.contains(why), "\(outcome.errors)")
        }
    }

    struct Usage: Sendable {
        let arguments: [String]
        let status: Int32
    }

    static let usages: [Usage] = [
        Usage(arguments: ["playbook", "validate", "/nonexistent"], status: 2),
        Usage(arguments: ["playbook", "validate", "/dev/zero"], status: 2),
        Usage(arguments: ["playbook", "validate", "/tmp"], status: 2),
        Usage(arguments: ["playbook", "validate"], status: 2), Usage(arguments: ["no-such-verb"], status: 2),
        Usage(arguments: ["login", "http://example.org"], status: 2),
        Usage(arguments: ["login", "https://"], status: 2),
        Usage(arguments: ["login", "https://x", "--fingerprint", "zz"], status: 2),
        Usage(arguments: ["--help"], status: 0), Usage(arguments: ["case", "--help"], status: 0),
        Usage(arguments: ["--generate-completion-script", "bash"], status: 0),
        Usage(arguments: ["--version"], status: 0),
    ]

    @Test("a file that cannot be read and wrong usage end with 2, help with 0", arguments: usages)
    func usage(usage: Usage) async throws {
        let outcome = try await Program.start(Program.cordon, usage.arguments, environment: ["HOME": "/nonexistent"])
        #expect(outcome.status == usage.status, "\(outcome.errors)")
        #expect(!(usage.status == 0 ? outcome.output : outcome.errors).isEmpty)
    }

    @Test("watching prints what changes, a line each")
    func watching() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        let signIn = try await fixture.services.access.signIn("viewer", password: WebFixture.password, from: .v4(1))
        try await desk.serve(fixture) { _ in
            let environment = ["HOME": desk.home, "CORDON_URL": desk.url, "CORDON_TOKEN": signIn.token]
            let watch = try Program.launch(Program.cordon, ["orders", "--watch", "--json"], environment: environment)
            try await until { fixture.services.changes.watcherCount == 1 }
            let order = try await fixture.order()
            fixture.services.changes.publish(
                Change(topic: .order, id: "\(order.id)", summary: "", at: WebFixture.start))
            try await until { watch.output.contains("\(order.id)") }
            try await fixture.services.access.signOut(signIn.credential)
            let outcome = try await watch.end()
            #expect(outcome.status == 3, "the session has ended: \(outcome.errors)")
            #expect(outcome.lines.count == 1)
        }
    }
}

/// A place to work at: a home folder of its own, and a controller on loopback.
final class Desk: Sendable {
    let home: String
    private let port = Port()

    final class Port: Sendable {
        private let number = Mutex(0)
        var value: Int {
            get { number.withLock { $0 } }
            set { number.withLock { $0 = newValue } }
        }
    }

    typealias Run = @Sendable (_ arguments: [String], _ input: String) async throws -> Program.Outcome

    init() throws {
        home = FileManager.default.temporaryDirectory.path + "/cordon-desk-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: home) }

    var url: String { "http://127.0.0.1:\(port.value)" }
    var config: String { home + "/.config/cordon/config" }

    /// Serves the API meanwhile; signed in as the user of that role when one is given.
    func serve(
        _ fixture: APIFixture, as role: Role? = nil, _ body: @escaping @Sendable (@escaping Run) async throws -> Void
    ) async throws {
        try await fixture.application.test(.live) { client in
            self.port.value = try #require(client.port)
            let run: Run = { try await Program.start(Program.cordon, $0, environment: ["HOME": self.home], input: $1) }
            if let role {
                let login = try await run(
                    ["login", self.url, "--user", role.rawValue, "--password-stdin"], WebFixture.password + "\n"
                )
                try #require(login.status == 0, "\(login.errors)")
            }
            try await body(run)
        }
    }
}
