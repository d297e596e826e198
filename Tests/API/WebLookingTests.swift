import ControllerAPI
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerRules
import ControllerStore
import CordonModel
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@Suite("Searching, hunting and rules in the console")
struct WebLookingTests {
    private static let admin = Principal(name: "ada", role: .administrator)
    private static let rule = """
        title: Netcat listens
        logsource:
          product: linux
        detection:
          selection:
            Image|endswith: /nc
          condition: selection
        level: high
        """

    private func visit(
        as role: String, _ fixture: WebFixture,
        _ body: @Sendable @escaping (WebVisitor, String) async throws -> Void
    ) async throws {
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn(role)
            let token = try #require(try await visitor.get("/").field("form_token", ofForm: "/sign-out"))
            try await body(visitor, token)
        }
    }

    /// So many events of web-1, the first of them hostile.
    private func log(_ count: Int, _ fixture: WebFixture) async throws {
        let items = (0..<count).map { number -> ShippedItem in
            let time = WebFixture.start - .seconds(Int64(600 - number))
            let text = number == 0 ? "<script>alert(1)</script> \u{202E}gnp" : "sshd: line \(number)"
            return .telemetry(
                .event(
                    Event(
                        timestamp: time, created: time, original: text,
                        fields: [.userName: .text(number == 3 ? "root" : "git"), .processName: .text("sshd")])))
        }
        let batch = ShippedBatch(epoch: [UInt8](repeating: 9, count: 16), firstSequence: 1, items: items)
        _ = try await fixture.services.intake.ingest(batch, from: WebFixture.web1.id)
    }

    @Test("a viewer searches by query, time and host, page by page, and hostile lines stay text")
    func search() async throws {
        let fixture = try await WebFixture()
        try await log(150, fixture)
        try await visit(as: "viewer", fixture) { visitor, _ in
            let all = try await visitor.get("/search")
            #expect(all.status == .ok && all.html.contains("100 events.") && all.html.contains("line 149<"))
            #expect(!all.html.contains("line 49<"))
            let older = try #require(
                all.html.split(separator: "<a href=\"/search?").dropFirst().first?.prefix { $0 != "\"" })
            let rest = try await visitor.get("/search?\(older.replacing("&amp;", with: "&"))")
            #expect(rest.html.contains("50 events.") && rest.html.contains("line 49<"))
            #expect(rest.html.contains("&lt;script&gt;alert(1)") && rest.html.contains("⟨U+202E⟩"))
            // A form without scripts writes spaces as plus signs.
            let one = try await visitor.get("/search?query=user.name%3Aroot+AND+line&host=web-1&within=1h")
            #expect(one.html.contains("1 event.") && one.html.contains("line 3<"))
            #expect(one.html.contains("value=\"user.name:root AND line\""))
            #expect(try await visitor.get("/search?host=db-1").html.contains("No event fits."))
            let late = try await visitor.get("/search?from=\(WebFixture.start)")
            #expect(late.html.contains("No event fits."))
            let misspelt = try await visitor.get("/search?query=user.nme%3Aroot")
            #expect(misspelt.html.contains("user.nme is not of the documented fields; did you mean user.name?"))
            #expect(!all.html.contains("documented fields"))
        }
    }

    @Test(
        "what cannot be searched is said where it was typed, and nothing is lost",
        arguments: [
            "query=%28user.name%3Aroot", "from=yesterday", "host=nobody", "cursor=x", "query=%22%3Cscript%3E",
        ])
    func badSearch(query: String) async throws {
        let fixture = try await WebFixture()
        try await visit(as: "viewer", fixture) { visitor, _ in
            let page = try await visitor.get("/search?\(query)")
            #expect(page.status == .unprocessableContent)
            #expect(page.html.contains("class=\"refusal\"") && !page.html.contains("<script>"))
        }
    }

    @Test("a responder starts a hunt, sees how far it is and what was found, and ends it")
    func hunt() async throws {
        let fixture = try await WebFixture()
        try await visit(as: "responder", fixture) { visitor, token in
            let form = try await visitor.get("/hunts?host=\(WebFixture.web1.id)")
            #expect(form.html.contains("value=\"\(WebFixture.web1.id)\""))
            let complete = [
                "form_token": token, "kind": "process", "where": "name=nc*\r\nuser=root", "host": "web-1", "group": "",
                "reason": "case C-1",
            ]
            for (field, wrong) in [
                ("where", "name"), ("where", "colour=red"), ("reason", " "), ("host", "nobody"), ("group", "web"),
            ] {
                let refused = try await visitor.post("/hunts", complete.merging([field: wrong]) { $1 })
                #expect(refused.status == .unprocessableContent, "\(field)=\(wrong)")
            }
            #expect(try await visitor.post("/hunts", complete.merging(["form_token": "x"]) { $1 }).status == .forbidden)
            #expect(try await fixture.services.fleet.hunts().isEmpty)
            let started = try await visitor.post("/hunts", complete)
            let hunt = try #require(try await fixture.services.fleet.hunts().first)
            #expect(started.location == "/hunts/\(hunt.id)?done=hunting")
            #expect(hunt.question.parameters == ["name": "nc*", "user": "root"] && hunt.startedBy == "responder")
            #expect(Array(hunt.hosts.keys) == [WebFixture.web1.id])
            let page = try await visitor.get("/hunts/\(hunt.id)")
            for text in ["process name=nc* user=root", "1 waiting", "Nothing so far.", "case C-1", ">web-1<"] {
                #expect(page.html.contains(text), "\(text)")
            }
            let ended = try await visitor.post("/hunts/\(hunt.id)/cancel", ["form_token": token])
            #expect(ended.location == "/hunts/\(hunt.id)?done=hunt-ended")
            #expect(try await fixture.services.fleet.hunt(hunt.id).state == .cancelled)
            let list = try await visitor.get("/hunts")
            #expect(list.html.contains("Ended by hand") && list.html.contains("1 cancelled"))
            #expect(try await !visitor.get("/hunts/\(hunt.id)").html.contains("End the hunt"))
        }
    }

    @Test("an analyst sees hunts and starts none; a viewer does not even see them")
    func huntRoles() async throws {
        let fixture = try await WebFixture()
        let hunt = try await fixture.services.fleet.startHunt(
            HuntQuestion(kind: .user, parameters: [:]), of: .all, mostHosts: 10, budget: HuntBudget(),
            lifetime: .seconds(600), reason: "<script>alert(1)</script>", by: .system)
        let fields = ["kind": "user", "reason": "x"]
        try await visit(as: "analyst", fixture) { visitor, token in
            let page = try await visitor.get("/hunts")
            #expect(page.status == .ok && !page.html.contains("Start the hunt"))
            #expect(try await visitor.get("/hunts/\(hunt.id)").html.contains("&lt;script&gt;"))
            for path in ["/hunts", "/hunts/\(hunt.id)/cancel"] {
                let answer = try await visitor.post(path, fields.merging(["form_token": token]) { $1 })
                #expect(answer.status == .forbidden)
            }
        }
        try await visit(as: "viewer", fixture) { visitor, _ in
            for path in ["/hunts", "/hunts/\(hunt.id)"] {
                let answer = try await visitor.get(path)
                #expect(answer.status == .forbidden)
            }
            let now = try await visitor.get("/")
            #expect(!now.html.contains("href=\"/hunts\""))
        }
    }

    @Test("a hunt that no host answered is no success on its page")
    func unanswered() async throws {
        let fixture = try await WebFixture()
        let id = HuntID(UUIDv7(high: 0x019f_0000_0000_7000, low: 0x8000_0000_0000_0077))
        let hunt = HuntRecord(
            id: id, question: HuntQuestion(kind: .user, parameters: [:]), budget: HuntBudget(), startedBy: "ada",
            reason: "x", startedAt: WebFixture.start, expiresAt: WebFixture.start + .seconds(60), state: .finished,
            endedAt: WebFixture.start,
            hosts: [WebFixture.web1.id: .init(state: .failed, message: "no journal", changedAt: WebFixture.start)])
        try await fixture.store.save(hunt, recording: [])
        try await visit(as: "analyst", fixture) { visitor, _ in
            for path in ["/hunts", "/hunts/\(id)"] {
                let page = try await visitor.get(path)
                #expect(page.html.contains("No host answered") && !page.html.contains("Finished"), "\(path)")
            }
        }
    }

    @Test("an upgrade is shown ring by ring, with releases; only an administrator starts, holds, continues and ends it")
    func upgrades() async throws {
        let fixture = try await WebFixture()
        try await ReleaseSample(fixture).add(to: fixture.services)
        try await visit(as: "administrator", fixture) { visitor, token in
            let empty = try await visitor.get("/upgrades")
            #expect(empty.html.contains("No upgrade yet.") && empty.html.contains("1:2.0~rc1"))
            let fields = ["form_token": token, "version": "1:2.0~rc1", "soak": "4", "failed": "0"]
            let misspelt = try await visitor.post("/upgrades", fields.merging(["rings": "wbe, *"]) { $1 })
            #expect(misspelt.status == .unprocessableContent && misspelt.html.contains("There are these: web."))
            let odd = try await visitor.post("/upgrades", fields.merging(["rings": "*", "soak": "x"]) { $1 })
            #expect(odd.status.code >= 400)
            let begun = try await visitor.post("/upgrades", fields.merging(["rings": "web, *"]) { $1 })
            #expect(begun.location == "/upgrades?done=upgrading")
            let shown = try await visitor.get("/upgrades")
            for text in ["Running", "At it", "Waits", "2 hosts", "0 hosts", "All others", "web-1", "db-1", "4 h"] {
                #expect(shown.html.contains(text), "\(text)")
            }
            #expect(!shown.html.contains("Start an upgrade"), "one at a time")
            for (step, word) in [("pause", "Held"), ("resume", "Running"), ("cancel", "Ended by hand")] {
                let done = try await visitor.post("/upgrades/\(step)", ["form_token": token])
                #expect(done.location == "/upgrades?done=upgrade-\(step)")
                let after = try await visitor.get("/upgrades")
                #expect(after.html.contains(word))
            }
            let over = try await visitor.post("/upgrades/pause", ["form_token": token])
            #expect(over.status == .conflict)
            let nothing = try await visitor.post("/upgrades/explode", ["form_token": token])
            #expect(nothing.status == .notFound)
            let hosts = try await visitor.get("/hosts")
            #expect(hosts.html.contains("Version") && hosts.html.contains("0.1.0"))
        }
        try await visit(as: "responder", fixture) { visitor, token in
            let page = try await visitor.get("/upgrades")
            #expect(page.html.contains("1:2.0~rc1") && !page.html.contains("action=\"/upgrades"))
            for path in ["/upgrades", "/upgrades/pause", "/upgrades/cancel"] {
                let answer = try await visitor.post(path, ["form_token": token, "version": "1:2.0~rc1"])
                #expect(answer.status == .forbidden)
            }
        }
    }

    @Test("packs, stagings, asset groups and what was rolled back are shown; only an administrator stages")
    func rules() async throws {
        let fixture = try await WebFixture()
        let rules = fixture.services.rules
        for name in ["linux", "linux <b>two</b>"] {
            _ = try await rules.publish([.init(name: "nc.yml", text: Self.rule)], name: name, by: Self.admin)
        }
        _ = try await rules.groups.set("admins", to: ["root", "ali*"], by: Self.admin)
        try await visit(as: "administrator", fixture) { visitor, token in
            for (version, group) in [("1", ""), ("2", "web"), ("1", "web")] {
                let done = try await visitor.post(
                    "/rules/stage", ["form_token": token, "version": version, "group": group])
                #expect(done.location == "/rules?done=staged")
            }
            let done = try await visitor.post("/rules/roll-back", ["form_token": token, "group": "web"])
            #expect(done.location == "/rules?done=rolled-back")
            #expect(rules.staged() == ["": 1, "web": 2])
            #expect(
                try await visitor.post("/rules/stage", ["form_token": token, "version": "9"]).status == .notFound)
            let misspelt = try await visitor.post(
                "/rules/stage", ["form_token": token, "version": "1", "group": "wbe"])
            #expect(misspelt.status == .unprocessableContent && misspelt.html.contains("There are these: web."))
            let staged = try await visitor.get("/rules")
            #expect(staged.html.contains("Follow all others"))
            let unstaged = try await visitor.post("/rules/unstage", ["form_token": token, "group": "web"])
            #expect(unstaged.location == "/rules?done=unstaged" && rules.staged() == ["": 1])
            try await rules.stage(2, to: "web", by: Self.admin)
        }
        try await visit(as: "viewer", fixture) { visitor, token in
            let page = try await visitor.get("/rules")
            for text in [
                "linux &lt;b&gt;two&lt;/b&gt;", "Group web", "version 2 → version 1, back", "%admins%", "root, ali*",
            ] {
                #expect(page.html.contains(text), "\(text)")
            }
            #expect(!page.html.contains("action=\"/rules"))
            for path in ["/rules/stage", "/rules/roll-back", "/rules/unstage"] {
                let answer = try await visitor.post(path, ["form_token": token, "version": "2", "group": ""])
                #expect(answer.status == .forbidden)
            }
            #expect(rules.staged() == ["": 1, "web": 2])
        }
    }

    @Test("a case and a host lead to their events, and a host to a hunt on it")
    func links() async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("Sign-in after 42 failures")
        try await visit(as: "analyst", fixture) { visitor, _ in
            let casePage = try await visitor.get("/cases/\(file.label)")
            #expect(
                casePage.html.contains("href=\"/search?query=%22203.0.113.7%22%20OR%20%22deploy%22&amp;within=7d\""))
            let hostPage = try await visitor.get("/hosts/\(WebFixture.web1.id)")
            #expect(hostPage.html.contains("href=\"/search?host=\(WebFixture.web1.id)\""))
            #expect(hostPage.html.contains("href=\"/hunts?host=\(WebFixture.web1.id)\""))
            let found = try await visitor.get("/search?query=%22203.0.113.7%22%20OR%20%22deploy%22&within=7d")
            #expect(found.status == .ok)
        }
    }
}
