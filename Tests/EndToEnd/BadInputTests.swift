import CordonScan
import CordonTesting
import Testing

@Suite(
    "bad input gets one clear sentence", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")))
struct BadInputTests {
    /// What was typed, how it ended, and a word that the sentence must hold.
    private func expect(_ name: String, _ result: Command.Result, says words: String...) {
        #expect(result.status != 0, "\(name)")
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 1, "\(name): \(result.errors)")
        #expect(lines.last?.utf8.count ?? 0 < 500, "\(name)")
        for word in words { #expect(result.errors.contains(word), "\(name): \(result.errors)") }
    }

    @Test(
        "tokens: empty, malformed, cut short, of a stranger, used up, for a host that is enrolled",
        .timeLimit(.minutes(3)))
    func tokens() throws {
        let ground = try Ground()
        let host = try LabHost(.web, in: ground.lab, ground.binaries)
        let once = try ground.token()
        let another = try ground.token()
        let list: [(String, String, String)] = [
            ("empty", "", "token"), ("malformed", "not a token at all", "token"),
            ("cut short", String(once.dropLast(7)), "token"),
            ("of a stranger", try strangerToken(like: once), "token"),
        ]
        for (name, token, word) in list {
            let result = try host.enrol(token)
            expect(name, result, says: word)
            #expect(
                token.count < 20 || !result.complaint.contains(token.suffix(16)), "\(name): no secret in the sentence")
        }
        #expect(try host.enrol(once).status == 0)
        let second = try LabHost(.db, in: ground.lab, ground.binaries)
        expect("used up", try second.enrol(once), says: "token")
        expect("enrolled already", try host.enrol(another), says: "already")
    }

    /// The same with the last letter of the secret changed, where that still is a token.
    private func strangerToken(like token: String) throws -> String {
        var letters = Array(token)
        let place = letters.count - 12
        letters[place] = letters[place] == "A" ? "B" : "A"
        return String(letters)
    }

    @Test(
        "another fleet: its token is not believed, its agent not let in; a revoked agent neither",
        .timeLimit(.minutes(3)))
    func fleets() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        // An agent that met the other fleet's controller would wait for minutes: somebody has to act then.
        web.agent.stop()
        ground.serving.stop()
        // Another fleet on the same address, for a while.
        let other = try LabController(ground.lab, ground.binaries, fleet: "other")
        let serving = try other.serve()
        let people = try Operator(other)
        let tokens = try people.text("token", "create", "--uses", "2", "--expires", "1h")
        let foreign = try LabHost(.db, in: ground.lab, ground.binaries)
        #expect(try foreign.enrol(tokens).status == 0)
        serving.stop()
        try ground.restartController()
        let late = try LabHost(.files, in: ground.lab, ground.binaries)
        expect("token of another fleet", try late.enrol(tokens), says: "authority")
        let stranger = try foreign.startAgent()
        try waits(foreign, ground)
        let agent = try web.host.startAgent()
        try ground.awaitOnline(.web)
        _ = try ground.people.look("host", "revoke", "web", "--reason", "a test")
        try waits(web.host, ground)
        #expect(try ground.people.look("hosts").compactMap { $0["name"]?.text } == ["web"])
        #expect(try ground.people.host("web")?["state"]?.text == "revoked")
        withExtendedLifetime((stranger, agent)) {}
    }

    /// Its agent runs, has no connection, and says why.
    private func waits(_ host: LabHost, _ ground: Ground) throws {
        var last = ""
        let said = try Waiting.becomes(within: .seconds(20)) {
            let result = try ground.lab.command(
                [ground.binaries["cordon-agent"], "status", "--json", "--config", "\(host.folder)/agent.toml"],
                in: host.space,
                environment: ground.binaries.environment
            ).run()
            last = "status \(result.status): \(result.output)\(result.errors)"
            return result.status != 0 && result.output.contains("\"reason\"")
        }
        #expect(said, "\(host.space): \(last)")
    }

    @Test("people: wrong password, wrong controller, no such host, a host that is not there", .timeLimit(.minutes(3)))
    func people() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        let url = ground.controller.url
        var login = ground.people.command([
            "login", url, "--user", "sam", "--password-stdin", "--ca-file", ground.controller.authority,
        ])
        login.input = "wrong\n"
        expect("wrong password", try login.run(), says: "password")
        let fingerprint = String(repeating: "a1", count: 32)
        var stranger = ground.people.command([
            "login", url, "--user", "sam", "--password-stdin", "--fingerprint", fingerprint,
        ])
        stranger.input = LabController.password + "\n"
        let refused = try stranger.run()
        #expect(refused.status == 4)
        #expect(refused.errors.contains("fingerprint"), "\(refused.errors)")
        var near = ground.people.command([
            "login", "https://127.0.0.1:\(LabController.peoplePort)", "--user", "sam", "--password-stdin", "--ca-file",
            ground.controller.authority,
        ])
        near.input = LabController.password + "\n"
        try near.must()  // `init` was told other addresses only: loopback always belongs to them.
        var elsewhere = ground.people.command([
            "login", "https://127.0.0.2:\(LabController.peoplePort)", "--user", "sam", "--password-stdin", "--ca-file",
            ground.controller.authority,
        ])
        elsewhere.input = LabController.password + "\n"
        expect("another address than the certificate's", try elsewhere.run(), says: "other addresses")
        let unknown = try ground.people.attempt("isolate", "nowhere", "--reason", "a test")
        #expect(unknown.status == 5)
        #expect(unknown.complaint.contains("no host named nowhere"))
        web.agent.kill()
        let absent = try ground.people.attempt("isolate", "web", "--reason", "a test", "--wait", "--patience", "2s")
        #expect(absent.status == 1)
        #expect(absent.complaint.contains("goes on without you"), "\(absent.complaint)")
        let agent = try web.host.startAgent()
        let order = try Waiting.until("the order that waited", within: .seconds(45)) {
            try ground.isolations().first { $0["is_final"]?.flag == true }
        }
        #expect(order["state"]?.text == "succeeded")
        withExtendedLifetime(agent) {}
    }

    @Test("serving: port in use, folder in use, read-only folder, full disk", .timeLimit(.minutes(3)))
    func serving() throws {
        let ground = try Ground()
        let other = try LabController(ground.lab, ground.binaries, fleet: "other")
        expect("agents' port in use", try other.serving(api: 9443).run(), says: "listens on", "7443")
        expect("people's port in use", try other.serving(link: 9444).run(), says: "listens on", "8443")
        expect(
            "second controller", try ground.controller.serving(api: 9443, link: 9444).run(), says: "nother controller")
        ground.serving.stop()
        let data = ground.controller.data
        try ground.lab.command(["mount", "--bind", data, data]).must()
        try ground.lab.command(["mount", "-o", "remount,bind,ro", data]).must()
        expect("read-only", try ground.controller.serving().run(), says: "read-only")
        try ground.lab.command(["umount", data]).must()
        try ground.lab.command(["sh", "-c", Self.fill, "sh", data]).must()
        expect("full disk", try ground.controller.serving().run(), says: "full")
        try ground.lab.command(["umount", data]).must()
        // Nothing of it lost anything.
        try ground.restartController()
        #expect(try ground.people.attempt("audit", "verify").status == 0)
    }

    /// Puts the folder onto a small disk and fills that.
    private static let fill = """
        set -eu
        mkdir /run/small
        mount -t tmpfs -o size=16m,mode=700 small /run/small
        cp -a "$1/." /run/small/
        chown --reference="$1" /run/small
        dd if=/dev/zero of=/run/small/ballast bs=64k 2>/dev/null || true
        dd if=/dev/zero of=/run/small/rest bs=512 2>/dev/null || true
        mount --bind /run/small "$1"
        """
}
