import ControllerAccess
import ControllerStore
import CordonModel
import CordonTrust
import Testing

@Suite("Signing in")
struct SignInTests {
    @Test("the right password opens a session that knows its user's role as it is now")
    func rightPassword() async throws {
        let door = try Door()
        try await door.user("root", .administrator)
        try await door.user("ada", .responder)
        let signIn = try await door.signIn("ada")
        #expect(try await door.access.authenticate(signIn.token).principal == Principal(name: "ada", role: .responder))
        try await door.access.setRole(of: "ada", to: .viewer, by: .system)
        #expect(try await door.access.authenticate(signIn.token).principal.role == .viewer)
    }

    @Test(
        "a wrong password, an unknown name and a malformed name get the same answer",
        arguments: ["ada", "nobody", "' OR 1=1 --", "", "ADA"])
    func sameAnswer(name: String) async throws {
        let door = try Door()
        try await door.user("ada")
        do {
            _ = try await door.access.signIn(name, password: "not the password", from: Door.here)
            Issue.record("it was let in")
        } catch let error as AccessError {
            #expect(error == .wrongPassword)
        }
    }

    @Test("what was typed into the name's field is not repeated in the audit chain unless it could be a name")
    func passwordInWrongField() async throws {
        let door = try Door()
        _ = try? await door.access.signIn("My Secret Passw0rd!", password: "x", from: Door.here)
        let record = try #require(try await door.audit.newest(limit: 1).first)
        #expect(record.entry.verb == "sign_in.refused")
        #expect(record.entry.actor == "(malformed name)")
        #expect(record.entry.details == ["source": "192.0.2.1"])
    }

    @Test(
        "after five failures the name is shut for that source, even to the right password, until the window has passed")
    func limitedByPair() async throws {
        let door = try Door()
        try await door.user("ada")
        for _ in 0..<5 { await expectRefusal("access.sign_in_refused") { try await fail(door, "ada", Door.here) } }
        await expectRefusal("access.too_many_attempts") { _ = try await door.signIn("ada") }
        await expectRefusal("access.too_many_attempts") { _ = try await door.signIn("ada") }
        #expect(
            try await door.verbs().count { $0 == "sign_in.limited" } == 1,
            "the chain hears of it once, not of every try")
        _ = try await door.signIn("ada", from: .v4(0xC000_0202))
        door.advance(.seconds(901))
        _ = try await door.signIn("ada")
    }

    @Test("one source that tries many names is shut for all of them")
    func limitedBySource() async throws {
        let door = try Door()
        try await door.user("ada")
        for number in 0..<20 {
            await expectRefusal("access.sign_in_refused") { try await fail(door, "name\(number)", Door.here) }
        }
        await expectRefusal("access.too_many_attempts") { _ = try await door.signIn("ada") }
    }

    @Test("one IPv6 host that roams in its /64 is one source")
    func limitedByPrefix() async throws {
        let door = try Door()
        try await door.user("ada")
        for number in 0..<5 {
            await expectRefusal("access.sign_in_refused") {
                try await fail(door, "ada", .v6(high: 0x2001_0db8_0000_0001, low: UInt64(number)))
            }
        }
        await expectRefusal("access.too_many_attempts") {
            _ = try await door.signIn("ada", from: .v6(high: 0x2001_0db8_0000_0001, low: 99))
        }
        _ = try await door.signIn("ada", from: .v6(high: 0x2001_0db8_0000_0002, low: 1))
    }

    @Test("a name that many sources guess at is shut after fifty failures, and its sessions go on")
    func limitedByName() async throws {
        let door = try Door()
        try await door.user("ada")
        let session = try await door.signIn("ada")
        for number in 0..<50 {
            await expectRefusal("access.sign_in_refused") {
                try await fail(door, "ada", .v4(0x0A00_0000 + UInt32(number)))
            }
        }
        await expectRefusal("access.too_many_attempts") { _ = try await door.signIn("ada", from: .v4(0x0B00_0000)) }
        #expect(try await door.access.authenticate(session.token).principal.name == "ada")
    }

    @Test("guesses made at the same time are counted before they are checked")
    func parallelGuesses() async throws {
        let door = try Door()
        try await door.user("ada")
        let codes = await withTaskGroup(of: String.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    do {
                        try await fail(door, "ada", Door.here)
                        return "let in"
                    } catch { return (error as? AccessError)?.code ?? "\(error)" }
                }
            }
            return await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(codes == ["access.sign_in_refused": 5, "access.too_many_attempts": 11])
    }

    @Test("successful sign-ins do not use the budget up")
    func successIsFree() async throws {
        let door = try Door()
        try await door.user("ada")
        for _ in 0..<60 { _ = try await door.signIn("ada") }
    }
}

private func fail(_ door: Door, _ name: String, _ source: IPAddress) async throws {
    _ = try await door.access.signIn(name, password: "not the password", from: source)
}
