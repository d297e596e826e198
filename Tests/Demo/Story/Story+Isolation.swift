internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import CordonTesting

extension Story {
    /// Cut off from everybody but the controller, in both directions and both families.
    func isolation(ended sessions: [Daemon], _ neighbour: Child) throws {
        teller.chapter("web is isolated")
        let order = try settled("isolate")
        say(order)
        try teller.prove("the enforcer on web carried the isolation out", order["state"]?.text == "succeeded")
        let failed = (order["result"]?["proof"]?["probes"]?.array ?? []).filter { $0["passed"]?.flag != true }
        try teller.prove("every probe of the host itself passed", failed.isEmpty)
        for six in [false, true] {
            let family = six ? "IPv6" : "IPv4"
            try teller.prove(
                "the attacker does not reach web by \(family)", !stage.reaches(.web, "22", from: .attacker, over: six))
            try teller.prove(
                "its neighbour db does not reach web by \(family)", !stage.reaches(.web, "22", from: .db, over: six))
            try teller.prove("web does not reach db by \(family)", !stage.reaches(.db, "22", from: .web, over: six))
            try teller.prove(
                "web does not reach the internet by \(family)", !stage.reaches(.internet, "443", from: .web, over: six))
        }
        let end = neighbour.line(within: .seconds(5)) ?? "nothing"
        try teller.prove("the connection that db held to web was reset (\(end))", end == "Connection reset by peer")
        for (session, name) in zip(sessions, ["first", "second"]) {
            try teller.prove("the attacker's \(name) shell is dead", isSilent(session))
        }
        try controllerStaysThere()
    }

    /// Whether the session says nothing new any more, or has ended.
    private func isSilent(_ session: Daemon) -> Bool {
        if session.ended != nil { return true }
        let before = Scratch.text(of: session.log).utf8.count
        return !Waiting.becomes(within: .milliseconds(2200)) {
            session.ended == nil && Scratch.text(of: session.log).utf8.count > before
        }
    }

    private func controllerStaysThere() throws {
        let agents = "\(LabController.agentsPort)"
        try teller.prove(
            "the agent's user reaches the controller",
            stage.reaches(.controller, agents, from: .web, user: Lab.agentUser))
        try teller.prove(
            "root on web does not: the way is the agent's alone", !stage.reaches(.controller, agents, from: .web))
        let host = try people.host("web")
        try teller.prove("the controller sees web online", host?["state"]?.text == "online")
        let other = try people.attempt(
            "block", "web", "198.51.100.7", "--for", "1h", "--reason", "seen in the same list of attackers", "--case",
            caseName, "--wait")
        try teller.prove("web answers a new order while it is isolated", other.object["state"]?.text == "succeeded")
    }

    // MARK: - What the enforcer refuses

    func refusals() throws {
        teller.chapter("What the enforcer on web refuses")
        let forger = try Forger(stage)
        let action = Action.blockAddress(
            AddressBlock(network: try Forger.network("192.0.2.9"), duration: .seconds(3600)))
        try refused(
            "an order with a broken signature",
            try forger.tellWeb(try forger.order(action, for: "web", breaking: true)), by: "signature")
        try refused(
            "an order for db, signed with the controller's own key",
            try forger.tellWeb(try forger.order(action, for: "db")),
            by: "recipient")
        let asked = try people.attempt(
            "block", "web", Lab.Space.files.ipv4, "--for", "1h", "--reason", "a controller in the wrong hands",
            "--case", caseName, "--wait")
        let rule = asked.object["result"]?["rule"]?.text ?? "no rule"
        teller.say("enforcer", asked.object["result"]?["message"]?.text ?? asked.complaint)
        try teller.prove(
            "an order against the owner's policy was refused by \(rule)", rule.hasPrefix("protected_addresses"))
        try teller.prove("the refusal names the file", rule.contains("50-owner.toml:"))
    }

    private func refused(_ what: String, _ answer: String, by rule: String) throws {
        let lines = answer.split(separator: "\n").map(String.init)
        teller.say("enforcer", lines.last ?? "no answer")
        try teller.prove("\(what) was refused by the rule \(rule)", lines.first == "refused \(rule)")
    }

    // MARK: - Release and report

    func release() throws {
        teller.chapter("web is released")
        let order = try people.attempt(
            "release", "web", "--reason", "the account is locked, the host is clean", "--case", caseName, "--wait")
        try teller.prove("the release was carried out", order.object["state"]?.text == "succeeded")
        say(order.object)
        for six in [false, true] {
            let family = six ? "IPv6" : "IPv4"
            try teller.prove("db reaches web again by \(family)", stage.reaches(.web, "22", from: .db, over: six))
            try teller.prove(
                "web reaches the internet again by \(family)", stage.reaches(.internet, "443", from: .web, over: six))
        }
        try teller.prove("the attacker's address is still blocked", !stage.reaches(.web, "22", from: .attacker))
    }

    func report() throws {
        teller.chapter("The case's report")
        let report = try people.text("case", "report", caseName)
        teller.print(report)
        try teller.prove("the report names the attacker", report.contains(Lab.Space.attacker.ipv4))
        let audit = try people.attempt("audit", "verify")
        try teller.prove("the audit chain is intact", audit.status == 0)
    }
}
