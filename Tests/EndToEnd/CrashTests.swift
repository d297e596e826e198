import CordonScan
import CordonTesting
import Testing

@Suite(
    "what survives kill -9", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")))
struct CrashTests {
    @Test(
        "a controller killed while an approval waits goes on where it was, and isolates once", .timeLimit(.minutes(3)))
    func controllerKilled() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        try ground.listen(on: .web)
        try web.host.logIntrusion()
        let task = try Waiting.until("the question") { try ground.people.look("tasks").first }
        let id = try #require(task["id"]?.text)
        ground.serving.kill()
        try ground.restartController()
        #expect(try ground.people.look("tasks").compactMap { $0["id"]?.text } == [id])
        _ = try ground.people.look("approve", id, "--reason", "a test")
        let order = try Waiting.until("the isolation", within: .seconds(60)) {
            try ground.isolations().first { $0["is_final"]?.flag == true }
        }
        #expect(order["state"]?.text == "succeeded")
        #expect(try ground.isolations().count == 1)
        #expect(try !ground.reaches(.web, from: .db))
        let blocks = try ground.people.look("orders").filter { $0["action"]?["kind"]?.text == "block_address" }
        #expect(blocks.count == 1)
        #expect(try ground.people.attempt("audit", "verify").status == 0)
    }

    @Test(
        "an isolated host stays isolated without agent, without enforcer, and after a reboot", .timeLimit(.minutes(3)))
    func hostKilled() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        try ground.listen(on: .web)
        #expect(try ground.reaches(.web, from: .db))
        let order = try ground.people.attempt("isolate", "web", "--for", "1h", "--reason", "a test", "--wait")
        #expect(order.object["state"]?.text == "succeeded", "\(order.complaint)")
        web.agent.kill()
        #expect(try !ground.reaches(.web, from: .db), "without the agent")
        web.enforcer.kill()
        for six in [false, true] { #expect(try !ground.reaches(.web, from: .db, over: six), "without both") }
        // What a reboot does: the kernel's tables are gone, the disk is not. The enforcer starts before the agent.
        try ground.lab.command(["nft", "flush", "ruleset"], in: .web).must()
        #expect(try ground.reaches(.web, from: .db), "the reboot undid it in the kernel")
        let enforcer = try web.host.startEnforcer()
        for six in [false, true] { #expect(try !ground.reaches(.web, from: .db, over: six), "after the reboot") }
        let agent = try web.host.startAgent()
        try ground.awaitOnline(.web)
        let release = try ground.people.attempt("release", "web", "--reason", "a test", "--wait")
        #expect(release.object["state"]?.text == "succeeded", "\(release.complaint)")
        #expect(try ground.reaches(.web, from: .db))
        withExtendedLifetime((enforcer, agent)) {}
    }
}
