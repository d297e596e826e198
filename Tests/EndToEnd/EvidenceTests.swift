import CordonScan
import CordonTesting
import Glibc
import Testing

@Suite(
    "evidence comes from a host to a responder's disk, with real agents", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")))
struct EvidenceTests {
    @Test(
        "a file is collected by `cordon act`, fetched by `cordon evidence get`, and the same, though agent, enforcer and controller were killed on its way",
        .timeLimit(.minutes(4)))
    func collect() throws {
        let ground = try Ground()
        var web = try ground.host(.web)
        let file = "\(ground.lab.scratch.path)/hosts/web/implant"
        try ground.lab.command(["sh", "-c", "head -c 200000000 /dev/urandom > \(file)"]).must()
        let lines = try ground.people.command([
            "act", "web", "collect_file", "path=\(file)", "most_bytes=250000000", "--reason", "a test", "--wait",
            "--json",
        ]).must().split(separator: "\n")
        let order = try JSONValue.parse(String(try #require(lines.last)))
        #expect(order["result"]?["evidence"]?["size"]?.integer == 200_000_000)
        let id = try #require(order["id"]?.text)
        let incoming = "\(ground.controller.data)/evidence/incoming"
        func arrived() throws -> Int {
            let text = try ground.lab.command(["sh", "-c", "cat \(incoming)/* 2>/dev/null | wc -c"]).must()
            return Int(text.filter(\.isNumber)) ?? 0
        }
        func isThere() throws -> Bool {
            try ground.people.look("evidence", "list").contains { $0["order"]?.text == id }
        }
        func some(more than: Int) throws -> Int {
            try Waiting.until("more arrives", within: .seconds(60)) {
                let now = try arrived()
                return try now > than || isThere() ? now : nil
            }
        }
        var before = try some(more: 1_000_000)
        web.agent.kill()
        web.agent = try web.host.startAgent()
        before = try some(more: before)
        web.enforcer.kill()
        web.enforcer = try web.host.startEnforcer()
        before = try some(more: before)
        ground.serving.kill()
        try ground.restartController()
        _ = try Waiting.until("the evidence is there", within: .seconds(90)) {
            try isThere() ? true : nil
        }
        let copy = "\(ground.lab.scratch.path)/copy"
        try ground.people.command(["evidence", "get", id, "-o", copy]).must()
        try ground.lab.command(["cmp", file, copy]).must()
        let again = try ground.people.command(["evidence", "get", id, "-o", copy]).run()
        #expect(again.status == 2, "a file that is there is not written over")
        let audit = try ground.people.look("audit", "list", "--subject", "order:\(id)")
        #expect(audit.contains { $0["verb"]?.text == "evidence.read" })
        withExtendedLifetime(web) {}
    }

    @Test(
        "a triage is ordered by `cordon act`, fetched by `cordon evidence get`, and tells of the enforcer itself",
        .timeLimit(.minutes(4)))
    func triage() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        let lines = try ground.people.command([
            "act", "web", "triage", "time_s=20", "--reason", "a test", "--wait", "--json",
        ]).must().split(separator: "\n")
        let order = try JSONValue.parse(String(try #require(lines.last)))
        let id = try #require(order["id"]?.text)
        #expect(order["result"]?["evidence"]?["name"]?.text?.hasPrefix("triage-") == true, "\(order)")
        _ = try Waiting.until("the evidence is there", within: .seconds(60)) {
            try ground.people.look("evidence", "list").contains { $0["order"]?.text == id } ? true : nil
        }
        let copy = "\(ground.lab.scratch.path)/triage.tar"
        try ground.people.command(["evidence", "get", id, "-o", copy]).must()
        let processes = try ground.lab.command(["tar", "-xOf", copy, "processes.ndjson"]).must()
        #expect(processes.contains("cordon-enforcer"))
        let manifest = try ground.lab.command(["tar", "-xOf", copy, "manifest.ndjson"]).must().split(separator: "\n")
        let tables = try manifest.map { try JSONValue.parse(String($0)) }.filter { $0["rows"] != nil }
        #expect(tables.compactMap { $0["table"]?.text }.contains("processes") && tables.count == 12)
        withExtendedLifetime(web) {}
    }

    @Test("`cordon host table` shows a table of a host as it is now", .timeLimit(.minutes(4)))
    func table() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        let rows = try ground.people.look(
            "host", "table", "web", "processes", "--where", "name=cordon-enforcer", "--reason", "a test")
        #expect(rows.contains { $0["executable"]?.text?.hasSuffix("/cordon-enforcer") == true }, "\(rows)")
        let shown = try ground.people.command([
            "host", "table", "web", "accounts", "--where", "user=0", "--reason", "a test",
        ]).must()
        #expect(shown.contains("NAME") && shown.contains("root"), "\(shown)")
        withExtendedLifetime(web) {}
    }
}
