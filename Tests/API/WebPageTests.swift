import ControllerAPI
import ControllerCases
import ControllerFleet
import ControllerPlaybooks
import ControllerWeb
import CordonModel
import CordonOrders
import HTTPTypes
import HummingbirdTesting
import Testing

@Suite("The console's pages")
struct WebPageTests {
    // MARK: - Sign-in

    @Test("a stranger is sent to sign in and comes back to the page that was asked for")
    func signIn() async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            let asked = try await visitor.get("/cases?show=all")
            #expect(asked.status == .seeOther)
            #expect(asked.location == "/sign-in?next=/cases%3Fshow%3Dall")
            let form = try await visitor.get("/sign-in?next=/cases%3Fshow%3Dall")
            #expect(form.field("next", ofForm: "/sign-in") == "/cases?show=all")
            let entered = try await visitor.signIn(next: "/cases?show=all")
            #expect(entered.status == .seeOther && entered.location == "/cases?show=all")
            #expect(try await visitor.get("/cases?show=all").html.contains("<h1>Cases</h1>"))
            let setting = entered.headers[values: .setCookie].first ?? ""
            #expect(setting.contains("HttpOnly") && setting.contains("SameSite=Strict"))
        }
    }

    @Test(
        "a wrong password is refused with a sentence and the name kept", arguments: ["responder", "nobody", "<b>\"x"])
    func wrongPassword(name: String) async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let page = try await WebVisitor(client).signIn(name, password: "guess guess guess")
            #expect(page.status == .unauthorized)
            #expect(page.html.contains("The name or the password is not right."))
            #expect(page.html.contains("value=\"\(VisibleText.escaped(name))\""))
            #expect(!page.html.contains("guess guess"))
        }
    }

    @Test("a sign-in form that another site made is refused")
    func foreignSignIn() async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            let fields = ["name": "responder", "password": WebFixture.password, "next": "/"]
            #expect(try await visitor.post("/sign-in", fields).status == .forbidden)
            _ = try await visitor.get("/sign-in")
            #expect(try await visitor.post("/sign-in", fields).status == .forbidden)
            #expect(visitor.cookies["cordon_session"] == nil)
        }
    }

    @Test(
        "no form leads the browser off the site",
        arguments: [
            "//evil.example/", "https://evil.example/", "/\\evil.example", "/a\r\nSet-Cookie: x=y", "/sign-out", "",
            "/api/v1/me",
        ]
    )
    func openRedirect(next: String) async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let entered = try await WebVisitor(client).signIn(next: next)
            #expect(entered.location == "/")
        }
    }

    @Test("signing out ends the session on the controller")
    func signOut() async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let session = try #require(visitor.cookies["cordon_session"])
            let page = try await visitor.get("/")
            let token = try #require(page.field("form_token", ofForm: "/sign-out"))
            #expect(try await visitor.post("/sign-out", ["form_token": token]).location == "/sign-in?done=signed-out")
            #expect(visitor.cookies["cordon_session"] == nil)
            let stolen = try await client.execute(
                uri: "/", method: .get, headers: [.cookie: "cordon_session=\(session)"])
            #expect(stolen.status == .seeOther)
        }
    }

    // MARK: - Policy

    @Test(
        "every answer of the console carries the whole policy",
        arguments: ["/", "/cases", "/hosts", "/search", "/hunts", "/rules", "/nowhere", "/sign-in", "/assets/live.js"])
    func policy(path: String) async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let page = try await visitor.get(path)
            #expect(page.header("Content-Security-Policy") == PagePolicy.contentSecurity)
            #expect(!PagePolicy.contentSecurity.contains("unsafe"))
            #expect(page.header("X-Content-Type-Options") == "nosniff")
            #expect(page.header("Referrer-Policy") == "no-referrer")
            #expect(page.header("Cross-Origin-Opener-Policy") == "same-origin")
            #expect(page.header("Strict-Transport-Security") == nil)
        }
    }

    @Test("an asset is named by its content, so that a browser keeps it and never an old one")
    func assets() async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            let sheet = try await visitor.get("/assets/console.css")
            #expect(sheet.status == .ok && sheet.header("Content-Type") == "text/css; charset=utf-8")
            let tag = try #require(sheet.headers[.eTag])
            #expect(try await visitor.get("/assets/console.css", headers: [.ifNoneMatch: tag]).status == .notModified)
            #expect(try await visitor.get("/assets/..%2Fconsole.css").status == .notFound)
        }
    }

    @Test(
        "what is missing gets a page with a sentence and a way back",
        arguments: ["/nowhere", "/cases/C-999", "/cases/%3Cscript%3E", "/hosts/x"])
    func missing(path: String) async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let page = try await visitor.get(path)
            #expect(page.status == .notFound)
            #expect(
                page.html.contains("<h1>Not here</h1>") && page.html.contains("What to do:")
                    && page.html.contains("Back to Now"))
            #expect(!page.html.contains("<script>"))
        }
    }

    @Test("the API keeps its own errors beside the console", arguments: ["/api/v1/nowhere", "/api/v1/me"])
    func besideAPI(path: String) async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let page = try await WebVisitor(client).get(path)
            #expect(page.header("Content-Type") == "application/problem+json")
        }
    }

    // MARK: - Work

    @Test("an approval with a reason is decided and told; without a reason or with another session's token it is not")
    func decide() async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("Sign-in after 42 failures")
        let task = try await fixture.ask(
            "Isolate web-1 for 4 h?\nAn address that had failed 42 times signed in.", in: file)
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let action = "/tasks/\(task.id)/decision"
            let now = try await visitor.get("/")
            #expect(
                now.html.contains("Isolate web-1 for 4 h?")
                    && now.html.contains("without an answer it counts as denied."))
            let token = try #require(now.field("form_token", ofForm: action))
            let back = try #require(now.field("back", ofForm: action))
            let complete = ["form_token": token, "back": back, "verdict": "approve", "reason": "the owner agrees"]
            for (field, wrong, status) in [
                ("form_token", "x", HTTPResponse.Status.forbidden), ("reason", " \r\n ", .unprocessableContent),
                ("verdict", "maybe", .unprocessableContent),
            ] {
                let refused = try await visitor.post(action, complete.merging([field: wrong]) { $1 })
                #expect(refused.status == status)
            }
            #expect(try await visitor.post(action, complete, headers: Self.crossSite).status == .forbidden)
            #expect(try await fixture.services.runs.task(task.id)?.state == .open)
            let done = try await visitor.post(action, complete)
            #expect(done.status == .seeOther && done.location == "/?done=approved")
            let decided = try await fixture.services.runs.task(task.id)
            #expect(
                decided?.state == .approved && decided?.decidedBy == "responder"
                    && decided?.reason == "the owner agrees")
            #expect(try await visitor.get("/?done=approved").html.contains("Nothing waits for a decision."))
            #expect(try await visitor.post(action, complete).status == .conflict)
        }
    }

    @Test("a case shows its alert with evidence, its question and its timeline, and takes notes, status and assignee")
    func caseWork() async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("Sign-in after 42 failures")
        _ = try await fixture.ask("Isolate web-1?", in: file)
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn("analyst")
            let page = try await visitor.get("/cases/\(file.label)")
            #expect(page.status == .ok)
            for text in [
                "sshd[4251]: Accepted password", "<dt>IPv4 address</dt><dd><code><bdi>203.0.113.7</bdi>",
                "Answering takes the role responder.", "T1110.001", "web-1",
            ] {
                #expect(page.html.contains(text))
            }
            let token = try #require(page.field("form_token", ofForm: "/cases/\(file.label)/notes"))
            let steps: [(String, [String: String])] = [
                ("notes", ["text": "Called the owner.\r\nShe agrees."]), ("status", ["status": "in_progress"]),
                ("assignee", [:]),
            ]
            for (step, fields) in steps {
                let done = try await visitor.post(
                    "/cases/\(file.label)/\(step)", fields.merging(["form_token": token]) { $1 })
                #expect(done.status == .seeOther)
            }
            let after = try await fixture.services.cases.file(file.id)
            #expect(after.status == .inProgress && after.assignee == "analyst")
            let shown = try await visitor.get("/cases/\(file.label)")
            #expect(shown.html.contains("Called the owner.\nShe agrees.") && shown.html.contains("assigned to analyst"))
            let report = try await visitor.get("/cases/\(file.label)/report")
            #expect(
                report.header("Content-Type") == "text/plain; charset=utf-8"
                    && report.html.contains("Called the owner."))
            #expect(try await visitor.get("/cases?show=mine").html.contains(file.label))
        }
    }

    @Test("an order form makes one signed order, however often it is sent")
    func order() async throws {
        let fixture = try await WebFixture()
        let path = "/hosts/\(WebFixture.web1.id)"
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let page = try await visitor.get(path)
            #expect(page.html.contains("The host is offline. An order waits 15 min for it"))
            let form = page.html.split(separator: "id=\"form-isolate\"").last.map { String($0) } ?? ""
            let order = try #require(
                form.split(separator: "name=\"order\" value=\"").dropFirst().first?.prefix { $0 != "\"" })
            let token = try #require(page.field("form_token", ofForm: "/sign-out"))
            let fields = [
                "form_token": token, "order": String(order), "action": "isolate", "duration": "14400",
                "reason": "break-in",
            ]
            for _ in 0..<2 {
                #expect(try await visitor.post("\(path)/orders", fields).location == "\(path)?done=ordered")
            }
            let orders = try await fixture.services.fleet.orders(OrderFilter(agent: WebFixture.web1.id))
            #expect(orders.count == 1)
            #expect(orders.first?.order.action == .isolate(Isolation(duration: .seconds(14_400))))
            #expect(orders.first?.order.requestedBy == "responder" && orders.first?.order.reason == "break-in")
            #expect(try await visitor.get(path).html.contains("Isolate for 4 h"))
        }
    }

    @Test(
        "an order that does not say what it must is refused with a sentence",
        arguments: [
            ["action": "isolate", "duration": "14400"], ["action": "isolate", "duration": "99999999", "reason": "x"],
            ["action": "block_address", "duration": "3600", "network": "1.2.3.4; rm -rf /", "reason": "x"],
            ["action": "kill_process", "reason": "x"], ["action": "shell", "reason": "x"],
        ]
    )
    func badOrder(fields: [String: String]) async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let token = try #require(try await visitor.get("/").field("form_token", ofForm: "/sign-out"))
            let order = "\(fixture.services.surroundings.identifier(of: OrderID.self))"
            let page = try await visitor.post(
                "/hosts/\(WebFixture.web1.id)/orders", fields.merging(["form_token": token, "order": order]) { $1 }
            )
            #expect([.badRequest, .unprocessableContent].contains(page.status))
            #expect(page.html.contains("That did not work"))
            #expect(try await fixture.services.fleet.orders(OrderFilter()).isEmpty)
        }
    }

    @Test("who may only look gets no forms and no way around that")
    func viewer() async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("Sign-in after 42 failures")
        let task = try await fixture.ask("Isolate web-1?", in: file)
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn("viewer")
            for path in ["/", "/cases/\(file.label)", "/hosts/\(WebFixture.db1.id)"] {
                let page = try await visitor.get(path)
                #expect(page.status == .ok && page.html.split(separator: "<form ").count == 2)
            }
            let token = try #require(try await visitor.get("/").field("form_token", ofForm: "/sign-out"))
            for (path, fields) in [
                ("/tasks/\(task.id)/decision", ["verdict": "approve", "reason": "x"]),
                ("/cases/\(file.label)/notes", ["text": "x"]),
                ("/hosts/\(WebFixture.web1.id)/orders", ["action": "release", "reason": "x"]),
            ] {
                #expect(try await visitor.post(path, fields.merging(["form_token": token]) { $1 }).status == .forbidden)
            }
        }
    }

    @Test("a form that is too large or no form is refused")
    func malformedForms() async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let large = try await visitor.post("/cases/C-1/notes", ["text": String(repeating: "x", count: 70_000)])
            #expect(large.status == .contentTooLarge)
            let json = try await client.execute(
                uri: "/sign-in", method: .post, headers: [.contentType: "application/json"])
            #expect(json.status == .badRequest)
        }
    }

    @Test("hostile text of alerts, lines and notes stays text on every page that shows it")
    func hostileText() async throws {
        let fixture = try await WebFixture()
        let hostile = "<script>alert(1)</script>\"\u{301} onload=x \u{202E}gnp.exe"
        let file = try await fixture.raise(hostile, lines: ["sshd: user \(hostile)"])
        _ = try await fixture.ask(hostile, in: file)
        try await fixture.services.cases.note(hostile, on: file.id, by: Principal(name: "mia", role: .analyst))
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            for path in ["/", "/cases", "/cases/\(file.label)"] {
                let page = try await visitor.get(path)
                #expect(page.html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
                #expect(page.html.contains("⟨U+202E⟩") && !page.html.unicodeScalars.contains("\u{202E}"))
                #expect(!page.html.contains("<script>alert"))
            }
        }
    }

    private static let crossSite: HTTPFields = {
        var fields = HTTPFields()
        if let name = HTTPField.Name("Sec-Fetch-Site") { fields[name] = "cross-site" }
        return fields
    }()
}
