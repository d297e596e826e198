internal import CordonModel
internal import CordonScan
internal import CordonTesting

/// What happens, from the first guess to the report.
final class Story {
    let stage: Stage
    let teller: Teller
    let isAsking: Bool
    /// Entries of the case's timeline that were told already.
    private var told = 0
    private(set) var caseName = ""

    init(_ stage: Stage, _ teller: Teller, isAsking: Bool) {
        self.stage = stage
        self.teller = teller
        self.isAsking = isAsking
    }

    var people: Operator { stage.people }

    func tell() throws {
        try before()
        let session = try attack()
        try detection()
        try block()
        let visitor = try comeBack()
        let neighbour = try stage.hold(.web, "22", from: .db)
        guard try decision() else { return try declined() }
        try isolation(ended: [session, visitor], neighbour)
        try refusals()
        try release()
        try report()
    }

    /// What is cut later must be open now, or its silence would prove nothing.
    private func before() throws {
        let ways: [(Lab.Space, Lab.Space, String)] = [
            (.attacker, .web, "22"), (.db, .web, "22"), (.web, .db, "22"), (.web, .internet, "443"),
        ]
        for six in [false, true] {
            for (from, to, port) in ways where try !stage.reaches(to, port, from: from, over: six) {
                throw Unproved(what: "\(from) reaches \(to) before anything happened, by \(six ? "IPv6" : "IPv4")")
            }
        }
        try teller.prove("attacker, neighbour and internet are reached, by IPv4 and IPv6", true)
    }

    // MARK: - The attack

    private func attack() throws -> Daemon {
        teller.chapter("The attack")
        let attacker = Attacker(stage.lab, against: .web)
        for guess in Attacker.guesses.dropLast() {
            guard try !attacker.tries(guess) else {
                throw TestFailure("the password \(guess) was right, which it must not be")
            }
            teller.say("attacker", "tries \(SSHServer.user) with \(guess): no")
        }
        let session = try attacker.session(
            SSHServer.password, six: false, log: "\(stage.lab.scratch.path)/attacker.log")
        // Not until the shell says something: the block may be faster than that.
        _ = try Waiting.until("the attacker's logon") { () -> Bool? in
            Scratch.text(of: stage.web.authLog).contains("Accepted password for \(SSHServer.user)") ? true : nil
        }
        teller.say("attacker", "got in as \(SSHServer.user) with \(SSHServer.password)")
        for line in Scratch.text(of: stage.web.authLog).split(separator: "\n") where line.contains("password for") {
            teller.say("web", String(line))
        }
        return session
    }

    private func detection() throws {
        teller.chapter("Found")
        let alert = try Waiting.until("an alert about the logon") {
            try people.look("alerts").first {
                $0["rule"]?["id"]?.text == "cordon.sshd.login_after_failures" && $0["case_number"]?.integer != nil
            }
        }
        teller.say(
            "alert",
            "\(alert["severity"]?.text ?? ""): \(alert["title"]?.text ?? "") (rule \(alert["rule"]?["id"]?.text ?? ""))"
        )
        caseName = "C-\(alert["case_number"]?.integer ?? 0)"
        let file = try people.look("case", "show", caseName)[0]
        teller.say("case", "\(caseName) opened: \(file["title"]?.text ?? "")")
    }

    // MARK: - The block

    private func block() throws {
        teller.chapter("The attacker is blocked")
        let order = try settled("block_address")
        try teller.prove("the enforcer on web carried the block out", order["state"]?.text == "succeeded")
        say(order)
        try teller.prove("the attacker's packets no longer reach web", !stage.reaches(.web, "22", from: .attacker))
        try teller.prove("db still reaches web", stage.reaches(.web, "22", from: .db))
        try teller.prove("web still reaches the internet", stage.reaches(.internet, "443", from: .web))
    }

    /// Only the address that was seen is blocked; the attacker has another one.
    private func comeBack() throws -> Daemon {
        let attacker = Attacker(stage.lab, against: .web)
        let session = try attacker.session(
            SSHServer.password, six: true, log: "\(stage.lab.scratch.path)/attacker6.log"
        ).says("in")
        teller.say(
            "attacker",
            "comes back over IPv6 with the stolen password, from \(Lab.Space.attacker.ipv6): a second shell is open")
        return session
    }

    // MARK: - The decision

    private func decision() throws -> Bool {
        teller.chapter("A person decides")
        let task = try Waiting.until("the playbook's question") {
            follow()
            return try people.look("tasks").first { $0["state"]?.text == "open" }
        }
        guard let id = task["id"]?.text else { throw TestFailure("a task without identifier") }
        teller.say(
            "playbook",
            "\(task["playbook_name"]?.text ?? "") asks a \(task["role"]?.text ?? ""): \(task["text"]?.text ?? "")")
        var (verb, reason) = ("approve", "the demo's --yes")
        if isAsking {
            var answer = ""
            while answer != "y", answer != "n" { answer = teller.ask("Approve? [y/n]").lowercased() }
            verb = answer == "y" ? "approve" : "deny"
            repeat { reason = teller.ask("Why? (stands in the timeline)") } while reason.isEmpty
        }
        _ = try people.look(verb, id, "--reason", reason)
        teller.say(LabController.administrator, "\(verb == "approve" ? "approved" : "denied"): \(reason)")
        return verb == "approve"
    }

    /// What denying means is proved too.
    private func declined() throws {
        try teller.prove("web is not isolated: db still reaches it", stage.reaches(.web, "22", from: .db))
        let isolations = try people.look("orders").filter { $0["action"]?["kind"]?.text == "isolate" }
        try teller.prove("nobody ordered an isolation", isolations.isEmpty)
        try report()
    }

    // MARK: - Shared

    /// The only order of a kind, once it is final.
    func settled(_ kind: String) throws -> JSONValue {
        try Waiting.until("the end of the order to \(kind)", within: .seconds(30)) {
            follow()
            return try people.look("orders").first {
                $0["action"]?["kind"]?.text == kind && $0["is_final"]?.flag == true
            }
        }
    }

    /// An order's answer and its probes.
    func say(_ order: JSONValue) {
        let result = order["result"]
        let micros = result?["proof"]?["applied_us"]?.integer ?? 0
        teller.say(
            "enforcer", "\(result?["message"]?.text ?? "") In force after \(micros / 1000).\(micros / 100 % 10) ms.")
        for probe in result?["proof"]?["probes"]?.array ?? [] {
            let passed = probe["passed"]?.flag == true
            teller.say(
                passed ? "  probe" : "  NOT SO", "\(probe["name"]?.text ?? ""): \(probe["observed"]?.text ?? "")")
        }
    }

    /// Tells what is new in the case's timeline.
    func follow() {
        guard !caseName.isEmpty, let file = try? people.look("case", "show", caseName).first else { return }
        let entries = file["timeline"]?.array ?? []
        for entry in entries.dropFirst(told) {
            teller.say("timeline", "\(entry["actor"]?.text ?? ""): \(entry["text"]?.text ?? "")")
        }
        told = max(told, entries.count)
    }
}
