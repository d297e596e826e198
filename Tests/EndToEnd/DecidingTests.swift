import CordonScan
import CordonTesting
import Testing

@Suite(
    "what people decide by, with real processes", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")))
struct DecidingTests {
    @Test(
        "an approver sees the name that a host enrolled with, and what it calls itself only as its claim",
        .timeLimit(.minutes(3)))
    func names() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        web.agent.stop()
        try ground.lab.command(["hostname", "db-prod"], in: .web).must()
        let agent = try web.host.startAgent()
        let host = try Waiting.until("the claim") { () -> JSONValue? in
            let host = try ground.people.host("web")
            return host?["claimed_name"]?.text == "db-prod" ? host : nil
        }
        let id = try #require(host["id"]?.text)
        let record = try Waiting.until("the claim is recorded") {
            try ground.people.look("audit", "list", "--subject", "host:\(id)").first {
                $0["verb"]?.text == "host.renamed"
            }
        }
        #expect(record["details"]?["claimed"]?.text == "db-prod" && record["details"]?["name"]?.text == "web")
        try web.host.logIntrusion()
        let task = try Waiting.until("the question", within: .seconds(45)) { try ground.people.look("tasks").first }
        let lines = (task["text"]?.text ?? "").split(separator: "\n")
        #expect(lines.first == "Isolate web?")
        #expect(lines.last == "The host now calls itself “db-prod”; that is its own claim.")
        // Nobody finds a host by a name that it only claims.
        #expect(try ground.people.attempt("isolate", "db-prod", "--for", "1h", "--reason", "a test").status == 5)
        withExtendedLifetime(agent) {}
    }

    @Test(
        "a run that is cancelled withdraws its order for a host that is away, and the host never gets it",
        .timeLimit(.minutes(3)))
    func withdrawn() throws {
        let ground = try Ground()
        let db = try ground.host(.db)
        let host = try #require(try ground.people.host("db")?["id"]?.text)
        db.agent.kill()
        _ = try Waiting.until("db offline", within: .seconds(60)) {
            try ground.people.host("db")?["state"]?.text == "offline" ? true : nil
        }
        let run = try #require(
            try ground.people.look(
                "playbook", "run", "Contain an SSH intrusion", "--input", "__host__=\(host)", "--input",
                "__attacker__=203.0.113.66"
            ).first?["id"]?.text)
        let order = try Waiting.until("the order waits") {
            try ground.people.look("orders").first { $0["state"]?.text == "queued" }
        }
        let id = try #require(order["id"]?.text)
        let over = try #require(
            try ground.people.look("playbook", "cancel", run, "--reason", "false alarm").first)
        #expect(over["state"]?.text == "cancelled")
        #expect(over["withdrawn_orders"]?.texts == [id] && over["running_orders"]?.texts == [])
        let agent = try db.host.startAgent()
        try ground.awaitOnline(.db)
        // It gets orders, and this one was not among them.
        let release = try ground.people.attempt("release", "db", "--reason", "a test", "--wait")
        #expect(release.object["state"]?.text == "succeeded", "\(release.complaint)")
        let end = try #require(try ground.people.look("orders").first { $0["id"]?.text == id })
        #expect(end["state"]?.text == "expired" && end["attempts"]?.integer == 0)
        #expect(end["note"]?.text?.hasPrefix("Withdrawn: sam cancelled the run") == true)
        #expect(try ground.people.attempt("playbook", "cancel", run, "--reason", "again").status == 1)
        withExtendedLifetime((db, agent)) {}
    }
}
