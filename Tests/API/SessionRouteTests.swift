import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import CordonModel
import CordonScan
import HTTPTypes
import Testing

/// Signing in over HTTP, by header and by cookie.
@Suite("Sessions over HTTP")
struct SessionRouteTests {
    static let right: JSONValue = ["name": "responder", "password": .text(WebFixture.password), "cookie": true]
    static let wrong: JSONValue = ["name": "responder", "password": "not the password"]

    @Test("a token of the answer signs requests until it is signed out")
    func bearer() async throws {
        let fixture = try await APIFixture()
        try await fixture.test { caller in
            let signIn = try await caller.send(.post, "session", Self.right)
            #expect(signIn.status == .created)
            let bearer = ["Authorization": "bearer \(try #require(signIn.json["token"]?.text))"]
            #expect(try await caller.get("me", bearer).json["name"]?.text == "responder")
            #expect(try await caller.ask(.delete, "session", nil, bearer).status == .noContent)
            #expect(try await caller.get("me", bearer).status == .unauthorized)
        }
    }

    @Test("the sixth guess is told to wait, with Retry-After, and the right password does not help")
    func limited() async throws {
        let fixture = try await APIFixture()
        try await fixture.test { caller in
            for _ in 0..<5 {
                let answer = try await caller.send(.post, "session", Self.wrong)
                #expect(answer.status == .unauthorized)
                #expect(answer.code == "access.sign_in_refused")
            }
            let answer = try await caller.send(.post, "session", Self.right)
            #expect(answer.status == .tooManyRequests)
            #expect(answer.header("Retry-After") == "900")
        }
    }

    @Test("the cookie is of this host alone, out of reach for scripts and for other sites", arguments: [true, false])
    func cookie(isSecure: Bool) async throws {
        let fixture = try await APIFixture(isSecure: isSecure)
        try await fixture.test { caller in
            let answer = try await caller.send(.post, "session", Self.right)
            let cookie = try #require(answer.headers[.setCookie])
            let attributes = cookie.split(separator: "; ").dropFirst()
            #expect(
                cookie.hasPrefix(isSecure ? "__Host-cordon_session=cordonsession_" : "cordon_session=cordonsession_"))
            #expect(Set(attributes) == Set(["Path=/", "HttpOnly", "SameSite=Strict"] + (isSecure ? ["Secure"] : [])))
            #expect((answer.header("Strict-Transport-Security") != nil) == isSecure)
        }
    }

    @Test("what a cookie lets in changes nothing without the session's form token, or when another site sends it")
    func formToken() async throws {
        let fixture = try await APIFixture()
        try await fixture.test { caller in
            let signIn = try await caller.send(.post, "session", Self.right)
            let token = try #require(signIn.json["token"]?.text)
            let form = try #require(signIn.json["form_token"]?.text)
            let cookie = "cordon_session=\(token)"
            let note: JSONValue = ["text": "hello"]
            #expect(try await caller.get("me", ["Cookie": cookie]).status == .ok)
            for headers in [
                ["Cookie": cookie], ["Cookie": cookie, FormGuard.header: ""],
                ["Cookie": cookie, FormGuard.header: String(form.dropLast())],
                ["Cookie": cookie, FormGuard.header: token],
                ["Cookie": cookie, FormGuard.header: form, "Sec-Fetch-Site": "cross-site"],
                ["Cookie": cookie, FormGuard.header: form, "Sec-Fetch-Site": "same-site"],
            ] {
                let answer = try await caller.send(.post, "cases/C-1/notes", note, headers)
                #expect(answer.status == .forbidden)
                #expect(answer.code == "request.form_token")
            }
            for headers in [
                ["Cookie": cookie, FormGuard.header: form],
                ["Cookie": cookie, FormGuard.header: form, "Sec-Fetch-Site": "same-origin"],
            ] {
                #expect(try await caller.send(.post, "cases/C-1/notes", note, headers).status == .ok)
            }
        }
    }

    @Test("a wrong bearer is not rescued by a right cookie")
    func mixed() async throws {
        let fixture = try await APIFixture()
        let token = try await fixture.token(.viewer)
        try await fixture.test { caller in
            let answer = try await caller.get(
                "me", ["Authorization": "Bearer cordonapi_x", "Cookie": "cordon_session=\(token)"])
            #expect(answer.status == .unauthorized)
        }
    }

    @Test("an API token of the right role works, and cannot change a password")
    func apiToken() async throws {
        let fixture = try await APIFixture()
        let token = try await fixture.services.access.createToken(
            name: "bot", role: .responder, lifetime: .seconds(600), by: .system)
        let bearer = ["Authorization": "Bearer \(token.secret)"]
        try await fixture.test { caller in
            let me = try await caller.get("me", bearer)
            #expect(me.json["name"]?.text == "token:bot")
            let body: JSONValue = ["current": .text(WebFixture.password), "password": "another long password"]
            #expect(try await caller.send(.put, "me/password", body, bearer).status == .unauthorized)
        }
    }
}
