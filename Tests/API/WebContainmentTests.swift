import ControllerAPI
import ControllerCases
import ControllerFleet
import CordonModel
import CordonOrders
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@Suite("Containing files and programs on the console")
struct WebContainmentTests {
    private static let path = "/tmp/.x/a b&\"<i>miner"
    private static let digest = String(repeating: "ab", count: 32)
    private static let host = "/hosts/\(WebFixture.web1.id)"

    private func raise(_ fixture: WebFixture) async throws -> String {
        let file = try await fixture.raise(
            "A miner runs",
            observables: [
                Observable(kind: .process, value: Self.path), Observable(kind: .process, value: "miner"),
                Observable(kind: .user, value: "/etc/passwd"),
            ], ran: Self.digest)
        return "/cases/\(file.label)"
    }

    private func visit(
        _ fixture: WebFixture, as name: String = "responder",
        _ body: @Sendable @escaping (WebVisitor) async throws -> Void
    ) async throws {
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn(name)
            try await body(visitor)
        }
    }

    @Test("a case leads from a file, program or hash that its alert names to the forms of its host, filled in")
    func links() async throws {
        let fixture = try await WebFixture()
        let path = try await raise(fixture)
        try await visit(fixture) { visitor in
            let page = try await visitor.get(path)
            let given = "\(Self.host)?path=%2Ftmp%2F.x%2Fa%20b%26%22%3Ci%3Eminer"
            // With the alert and with the case.
            #expect(page.html.split(separator: "href=\"\(given)#form-quarantine\"").count == 3, "\(page.html)")
            #expect(page.html.split(separator: "href=\"\(given)#form-executable\"").count == 3)
            #expect(page.html.contains("href=\"\(Self.host)?sha256=\(Self.digest)#form-executable\""))
            #expect(!page.html.contains("?sha256=\(Self.digest)#form-quarantine"))
            #expect(!page.html.contains("path=%2Fetc%2Fpasswd") && !page.html.contains("path=miner"))
            let host = try await visitor.get(given)
            #expect(host.html.split(separator: "value=\"/tmp/.x/a b&amp;&quot;&lt;i&gt;miner\"").count == 3)
            #expect(host.html.contains("Filled in from what an alert or a case names"))
            let bare = try await visitor.get("\(Self.host)?path=etc/passwd&sha256=xyz")
            #expect(bare.status == .ok && !bare.html.contains("etc/passwd") && !bare.html.contains("Filled in from"))
        }
        try await visit(fixture, as: "analyst") { visitor in
            let html = try await visitor.get(path).html
            #expect(!html.contains("#form-executable"), "who may not order gets no way there")
        }
    }

    @Test(
        "a path with a blank at its end or a line end in it, beside an innocent file's, gets no link and no order by form",
        arguments: ["/usr/local/bin/tool ", "/usr/local/bin/tool\u{A0}", "/usr/local/bin/to\nol"])
    func oddPath(_ path: String) async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("It runs", observables: [Observable(kind: .process, value: path)])
        try await visit(fixture) { visitor in
            let page = try await visitor.get("/cases/\(file.label)").html
            #expect(!page.contains("#form-quarantine") && !page.contains("#form-executable"), "\(page)")
            #expect(page.contains("which a form would lose: order it with cordon act web-1"))
            let token = try #require(try await visitor.get(Self.host).field("form_token", ofForm: "/sign-out"))
            for (index, action) in ["quarantine_file", "block_executable", "collect_file"].enumerated() {
                let order: OrderID = WebFixture.id(0xA1 + UInt64(index))
                let sent = try await visitor.post(
                    "\(Self.host)/orders",
                    [
                        "form_token": token, "order": "\(order)", "action": action, "duration": "3600",
                        "reason": "miner", "path": path,
                    ])
                #expect(sent.status == .unprocessableContent && sent.html.contains("cordon act"), "\(action)")
            }
        }
        let orders = try await fixture.services.fleet.orders(OrderFilter())
        #expect(orders.isEmpty)
    }

    @Test("the forms order what they say, and nothing else")
    func orders() async throws {
        let fixture = try await WebFixture()
        try await visit(fixture) { visitor in
            let page = try await visitor.get(Self.host)
            let token = try #require(page.field("form_token", ofForm: "/sign-out"))
            func send(_ form: String, _ fields: [String: String]) async throws -> WebVisitor.Page {
                let html = page.html.split(separator: "id=\"form-\(form)\"").last.map { String($0) } ?? ""
                let order = html.split(separator: "name=\"order\" value=\"").dropFirst().first?.prefix { $0 != "\"" }
                let all = fields.merging(["form_token": token, "order": String(order ?? "")]) { $1 }
                return try await visitor.post("\(Self.host)/orders", all)
            }
            let block = ["action": "block_executable", "duration": "3600", "reason": "miner"]
            let both = try await send("executable", block.merging(["path": "/x", "sha256": Self.digest]) { $1 })
            #expect(both.status == .unprocessableContent && both.html.contains("not both"))
            let neither = try await send("executable", block.merging(["path": "", "sha256": ""]) { $1 })
            #expect(neither.status == .unprocessableContent)
            let file = ["action": "quarantine_file", "reason": "miner", "path": "/tmp/x"]
            let relative = try await send("quarantine", file.merging(["path": "tmp/x"]) { $1 })
            #expect(relative.status == .unprocessableContent && relative.html.contains("absolute path"))
            let mute = try await send("quarantine", file.merging(["reason": " "]) { $1 })
            #expect(mute.status == .unprocessableContent || mute.status == .badRequest)
            let none = try await fixture.services.fleet.orders(OrderFilter())
            #expect(none.isEmpty)
            let good = [
                try await send("executable", block.merging(["path": "", "sha256": Self.digest]) { $1 }),
                try await send(
                    "quarantine", file.merging(["sha256": Self.digest, "linked": "take"]) { $1 }),
            ]
            #expect(good.allSatisfy { $0.location == "\(Self.host)?done=ordered" })
        }
        let actions = try await fixture.services.fleet.orders(OrderFilter()).map(\.order.action)
        #expect(actions.contains(.blockExecutable(ExecutableBlock(.digest(Self.digest), duration: .seconds(3600)))))
        #expect(actions.contains(.quarantineFile(FileTarget(path: "/tmp/x", digest: Self.digest, evenIfLinked: true))))
    }

    @Test("a program that is kept from starting stands under In force, and is let start by form")
    func undo() async throws {
        let blocking: OrderID = WebFixture.id(0x91)
        let effect = ContainmentState.Effect(
            kind: .blockExecutable, subject: "/tmp/x", order: blocking, until: WebFixture.start + .seconds(600))
        let fixture = try await WebFixture(containment: [WebFixture.web1.id: ContainmentState(effects: [effect])])
        let fleet = fixture.services.fleet
        let action = Action.blockExecutable(ExecutableBlock(.path("/tmp/x"), duration: .seconds(600)))
        _ = try await fleet.submit(
            OrderRequest(id: blocking, agent: WebFixture.web1.id, action: action, reason: "x"), by: .system)
        try await visit(fixture) { visitor in
            let page = try await visitor.get(Self.host)
            #expect(page.html.contains("<strong>Kept from starting</strong> <code>/tmp/x</code>"))
            let form = try #require(
                page.html.split(separator: "<form ").first { $0.contains("name=\"undone\" value=\"\(blocking)\"") })
            func field(_ name: String) -> String {
                form.split(separator: "name=\"\(name)\" value=\"").dropFirst().first.map {
                    String($0.prefix { $0 != "\"" })
                } ?? ""
            }
            let names = ["form_token", "order", "undone", "did"]
            var fields = names.reduce(into: [String: String]()) { $0[$1] = field($1) }
            fields["reason"] = "false alarm"
            let sent = try await visitor.post("\(Self.host)/orders", fields)
            #expect(sent.location == "\(Self.host)?done=ordered")
        }
        let actions = try await fleet.orders(OrderFilter()).map(\.order.action)
        #expect(actions.contains(.unblockExecutable(blocking)))
    }
}
