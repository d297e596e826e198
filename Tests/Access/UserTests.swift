import ControllerAccess
import CordonModel
import Testing

@Suite("Users")
struct UserTests {
    @Test("the first administrator gets a password that was made up, and there is only one first")
    func firstAdministrator() async throws {
        let door = try Door()
        let password = try #require(try await door.access.createFirstAdministrator())
        #expect(password.utf8.count >= 20)
        let signIn = try await door.access.signIn("admin", password: password, from: Door.here)
        #expect(signIn.credential.principal == Principal(name: "admin", role: .administrator))
        await expectRefusal("access.already_initialised") {
            _ = try await door.access.createFirstAdministrator(name: "other")
        }
        #expect(try await door.access.users().map(\.name) == ["admin"])
        #expect(try await door.verbs() == ["user.created", "sign_in.accepted"])
    }

    @Test("the last administrator can be neither removed nor made less, and a refusal changes nothing")
    func lastAdministrator() async throws {
        let door = try Door()
        try await door.user("root", .administrator)
        try await door.user("ada", .viewer)
        let before = try await door.verbs()
        await expectRefusal("access.last_administrator") { try await door.access.removeUser("root", by: .system) }
        await expectRefusal("access.last_administrator") {
            try await door.access.setRole(of: "root", to: .viewer, by: .system)
        }
        #expect(try await door.access.users().first { $0.name == "root" }?.role == .administrator)
        #expect(try await door.verbs() == before)
        try await door.access.setRole(of: "ada", to: .administrator, by: .system)
        try await door.access.removeUser("root", by: .system)
        #expect(try await door.access.users().map(\.name) == ["ada"])
    }

    @Test("a user that is removed takes sessions and API tokens along")
    func removal() async throws {
        let door = try Door()
        try await door.user("root", .administrator)
        try await door.user("eve", .administrator)
        let signIn = try await door.signIn("eve")
        let token = try await door.access.createToken(
            name: "keep-me", role: .administrator, lifetime: .seconds(86_400), by: signIn.credential.principal
        )
        let bot = try await door.access.authenticate(token.secret)
        let (first, second) = (door.access.end(of: signIn.credential), door.access.end(of: bot))
        try await door.access.removeUser("eve", by: .system)
        for await _ in first {}
        for await _ in second {}
        for secret in [signIn.token, token.secret] {
            await expectRefusal("access.not_signed_in") { _ = try await door.access.authenticate(secret) }
        }
    }

    @Test("a new password ends the other sessions, and the old one is worth nothing")
    func passwordChange() async throws {
        let door = try Door()
        try await door.user("ada")
        let (own, other) = (try await door.signIn("ada"), try await door.signIn("ada"))
        let new = "another long password"
        await expectRefusal("access.sign_in_refused") {
            try await door.access.changePassword(of: own.credential, from: "not the password", to: new, at: Door.here)
        }
        try await door.access.changePassword(of: own.credential, from: Door.password, to: new, at: Door.here)
        _ = try await door.access.authenticate(own.token)
        await expectRefusal("access.not_signed_in") { _ = try await door.access.authenticate(other.token) }
        await expectRefusal("access.sign_in_refused") { _ = try await door.signIn("ada") }
        _ = try await door.access.signIn("ada", password: new, from: Door.here)
    }

    @Test(
        "names that could be mistaken for something else are refused",
        arguments: [
            "", "Ada", "a b", "a\u{0}b", "ä", ".hidden", "-rf", "playbook:1", "token:x", "a/b",
            String(repeating: "a", count: 65),
        ]
    )
    func names(name: String) async throws {
        let door = try Door()
        await expectRefusal("access.malformed_name") { try await door.user(name) }
    }

    @Test(
        "passwords that are too short or too long are refused",
        arguments: ["", "elevenchars", String(repeating: "x", count: 257)])
    func passwords(password: String) async throws {
        let door = try Door()
        await expectRefusal("access.weak_password") {
            _ = try await door.access.createUser(name: "ada", role: .viewer, password: password, by: .system)
        }
    }

    @Test("a name is given once")
    func taken() async throws {
        let door = try Door()
        try await door.user("ada")
        await expectRefusal("access.name_taken") { try await door.user("ada") }
    }

    @Test("what nobody has is unknown")
    func unknown() async throws {
        let door = try Door()
        await expectRefusal("access.unknown_user") { try await door.access.removeUser("nobody", by: .system) }
        await expectRefusal("access.unknown_user") {
            try await door.access.setRole(of: "nobody", to: .viewer, by: .system)
        }
        await expectRefusal("access.unknown_token") {
            try await door.access.revokeToken(Identifier(UUIDv7(high: 1, low: 2)), by: .system)
        }
    }
}

@Suite("API tokens")
struct APITokenTests {
    @Test("a token acts under its own name with its role until it expires")
    func expiry() async throws {
        let door = try Door()
        let new = try await door.access.createToken(
            name: "ticketing", role: .analyst, lifetime: .seconds(3600), by: .system)
        #expect(new.secret.hasPrefix("cordonapi_"))
        #expect(
            try await door.access.authenticate(new.secret).principal
                == Principal(name: "token:ticketing", role: .analyst))
        door.advance(.seconds(3600))
        await expectRefusal("access.not_signed_in") { _ = try await door.access.authenticate(new.secret) }
    }

    @Test("a token that is revoked ends at once, with whoever watches by it")
    func revocation() async throws {
        let door = try Door()
        let new = try await door.access.createToken(name: "bot", role: .viewer, lifetime: .seconds(3600), by: .system)
        let end = door.access.end(of: try await door.access.authenticate(new.secret))
        try await door.access.revokeToken(new.token.id, by: .system)
        for await _ in end {}
        await expectRefusal("access.not_signed_in") { _ = try await door.access.authenticate(new.secret) }
        #expect(try await door.access.tokens().first?.revokedAt == door.now)
        #expect(try await door.verbs() == ["api_token.created", "api_token.revoked"])
    }

    @Test(
        "a token cannot live for ever, or for no time",
        arguments: [Duration.zero, .seconds(59), .seconds(367 * 86_400)])
    func lifetime(lifetime: Duration) async throws {
        let door = try Door()
        await expectRefusal("access.token_lifetime") {
            _ = try await door.access.createToken(name: "bot", role: .viewer, lifetime: lifetime, by: .system)
        }
    }
}

@Suite("Password hashing")
struct PasswordHashTests {
    @Test(
        "scrypt gives what RFC 7914 §12 says",
        arguments: [
            (
                "password", "NaCl", PasswordHasher.Cost(logN: 10, r: 8, p: 16),
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            ),
            (
                "pleaseletmein", "SodiumChloride", .init(logN: 14, r: 8, p: 1),
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            ),
        ]
    )
    func vectors(password: String, salt: String, cost: PasswordHasher.Cost, expected: String) async throws {
        let hash = try await PasswordHasher(cost: cost).hash(password, salt: Array(salt.utf8))
        #expect(hash.hasSuffix("$" + expected))
    }

    @Test("a hash carries its own cost, so that a dearer standard leaves old passwords valid")
    func ownCost() async throws {
        let hash = try await PasswordHasher(cost: .init(logN: 10, r: 1, p: 1)).hash(
            "a password of old", salt: [1, 2, 3])
        let today = PasswordHasher(cost: .init(logN: 11, r: 2, p: 1))
        #expect(try await today.verify("a password of old", against: hash))
        #expect(try await !today.verify("another", against: hash))
    }

    @Test(
        "a hash that was edited never verifies and never takes the memory it asks for",
        arguments: ["", "$scrypt$ln=63,r=8,p=1$00$00", "$scrypt$$$", "plain"])
    func damaged(hash: String) async throws {
        #expect(try await !PasswordHasher(cost: .init(logN: 10, r: 1, p: 1)).verify("x", against: hash))
    }

    @Test("more checks at one time than may wait are turned away")
    func busy() async throws {
        let hasher = PasswordHasher(cost: .init(logN: 14, r: 8, p: 1))
        let refused = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    do { return try await !hasher.verify("x", against: nil) && false } catch {
                        return (error as? AccessError) == .busy
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused == 24)
    }
}
