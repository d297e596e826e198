import ControllerAPI
import ControllerFleet
import CordonModel
import CordonOrders
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@Suite("Standing orders on the console")
struct WebStandingTests {
    private func make(_ fixture: WebFixture, _ rule: String) async throws -> StandingRecord {
        let order = StandingOrder(
            id: fixture.services.surroundings.identifier(), rule: rule, kind: .blockAddress, subject: .sourceAddress,
            duration: .seconds(3600), expiresAt: WebFixture.start + .seconds(86_400), requestedBy: "mia",
            reason: "nights <b>")
        return try await fixture.services.fleet.makeStanding(order, for: WebFixture.web1.id, by: .system)
    }

    private func visit(
        _ fixture: WebFixture, as name: String, _ body: @Sendable @escaping (WebVisitor) async throws -> Void
    ) async throws {
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn(name)
            try await body(visitor)
        }
    }

    @Test("the page says what each does, to which host, until when, by whom, and whether the host goes by it")
    func shown() async throws {
        let fixture = try await WebFixture()
        try await visit(fixture, as: "viewer") { visitor in
            let html = try await visitor.get("/standing").html
            #expect(html.contains("None: no host acts by itself."))
        }
        let record = try await make(fixture, "cordon.sshd.bruteforce")
        try await visit(fixture, as: "viewer") { visitor in
            let html = try await visitor.get("/standing").html
            let until = "\(WebFixture.start + .seconds(86_400))".prefix(19).replacing("T", with: " ")
            for words in [
                ">web-1<", "<bdi>cordon.sshd.bruteforce</bdi>", "Block the address in source.ip for 1 h",
                "\(until) UTC", "<bdi>mia</bdi>", "nights &lt;b&gt;", "Not told yet",
                "1 not withdrawn and not over, on 1 host.",
            ] { #expect(html.contains(words), "\(words): \(html)") }
            #expect(!html.contains("/withdraw\""), "who may only look gets no form")
            let token = try #require(try await visitor.get("/").field("form_token", ofForm: "/sign-out"))
            let refused = try await visitor.post("/standing/\(record.id)/withdraw", ["form_token": token])
            #expect(refused.status == .forbidden)
        }
        #expect(fixture.services.fleet.standingOrders().first?.withdrawnAt == nil)
    }

    @Test("a responder takes one back by form; the other stays, and comes first")
    func withdrawn() async throws {
        let fixture = try await WebFixture()
        let (kept, gone) = (try await make(fixture, "rule.kept"), try await make(fixture, "rule.gone"))
        try await visit(fixture, as: "responder") { visitor in
            let path = "/standing/\(gone.id)/withdraw"
            let token = try #require(try await visitor.get("/standing").field("form_token", ofForm: path))
            let foreign = try await visitor.post(path, [:])
            #expect(foreign.status == .forbidden, "without the session's token")
            let done = try await visitor.post(path, ["form_token": token])
            #expect(done.location == "/standing?done=withdrawn")
            let html = try await visitor.get("/standing?done=withdrawn").html
            #expect(html.contains("Withdrawn, not told yet") && html.contains("A host that is away goes by it"))
            #expect(!html.contains(path) && html.contains("/standing/\(kept.id)/withdraw"))
            let first = try #require(html.firstRange(of: "rule.kept")?.lowerBound)
            let second = try #require(html.firstRange(of: "rule.gone")?.lowerBound)
            #expect(first < second)
            let unknown = try await visitor.post("/standing/\(WebFixture.web1.id)/withdraw", ["form_token": token])
            #expect(unknown.status == .notFound)
        }
        let states = fixture.services.fleet.standingOrders().map { ($0.id, $0.withdrawnAt != nil) }
        #expect(states.contains { $0 == (gone.id, true) } && states.contains { $0 == (kept.id, false) })
    }
}
