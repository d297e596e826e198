import ControllerAPI
import ControllerIntake
import ControllerRules
import CordonModel
import CordonScan
import HTTPTypes
import HummingbirdTesting
import Testing

@Suite("Trying packs over the API and the command line")
struct RuleTrialRouteTests {
    private static let rule = """
        title: "Netcat \\e[31mlistens"
        id: nc
        author: Ada
        logsource:
          product: linux
        detection:
          keywords: ['*nc -l*']
          condition: keywords
        level: high
        """

    /// A fixture with a pack, and events of two hosts an hour before now.
    private func fixture() async throws -> APIFixture {
        let fixture = try await APIFixture()
        _ = try await fixture.services.rules.publish(
            [.init(name: "nc.yml", text: Self.rule)], name: "linux", by: .system)
        let time = WebFixture.start - .seconds(3600)
        for (host, lines) in [(WebFixture.web1, ["nc -l 4444\u{1B}[2J", "ls"]), (WebFixture.db1, ["ls", "ls"])] {
            let items = lines.map {
                ShippedItem.telemetry(.event(Event(timestamp: time, created: time, original: $0)))
            }
            let batch = ShippedBatch(epoch: [UInt8](repeating: 3, count: 16), firstSequence: 1, items: items)
            _ = try await fixture.services.intake.ingest(batch, from: host.id)
        }
        return fixture
    }

    private func lines(_ answer: Caller.Answer) throws -> [JSONValue] {
        try answer.text.split(separator: "\n").map { try JSONValue.parse(String($0)) }
    }

    @Test("a line for each rule that held, then a summary that says whether all was looked at")
    func answers() async throws {
        try await fixture().test(as: .analyst) { caller in
            let answer = try await caller.get("rule-packs/1/matches")
            let lines = try lines(answer)
            #expect(lines.map { $0["kind"]?.text } == ["rule", "summary"])
            #expect(lines.first?["id"]?.text == "nc")
            #expect(lines.first?["author"]?.text == "Ada")
            #expect(lines.first?["hosts"]?.texts == ["\(WebFixture.web1.id)"])
            #expect(lines.last?["complete"]?.flag == true)
            #expect(lines.last?["events"]?.integer == 4)
            let part = try self.lines(try await caller.get("rule-packs/1/matches?most_events=1"))
            #expect(part.last?["complete"]?.flag == false)
            #expect(part.last?["ended_by"]?.text == "events")
            let other = try self.lines(try await caller.get("rule-packs/1/matches?host=\(WebFixture.db1.id)"))
            #expect(other.map { $0["kind"]?.text } == ["summary"])
        }
    }

    @Test(
        "what cannot be tried gets the house's errors",
        arguments: [
            ("2/matches", 404, "rules.unknown"), ("x/matches", 404, "request.no_such_route"),
            ("1/matches?from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z", 422, "rules.range"),
            ("1/matches?host=019f0000-0000-7000-8000-0000000000ff", 404, "host.unknown"),
            ("1/matches?from=yesterday", 400, "request.invalid"), ("1/matches?time_s=0", 400, "request.invalid"),
        ])
    func refuses(path: String, status: Int, code: String) async throws {
        try await fixture().test(as: .analyst) { caller in
            let answer = try await caller.get("rule-packs/\(path)")
            #expect(answer.status.code == status, "\(answer.text)")
            #expect(answer.code == code)
        }
    }

    @Test("cordon rules: a group is staged and follows all others again; one that there is not is refused")
    func staging() async throws {
        let desk = try Desk()
        try await desk.serve(try await fixture(), as: .administrator) { run in
            let staged = try await run(["rules", "stage", "1", "--group", "web"], "")
            #expect(staged.status == 0 && staged.output.contains("Hosts of group web run version 1 now."))
            let misspelt = try await run(["rules", "stage", "1", "--group", "wbe"], "")
            #expect(misspelt.status == 1 && misspelt.errors.contains("There are these: web."), "\(misspelt.errors)")
            let unstaged = try await run(["rules", "unstage", "--group", "web"], "")
            #expect(unstaged.output.contains("Hosts of group web run what all others run now."), "\(unstaged.errors)")
            #expect(try await run(["rules", "unstage", "--group", "web"], "").status == 1)
            #expect(try await run(["rules", "list"], "").output.contains("group web") == false)
        }
    }

    @Test("cordon search warns of a field that is none of the documented ones, and searches it")
    func searchWarns() async throws {
        let desk = try Desk()
        try await desk.serve(try await fixture(), as: .viewer) { run in
            for options in [[], ["--json"]] {
                let odd = try await run(["search", "no.such.field:x OR user.nmae:y OR ls"] + options, "")
                #expect(odd.status == 0 && odd.lines.count >= 3, "\(odd.output)")
                #expect(odd.errors.contains("warning: no.such.field is not of the documented fields."))
                #expect(odd.errors.contains("user.nmae is not of the documented fields; did you mean user.name?"))
            }
            let known = try await run(["search", "user.name:x OR @timestamp:>2026-01-01T00:00:00Z"], "")
            #expect(known.errors.isEmpty)
        }
    }

    @Test("cordon rules try: a table for people, lines for programs, and an exit code that says whether all was seen")
    func commandLine() async throws {
        let desk = try Desk()
        try await desk.serve(try await fixture(), as: .analyst) { run in
            let stretch = ["--from", "\(WebFixture.start - .seconds(86_400))", "--to", "\(WebFixture.start)"]
            let table = try await run(["rules", "try", "1"] + stretch, "")
            #expect(table.status == 0, "\(table.errors)")
            #expect(table.output.contains("(Ada)") && table.output.contains("web-1"))
            #expect(!table.output.contains("\u{1B}"), "hostile text is shown, never obeyed")
            #expect(table.errors.contains("4 events were looked at."))
            let json = try await run(["rules", "try", "1", "--json", "--host", "web-1"] + stretch, "")
            let kinds = try json.lines.map { try JSONValue.parse(String($0))["kind"]?.text }
            #expect(kinds == ["rule", "summary"])
            let part = try await run(["rules", "try", "1", "--most-events", "1"] + stretch, "")
            #expect(part.status == 1)
            #expect(part.errors.contains("Not all was looked at: --most-events is reached. Go on with --from"))
            #expect(try await run(["rules", "try", "9", "--last", "24h"], "").status == 5)
            #expect(try await run(["rules", "try", "1", "--host", "nobody"], "").status == 5)
            #expect(try await run(["rules", "try", "1", "--limit", "0"], "").status == 2)
        }
    }
}
