import CordonScan
import CordonTesting
import Testing

@Suite(
    "passkeys, with a real browser, controller, agent and enforcer", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")),
    .enabled(if: WebBrowser.path != nil, "Chromium is not installed: apt-get install chromium"))
struct PasskeyTests {
    @Test(
        "two people make passkeys in their browsers, the policy root lists them, and a host that takes isolation from nobody alone is isolated once both have signed",
        .timeLimit(.minutes(4)))
    func approve() async throws {
        let ground = try Ground()
        let console = try ConsoleByName(ground)
        let web = try ground.host(.web, policy: "two_person = [\"isolate\"]")
        try ground.listen(on: .db)
        let people = [try await Person("ann", at: console, ground), try await Person("bob", at: console, ground)]
        let mallory = try await Person("mallory", at: console, ground, verifies: false)
        do {
            try await mallory.cannotMakePasskey()
            await mallory.browser.close()
            try await Self.approve(people[0], people[1], ground)
        } catch {
            for person in people { await person.browser.close() }
            throw error
        }
        for person in people { await person.browser.close() }
        withExtendedLifetime((web, console)) {}
    }

    private static func approve(_ ann: Person, _ bob: Person, _ ground: Ground) async throws {
        let lines = [try await ann.makePasskey(), try await bob.makePasskey()]
        #expect(lines.allSatisfy { $0.hasPrefix("cordon-passkey:es256:\(ConsoleByName.name):") })
        #expect(ann.browser.complaints == [] && bob.browser.complaints == [])
        try ground.list(["--passkey", "ann=\(lines[0])", "--passkey", "bob=\(lines[1])"])
        // Open pages have noticed that the controller was away.
        for person in [ann, bob] { try await person.reopen() }
        try ground.awaitOnline(.web)
        #expect(try ground.reaches(.db, from: .web))

        let ordered = try ground.people.look("isolate", "web", "--for", "1h", "--reason", "a test")
        let id = try #require(ordered.last?["id"]?.text)
        try ground.awaitOrder(id, "drafted")
        try await ann.sign(id)
        let halfway = try ground.awaitOrder(id, "drafted", signedBy: ["ann"])
        #expect(halfway["result"] == nil || halfway["result"]?.isNull == true)
        #expect(try ground.reaches(.db, from: .web), "one person is not two")
        try await ann.cannotSign(id)
        try await bob.sign(id)
        try ground.awaitOrder(id, "succeeded", signedBy: ["ann", "bob"])
        #expect(try ground.reaches(.db, from: .web) == false)
        #expect(ann.browser.complaints == [] && bob.browser.complaints == [])
        let log = Scratch.text(of: "\(ground.lab.scratch.path)/hosts/web/log/enforcer.log")
        #expect(log.contains("ann, bob"), "the host itself says who approved")
    }
}

/// The console as a browser outside of the lab sees it: by a name, which passkeys need, through a relay.
private struct ConsoleByName {
    static let name = "cordon.example"
    let site: String
    private let relay: Daemon

    init(_ ground: Ground) throws {
        let listener = try LoopbackListener()
        relay = try ground.lab.daemon(
            [
                ground.binaries["cordon-demo"], "relay", "3", Lab.Space.controller.ipv4,
                "\(LabController.peoplePort)",
            ], in: .controller, environment: ground.binaries.environment,
            log: "\(ground.lab.scratch.path)/console-relay.log", handing: listener.descriptor)
        site = "https://\(Self.name):\(listener.port)"
    }
}

/// Somebody with a browser and a security key of their own.
private struct Person {
    let browser: WebBrowser
    private let site: String

    /// Signs in.
    init(_ name: String, at console: ConsoleByName, _ ground: Ground, verifies: Bool = true) async throws {
        var create = ground.people.command(["user", "create", name, "--role", "responder", "--password-stdin"])
        create.input = LabController.password + "\n"
        try create.must()
        // The authority is the fleet's own, which the browser of a test has not been told of.
        browser = try await WebBrowser([
            "--host-resolver-rules=MAP \(ConsoleByName.name) 127.0.0.1", "--ignore-certificate-errors",
        ])
        site = console.site
        try await browser.addSecurityKey(verifies: verifies)
        try await browser.open("\(site)/sign-in")
        try await browser.type(name, into: "#name")
        try await browser.type(LabController.password, into: "#password")
        try await browser.click("main button")
        try await browser.wait(for: "location.pathname === '/' && document.readyState === 'complete'")
    }

    /// The line that the page gives.
    func makePasskey() async throws -> String {
        try await browser.open("\(site)/passkeys")
        try await browser.click("#passkey-register button")
        try await browser.wait(for: "!document.querySelector('#passkey-made').hidden")
        return try await browser.value("document.querySelector('#passkey-line').textContent")
    }

    /// A key that does not verify who is there makes none.
    func cannotMakePasskey() async throws {
        try await browser.open("\(site)/passkeys")
        try await browser.click("#passkey-register button")
        try await browser.wait(for: Self.refused)
        #expect(try await browser.value("document.querySelector('#passkey-made').hidden") == "true")
    }

    /// Who has signed is not asked again, and no key of theirs signs for others.
    func cannotSign(_ order: String) async throws {
        try await browser.open("\(site)/orders/\(order)/sign")
        try await browser.click("#passkey-sign button")
        try await browser.wait(for: Self.refused)
    }

    private static let refused =
        "document.querySelector('#passkey-state').innerText.startsWith('Nothing was made or signed')"

    /// Leaves the page that was open, with what it complained of.
    func reopen() async throws {
        try await browser.open("\(site)/")
        browser.forgetComplaints()
    }

    func sign(_ order: String) async throws {
        try await browser.open("\(site)/orders/\(order)/sign")
        try await browser.click("#passkey-sign button")
        try await browser.wait(for: "document.body.innerText.includes('Signed. The order goes to its host')")
    }
}
