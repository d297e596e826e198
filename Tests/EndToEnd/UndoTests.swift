import CordonScan
import CordonTesting
import Testing

@Suite(
    "what was done to a host is shown and undone, with real agents", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")))
struct UndoTests {
    /// Orders by the words of the command line, waits, and answers the order at its end.
    private func order(_ ground: Ground, _ words: [String]) throws -> JSONValue {
        let command = ground.people.command(words + ["--reason", "a test", "--wait", "--json"])
        let lines = try command.must().split(separator: "\n")
        return try JSONValue.parse(String(try #require(lines.last)))
    }

    private func effects(_ ground: Ground) throws -> [JSONValue] {
        try ground.people.look("host", "show", "web").first?["facts"]?["effects"]?.array ?? []
    }

    @Test(
        "a file and a process are taken hold of by `cordon act`, shown with the host, and let go by `cordon undo`",
        .timeLimit(.minutes(3)))
    func actAndUndo() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        let file = try ground.lab.scratch.file("hosts/web/implant", "abc")
        let decoy = try ground.lab.daemon(["sleep", "34568"], in: .web, log: "\(ground.lab.scratch.path)/decoy.log")
        let process = try Waiting.until("the process is there") {
            try ground.people.command([
                "hunt", "start", "process", "--where", "command_line=sleep 34568", "--host", "web", "--reason",
                "a test",
                "--watch", "--json",
            ]).must().split(separator: "\n").compactMap { try JSONValue.parse(String($0))["values"] }.first
        }

        let taken = try order(ground, ["act", "web", "quarantine_file", "path=\(file)"])
        #expect(taken["result"]?["outcome"]?.text == "succeeded")
        #expect(try ground.lab.command(["test", "-e", file]).run().status == 1)
        let frozen = try order(
            ground,
            [
                "act", "web", "freeze_process", "pid=\(process["pid"]?.text ?? "")",
                "start_time=\(process["start_time"]?.text ?? "")",
                "duration_s=1h",
            ])
        #expect(frozen["result"]?["outcome"]?.text == "succeeded")
        let shown = try Waiting.until("both are shown") {
            let shown = try effects(ground)
            return shown.count == 2 ? shown : nil
        }
        #expect(Set(shown.compactMap { $0["kind"]?.text }) == ["quarantine_file", "freeze_process"])

        try ground.lab.command(["kill", "-CONT", process["pid"]?.text ?? ""]).must()
        let drift = try Waiting.until("an alert that it had been let go on") {
            try ground.people.look("alerts").first { $0["rule"]?["id"]?.text == "cordon.enforcer.drift" }
        }
        #expect(drift["title"]?.text?.contains(process["pid"]?.text ?? "-") == true, "\(drift)")

        let page = try ground.people.command(["host", "show", "web"]).must()
        for done in [taken, frozen] {
            let id = try #require(done["id"]?.text)
            #expect(page.contains("(cordon undo \(id))"), "the order is the host's own, and of that kind")
            #expect(try order(ground, ["undo", id])["state"]?.text == "succeeded")
            #expect(try ground.people.look("order", "show", id).first?["state"]?.text == "reverted")
        }
        #expect(try ground.lab.command(["cat", file]).must() == "abc")
        _ = try Waiting.until("nothing is in force") { try effects(ground).isEmpty ? true : nil }
        withExtendedLifetime((web, decoy)) {}
    }
}
