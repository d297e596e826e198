import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerPlaybooks
import ControllerWeb
import CordonModel
import CordonOrders
import CordonTesting
import FoundationEssentials
import HummingbirdTesting
import Testing

@Suite(
    "The console in a real browser",
    .enabled(if: WebBrowser.path != nil, "Chromium is not installed: apt-get install chromium"),
    .timeLimit(.minutes(3)), .serialized
)
struct WebBrowserTests {
    /// Signs in and leaves the browser on Now.
    private func signIn(_ browser: WebBrowser, _ site: String, as name: String = "responder") async throws {
        try await browser.open("\(site)/sign-in")
        try await browser.type(name, into: "#name")
        try await browser.type(WebFixture.password, into: "#password")
        try await browser.click("main button")
        try await browser.wait(for: "location.pathname === '/' && document.readyState === 'complete'")
    }

    private func visit(_ fixture: WebFixture, _ body: @Sendable @escaping (WebBrowser, String) async throws -> Void)
        async throws
    {
        try await fixture.application.test(.live) { client in
            let browser = try await WebBrowser()
            do {
                try await body(browser, "http://127.0.0.1:\(client.port ?? 0)")
            } catch {
                await browser.close()
                throw error
            }
            await browser.close()
        }
    }

    @Test("every page loads, is styled, connects for news, and violates nothing of its policy")
    func pages() async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("Sign-in <script>alert(1)</script> after 42 failures")
        _ = try await fixture.ask("Isolate web-1 for 4 h?", in: file)
        try await visit(fixture) { browser, site in
            try await signIn(browser, site)
            let hunt = try await Self.hunt(fixture)
            let order = try await Self.isolation(fixture)
            for path in [
                "/", "/cases", "/cases/\(file.label)", "/hosts", "/hosts/\(WebFixture.db1.id)", "/search", "/hunts",
                "/hunts/\(hunt.id)", "/rules", "/upgrades", "/standing", "/passkeys",
                "/orders/\(order.id)/sign", "/nowhere",
            ] {
                try await browser.open("\(site)\(path)")
                #expect(
                    try await browser.value("getComputedStyle(document.querySelector('.bar')).display") == "flex",
                    "\(path)")
                if path != "/nowhere" { try await browser.wait(for: "document.documentElement.dataset.news === 'on'") }
            }
            // The page that is missing answers 404, and the browser says so: that alone is no complaint.
            #expect(browser.complaints.filter { !$0.contains("404") } == [])
            // What is not found above would have been: a script put into the page is refused and noted.
            _ = try await browser.value(
                "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); return 1 })()"
            )
            try await browser.wait(for: "window.ran === undefined")
            #expect(browser.complaints.contains { $0.contains("CSP script-src") })
        }
    }

    @Test("news appears without a reload, and what somebody is writing stays, with the focus in it")
    func live() async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("Sign-in after 42 failures")
        _ = try await fixture.ask("Isolate web-1 for 4 h?", in: file)
        try await visit(fixture) { browser, site in
            try await signIn(browser, site)
            try await browser.wait(for: "document.documentElement.dataset.news === 'on'")
            _ = try await browser.value("window.same = true")
            try await browser.type("the owner ag", into: "textarea[name=reason]")
            let second = try await fixture.raise(
                "Root by an account that never did", on: WebFixture.db1, severity: .high)
            _ = try await fixture.ask("Isolate db-1 as well?", in: second)
            try await browser.wait(for: "document.body.innerText.includes('Isolate db-1 as well?')")
            try await browser.wait(for: "document.querySelector('#main-nav .count').innerText.startsWith('2')")
            #expect(try await browser.value("window.same") == "true")
            #expect(try await browser.value("document.activeElement.value") == "the owner ag")
            _ = try await browser.value("document.activeElement.name")
            try await browser.type("rees", into: "textarea:focus")
            #expect(try await browser.value("document.activeElement.value") == "the owner agrees")
            #expect(browser.complaints == [])
        }
    }

    private static func isolation(_ fixture: WebFixture) async throws -> OrderRecord {
        try await fixture.services.fleet.submit(
            OrderRequest(
                id: fixture.services.surroundings.identifier(), agent: WebFixture.web1.id,
                action: .isolate(Isolation(duration: .seconds(14_400))), reason: "The owner agrees."),
            by: Principal(name: "mia", role: .responder))
    }

    private static func hunt(_ fixture: WebFixture) async throws -> HuntRecord {
        try await fixture.services.fleet.startHunt(
            HuntQuestion(kind: .process, parameters: ["name": "nc*"]), of: .all, mostHosts: 10, budget: HuntBudget(),
            lifetime: .seconds(600), reason: "looking", by: .system)
    }

    @Test("a hunt is started by form, its end appears without a reload, and a search stays as it is")
    func hunting() async throws {
        let fixture = try await WebFixture()
        try await visit(fixture) { browser, site in
            try await signIn(browser, site)
            try await browser.open("\(site)/hunts")
            try await browser.type("name=nc*", into: "#hunt-where")
            try await browser.type("case C-1", into: "#hunt-reason")
            try await browser.click("#hunt-form button")
            try await browser.wait(for: "location.pathname.startsWith('/hunts/') && document.readyState === 'complete'")
            try await browser.wait(for: "document.documentElement.dataset.news === 'on'")
            let hunt = try #require(try await fixture.services.fleet.hunts().first)
            #expect(hunt.hosts.count == 2)
            _ = try await browser.value("window.same = true")
            _ = try await fixture.services.fleet.cancelHunt(hunt.id, by: .system)
            fixture.services.changes.publish(Change(topic: .hunt, id: "\(hunt.id)", summary: "", at: WebFixture.start))
            try await browser.wait(for: "document.querySelector('#hunt-head').innerText.includes('Ended by hand')")
            #expect(try await browser.value("window.same") == "true")

            try await browser.open("\(site)/search")
            try await browser.type("user.name:root AND \"a b\"", into: "#search-query")
            try await browser.click(".search-form button")
            try await browser.wait(for: "location.search.includes('query=') && document.readyState === 'complete'")
            #expect(
                try await browser.value("document.querySelector('#search-query').value")
                    == "user.name:root AND \"a b\"")
            #expect(try await browser.value("document.body.innerText.includes('No event fits.')") == "true")
            #expect(browser.complaints == [])
        }
    }

    @Test("where the console is opened by address, its pages say that passkeys need its name, and stay as they are")
    func noPasskeysByAddress() async throws {
        let fixture = try await WebFixture()
        try await visit(fixture) { browser, site in
            try await signIn(browser, site)
            try await browser.addSecurityKey()
            try await browser.open("\(site)/passkeys")
            try await browser.click("#passkey-register button")
            try await browser.wait(for: "document.querySelector('#passkey-state').innerText.includes('by name')")
            #expect(try await browser.value("document.querySelector('#passkey-made').hidden") == "true")
            #expect(browser.complaints == [])
        }
    }

    @Test("an approval by form reaches the engine, and so does one where scripts are off", arguments: [true, false])
    func approve(scripts: Bool) async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("Sign-in after 42 failures")
        let task = try await fixture.ask("Isolate web-1 for 4 h?", in: file)
        try await visit(fixture) { browser, site in
            if !scripts { try await browser.turnScriptsOff() }
            try await signIn(browser, site)
            try await browser.type("the owner agrees", into: "textarea[name=reason]")
            try await browser.click("button[value=approve]")
            try await browser.wait(for: "document.body.innerText.includes('Approved. The playbook goes on.')")
            let decided = try await fixture.services.runs.task(task.id)
            #expect(decided?.state == .approved && decided?.reason == "the owner agrees")
            #expect(browser.complaints == [])
        }
    }

    @Test(
        "a case's file is quarantined by a click, a reason and a click; its program kept from starting; a standing order taken back"
    )
    func containing() async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise(
            "A miner runs", observables: [Observable(kind: .process, value: "/tmp/.x/a miner")])
        let standing = StandingOrder(
            id: fixture.services.surroundings.identifier(), rule: "r", kind: .isolate, subject: .host,
            duration: .seconds(3600), expiresAt: WebFixture.start + .seconds(3600), requestedBy: "mia", reason: "nights"
        )
        _ = try await fixture.services.fleet.makeStanding(standing, for: WebFixture.web1.id, by: .system)
        try await visit(fixture) { browser, site in
            try await signIn(browser, site)
            for form in ["quarantine", "executable"] {
                try await browser.open("\(site)/cases/\(file.label)")
                try await browser.click("#case-observables a[href$=\"#form-\(form)\"]")
                try await browser.wait(
                    for: "location.pathname.startsWith('/hosts/') && document.readyState === 'complete'")
                #expect(
                    try await browser.value("document.querySelector('#\(form)-path').value") == "/tmp/.x/a miner")
                try await browser.type("miner", into: "#\(form)-reason")
                try await browser.click("#form-\(form) button")
                try await browser.wait(for: "document.body.innerText.includes('Ordered. The order is signed')")
            }
            try await browser.open("\(site)/standing")
            try await browser.click("#standing-orders button")
            try await browser.wait(for: "document.body.innerText.includes('Withdrawn. A host that is away')")
            #expect(browser.complaints == [])
        }
        let actions = try await fixture.services.fleet.orders(OrderFilter()).map(\.order.action)
        #expect(actions.contains(.quarantineFile(FileTarget(path: "/tmp/.x/a miner"))) && actions.count == 2)
        #expect(fixture.services.fleet.standingOrders().first?.withdrawnAt != nil)
    }

    @Test("a session that ends elsewhere leads the open page to sign in")
    func endedSession() async throws {
        let fixture = try await WebFixture()
        try await visit(fixture) { browser, site in
            try await signIn(browser, site)
            try await browser.wait(for: "document.documentElement.dataset.news === 'on'")
            let credential = try await fixture.services.access.authenticate(
                try #require(try await browser.cookie("cordon_session")))
            try await fixture.services.access.signOut(credential)
            try await browser.wait(for: "location.pathname === '/sign-in'", seconds: 40)
        }
    }

    @Test(
        "a picture of each page can be taken",
        .enabled(if: Self.album != nil, "set CORDON_PICTURES to a folder to have them"))
    func pictures() async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("SSH password guessing that got in, on web-1", lines: Self.lines)
        try await fixture.services.cases.note(
            "Called the owner: nobody of the team signs in from there. She agrees to the isolation.", on: file.id,
            by: Principal(name: "mia", role: .analyst)
        )
        try await fixture.raise(
            "sudo to root by an account that never did, on db-1", on: WebFixture.db1, severity: .high)
        _ = try await fixture.ask(
            "Isolate web-1 for 4 h?\nAn address that had failed 42 times signed in as deploy. Isolation cuts every connection of the host but the controller's.",
            in: file
        )
        _ = try await fixture.services.access.createUser(
            name: "mia", role: .responder, password: WebFixture.password, by: .system)
        let order = try await Self.isolation(fixture)
        try await visit(fixture) { browser, site in
            try await signIn(browser, site, as: "mia")
            for (name, path, height) in [
                ("now", "/", 800), ("case", "/cases/\(file.label)", 1250), ("hosts", "/hosts", 500),
                ("cases", "/cases", 500),
                ("host", "/hosts/\(WebFixture.db1.id)", 1100), ("search", "/search", 700), ("hunts", "/hunts", 900),
                ("rules", "/rules", 700), ("upgrades", "/upgrades", 900), ("standing", "/standing", 600),
                ("passkeys", "/passkeys", 600),
                ("sign", "/orders/\(order.id)/sign", 700),
            ] {
                try await browser.open("\(site)\(path)")
                let picture = try await browser.picture(width: 1200, height: height)
                #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
                try Data(picture).write(to: URL(filePath: "\(Self.album ?? "/tmp")/console-\(name).png"))
            }
        }
    }

    private static var album: String? { ProcessInfo.processInfo.environment["CORDON_PICTURES"] }

    private static let lines = [
        "Nov 21 01:25:58 web-1 sshd[4242]: Failed password for invalid user admin from 203.0.113.7 port 40112 ssh2",
        "Nov 21 01:26:10 web-1 sshd[4250]: Failed password for deploy from 203.0.113.7 port 40120 ssh2",
        "Nov 21 01:26:17 web-1 sshd[4251]: Accepted password for deploy from 203.0.113.7 port 40122 ssh2",
    ]
}
