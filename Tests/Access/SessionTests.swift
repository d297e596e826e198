import ControllerAccess
import CordonModel
import Testing

@Suite("Sessions")
struct SessionTests {
    @Test("a session that nobody uses ends after twelve hours, one in use goes on to seven days")
    func expiry() async throws {
        let door = try Door()
        try await door.user("ada")
        let idle = try await door.signIn("ada")
        let busy = try await door.signIn("ada")
        for _ in 0..<27 {
            door.advance(.seconds(6 * 3600))
            _ = try await door.access.authenticate(busy.token)
        }
        await expectRefusal("access.not_signed_in") { _ = try await door.access.authenticate(idle.token) }
        door.advance(.seconds(6 * 3600))
        await expectRefusal("access.not_signed_in") { _ = try await door.access.authenticate(busy.token) }
    }

    @Test("signing out ends the session and tells who holds a long answer open by it")
    func signOut() async throws {
        let door = try Door()
        try await door.user("ada")
        let signIn = try await door.signIn("ada")
        let other = try await door.signIn("ada")
        let end = door.access.end(of: signIn.credential)
        try await door.access.signOut(signIn.credential)
        for await _ in end {}
        await expectRefusal("access.not_signed_in") { _ = try await door.access.authenticate(signIn.token) }
        #expect(try await !door.access.isValid(signIn.credential))
        #expect(try await door.access.authenticate(other.token).principal.name == "ada")
    }

    @Test("no token that was ever given out stands in the database's files")
    func onlyHashes() async throws {
        let door = try Door()
        try await door.user("ada")
        let signIn = try await door.signIn("ada")
        let token = try await door.access.createToken(name: "bot", role: .viewer, lifetime: .seconds(3600), by: .system)
        let stored = try door.storedBytes()
        for secret in [signIn.token, token.secret, Door.password, signIn.credential.formToken] {
            #expect(!stored.contains(secret.utf8), "\(secret)")
        }
        #expect(stored.contains(signIn.credential.id.utf8), "the hash is there, so the search finds what is there")
    }

    @Test(
        "what is no token of ours is refused without a look-up",
        arguments: [
            "", "x", "cordonsession_", "cordonapi_zz", "Bearer x", String(repeating: "a", count: 10_000),
            "cordonsession_\u{0}",
        ]
    )
    func malformed(bearer: String) async throws {
        let door = try Door()
        await expectRefusal("access.not_signed_in") { _ = try await door.access.authenticate(bearer) }
    }

    @Test("a token of the right form that nobody has is refused")
    func unknown() async throws {
        let door = try Door()
        for prefix in ["cordonsession_", "cordonapi_"] {
            await expectRefusal("access.not_signed_in") {
                _ = try await door.access.authenticate(prefix + String(repeating: "0f", count: 32))
            }
        }
    }

    @Test("each session has a form token of its own, and it signs nobody in")
    func formToken() async throws {
        let door = try Door()
        try await door.user("ada")
        let (one, two) = (try await door.signIn("ada"), try await door.signIn("ada"))
        #expect(one.credential.formToken != two.credential.formToken)
        #expect(try await door.access.authenticate(one.token).formToken == one.credential.formToken)
        for text in [
            one.credential.formToken, "cordonsession_" + one.credential.formToken, "cordonsession_" + one.credential.id,
        ] {
            await expectRefusal("access.not_signed_in") { _ = try await door.access.authenticate(text) }
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ needle: String.UTF8View) -> Bool {
        let needle = Array(needle)
        guard let first = needle.first, count >= needle.count else { return false }
        return indices.dropLast(needle.count - 1).contains {
            self[$0] == first && self[$0..<$0 + needle.count].elementsEqual(needle)
        }
    }
}
