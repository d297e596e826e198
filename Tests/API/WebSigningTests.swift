import ControllerAPI
import ControllerFleet
import ControllerWeb
import CordonModel
import CordonOrders
import CordonScan
import CordonTesting
import CordonTrust
import Hummingbird
import HummingbirdTesting
import Testing

@Suite("Signing orders on pages")
struct WebSigningTests {
    private func order(_ fixture: WebFixture) async throws -> OrderRecord {
        let request = OrderRequest(
            id: fixture.services.surroundings.identifier(), agent: WebFixture.web1.id,
            action: .isolate(Isolation(duration: .seconds(3600))), reason: "the <b>owner</b> asks")
        return try await fixture.services.fleet.submit(request, by: .system)
    }

    /// What the page's script puts into the form.
    private func fields(_ approval: Approval, token: String) throws -> [String: String] {
        let assertion = try #require(approval.assertion)
        return [
            "form_token": token, "credential": Base64URL.text(assertion.credentialID),
            "authenticator_data": Base64URL.text(assertion.authenticatorData),
            "client_data": Base64URL.text(assertion.clientData), "signature": Base64URL.text(approval.signature),
        ]
    }

    @Test(
        "the page shows the order and asks for its hash by the passkeys of who has not signed; a signature goes with the order"
    )
    func signs() async throws {
        let fixture = try await WebFixture()
        let record = try await order(fixture)
        let path = "/orders/\(record.id)/sign"
        let authenticator = try WebFixture.authenticator.get()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let page = try await visitor.get(path)
            #expect(page.status == .ok && page.html.contains("the &lt;b&gt;owner&lt;/b&gt; asks"))
            let challenge = Base64URL.text(Assertion.challenge(for: record.signedOrder))
            #expect(page.html.contains("data-challenge=\"\(challenge)\""))
            let entry = "cordon.example:\(Base64URL.text(authenticator.passkey.credentialID))"
            #expect(page.html.contains("data-passkeys=\"\(entry)\""))
            #expect(page.html.contains("src=\"/assets/passkey.js\"") && !page.html.contains("live.js"))
            let token = try #require(page.field("form_token", ofForm: path))
            let approval = try authenticator.approval(of: record.signedOrder)
            let answer = try await visitor.post(path, try fields(approval, token: token))
            #expect(answer.status == .seeOther && answer.location == "/?done=signed")
            let signed = try #require(try await fixture.services.fleet.order(record.id))
            #expect(signed.approvedBy == ["bob"])
            #expect(signed.approvals.first?.assertion == approval.assertion)
            let after = try await visitor.get(path)
            #expect(
                !after.html.contains("data-challenge") && after.html.contains("bob"),
                "who has signed is not asked again")
        }
    }

    @Test("what is no signature of a listed passkey over this order is refused with the reason, and changes nothing")
    func refuses() async throws {
        let fixture = try await WebFixture()
        let (record, other) = (try await order(fixture), try await order(fixture))
        let path = "/orders/\(record.id)/sign"
        let authenticator = try WebFixture.authenticator.get()
        let stranger = try SoftAuthenticator()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let token = try #require(try await visitor.get(path).field("form_token", ofForm: path))
            let good = try fields(try authenticator.approval(of: record.signedOrder), token: token)
            func refusal(_ approval: Approval) async throws -> String {
                let page = try await visitor.post(path, try fields(approval, token: token))
                #expect(page.status == .unprocessableContent)
                return page.html
            }
            let moved = try await refusal(try authenticator.approval(of: other.signedOrder))
            #expect(moved.contains("its challenge is not this order"))
            let unseen = try await refusal(try authenticator.approval(of: record.signedOrder) { $0.flags = 1 })
            #expect(unseen.contains("did not verify who was there"))
            let unknown = try await refusal(try stranger.approval(of: record.signedOrder))
            #expect(unknown.contains("policy root did not list"))
            for field in ["credential", "authenticator_data", "client_data", "signature"] {
                for value in ["", "=", "a\u{FFFD}"] {
                    let page = try await visitor.post(path, good.merging([field: value]) { $1 })
                    #expect(page.status == .unprocessableContent, "\(field) \(value)")
                }
            }
            let foreign = try await visitor.post(path, good.merging(["form_token": "x"]) { $1 })
            #expect(foreign.status == .forbidden, "another site's form")
            #expect(try await visitor.get("/orders/\(WebFixture.taking)/sign").status == .notFound)
            #expect(try await visitor.get("/orders/x/sign").status == .notFound)
            let unchanged = try await fixture.services.fleet.order(record.id)
            #expect(unchanged?.approvals == [])
        }
        try await fixture.application.test(.router) { client in
            let (visitor, stranger) = (WebVisitor(client), WebVisitor(client))
            try await visitor.signIn("viewer")
            let page = try await visitor.get(path)
            #expect(page.status == .ok && !page.html.contains("data-challenge"), "a viewer sees it, and signs nothing")
            let token = try #require(page.field("form_token", ofForm: "/sign-out"))
            let approval = try authenticator.approval(of: record.signedOrder)
            #expect(try await visitor.post(path, try fields(approval, token: token)).status == .forbidden)
            for path in [path, "/passkeys"] { #expect(try await stranger.get(path).status == .seeOther) }
        }
    }

    @Test("the API takes a passkey's approval, and says what a browser needs to ask for one")
    func overHTTP() async throws {
        let fixture = try await APIFixture()
        let authenticator = try WebFixture.authenticator.get()
        let record = try await fixture.order(.isolate(Isolation(duration: .seconds(60))))
        let approval = try authenticator.approval(of: record.signedOrder)
        let assertion = try #require(approval.assertion)
        try await fixture.test(as: .responder) { caller in
            let path = "orders/\(record.id)/approvals"
            let shown = try await caller.get(path).json
            #expect(shown["challenge"]?.text == Base64URL.text(Assertion.challenge(for: record.signedOrder)))
            let bob = shown["approvers"]?.array?.first { $0["person"]?.text == "bob" }
            #expect(bob?["passkey"]?["relying_party"]?.text == "cordon.example")
            #expect(bob?["passkey"]?["credential"]?.text == Base64URL.text(assertion.credentialID))
            var body = JSONObject()
            body["key"] = .text(HexDigit.text(approval.keyID))
            body["signature"] = .text(HexDigit.text(approval.signature))
            let bare = try await caller.send(.post, path, .object(body))
            #expect(bare.status == .unprocessableContent, "a passkey's signature says nothing without its assertion")
            body["assertion"] = [
                "credential": .text(Base64URL.text(assertion.credentialID)), "authenticator_data": "=",
                "client_data": .text(Base64URL.text(assertion.clientData)),
            ]
            #expect(try await caller.send(.post, path, .object(body)).status == .badRequest)
            body["assertion"] = [
                "credential": .text(Base64URL.text(assertion.credentialID)),
                "authenticator_data": .text(Base64URL.text(assertion.authenticatorData)),
                "client_data": .text(Base64URL.text(assertion.clientData)),
            ]
            let signed = try await caller.send(.post, path, .object(body))
            #expect(signed.status == .created && signed.json["approved_by"]?.texts == ["bob"])
        }
    }

    @Test("the page of passkeys says whose keys are listed, by the names that people compare")
    func lists() async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let page = try await visitor.get("/passkeys").html
            let passkey = try WebFixture.authenticator.get().passkey
            #expect(page.contains("passkey of cordon.example") && page.contains(HexDigit.text(passkey.id)))
            #expect(page.contains("key in a file") && page.contains(HexDigit.text(WebFixture.approver.verifyingKey.id)))
            #expect(page.contains("data-person=\"responder\""))
        }
    }
}
