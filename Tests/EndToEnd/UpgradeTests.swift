import CordonScan
import CordonTesting
import Testing

private let obstacle: String? =
    Abilities.labObstacle ?? (Abilities.programs(["dpkg-deb"]).isEmpty ? nil : "needs dpkg-deb")

/// A release on its whole way, with the real daemons: from the root's signature to the enforcer's judgement, and back.
@Suite("upgrades", .serialized, .enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? "")))
struct UpgradeTests {
    /// Packages of a version whose program is none: nothing here is ever installed.
    private func packages(_ version: String, in lab: Lab) throws -> [String] {
        try ["cordon-agent", "cordon-enforcer"].map { name in
            let tree = "\(lab.scratch.path)/\(name)-\(version)"
            try lab.command(["mkdir", "-p", "\(tree)/DEBIAN"]).must()
            let control =
                "Package: \(name)\nVersion: \(version)\nArchitecture: amd64\nMaintainer: N <n@example.org>\nDescription: none\n"
            try lab.command(["tee", "\(tree)/DEBIAN/control"], input: control).must()
            let path = "\(lab.scratch.path)/\(name)_\(version).deb"
            try lab.command(["dpkg-deb", "--root-owner-group", "--build", tree, path]).must()
            return path
        }
    }

    @Test(
        "an upgrade that stops is an alert of its own with a case, once, also when the controller is killed and started again",
        .timeLimit(.minutes(4)))
    func stopped() throws {
        let ground = try Ground()
        let web = try LabHost(.web, in: ground.lab, ground.binaries)
        let made = try ground.people.text("token", "create", "--uses", "1", "--expires", "1h", "--group", "canary")
        let token = made.split(separator: "\n").last.map(String.init) ?? ""
        #expect(try web.enrol(token).status == 0)
        let parts = (try web.startEnforcer(), try web.startAgent())
        try ground.awaitOnline(.web)
        let out = "\(ground.lab.scratch.path)/x.release"
        let debs = try packages("99.0", in: ground.lab)
        let root = "\(ground.controller.data).policy-root.key"
        let sign = ["upgrade", "sign", "--root", root, "--fleet", ground.controller.fleet, "--out", out]
        try ground.people.command(sign + debs).must()
        try ground.people.command(["upgrade", "add", out] + debs).must()
        // The only host of the first ring refuses it: dpkg has none of ours there. Nobody has proved it, so it stops.
        _ = try ground.people.look("upgrade", "start", "99.0", "--no-way-back", "--rings", "canary,*")
        func stops() throws -> [JSONValue] {
            try ground.people.look("alerts").filter { $0["rule"]?["id"]?.text == "cordon.upgrade.stopped" }
        }
        let alert = try Waiting.until("the alert", within: .seconds(90)) { try stops().first }
        let host = try #require(try ground.people.host("web")?["id"]?.text)
        #expect(alert["severity"]?.text == "high" && alert["host"]?.text == host, "\(alert.json())")
        #expect(alert["title"]?.text == "The upgrade to 99.0 was stopped: No host of ring canary has taken it.")
        let status = try ground.people.attempt("upgrade", "status")
        #expect(status.status == 1 && status.object["state"]?.text == "stopped")
        #expect(status.complaint.contains("No host of ring canary has taken it."), "\(status.complaint)")
        let cases = try Waiting.until("its case") {
            let cases = try ground.people.look("cases")
            return cases.isEmpty ? nil : cases
        }
        #expect(cases.count == 1 && cases[0]["severity"]?.text == "high", "\(cases)")
        #expect(cases[0]["id"]?.text == alert["case"]?.text, "\(alert.json())")
        // It tells of the stop again when it starts: it may not have been heard.
        ground.serving.kill()
        try ground.restartController()
        _ = try ground.people.look("upgrade", "resume")
        _ = try Waiting.until("it has finished", within: .seconds(60)) {
            try ground.people.attempt("upgrade", "status").object["state"]?.text == "finished" ? true : nil
        }
        let after = try stops()
        #expect(after.count == 1 && after[0]["id"] == alert["id"] && after[0]["count"] == alert["count"], "\(after)")
        #expect(try ground.people.look("cases").count == 1)
        withExtendedLifetime(parts) {}
    }

    private func host(_ ground: Ground) throws -> JSONValue? {
        try ground.people.attempt("upgrade", "status").object["hosts"]?.array?.first
    }

    @Test(
        "a release is offered through the agent, judged by the enforcer, and what it says comes back; the controller is killed on the way",
        .timeLimit(.minutes(4)))
    func whole() throws {
        let ground = try Ground()
        let web = try ground.host(.web)
        defer { web.agent.kill() }
        let out = "\(ground.lab.scratch.path)/x.release"
        let debs = try packages("99.0", in: ground.lab)
        let root = "\(ground.controller.data).policy-root.key"
        let sign = ["upgrade", "sign", "--root", root, "--fleet", ground.controller.fleet, "--out", out]
        try ground.people.command(sign + debs).must()
        try ground.people.command(["upgrade", "add", out] + debs).must()
        // Nothing of ours is installed here by dpkg: there is no release to go back to.
        _ = try ground.people.look("upgrade", "start", "99.0")
        let listed = try Waiting.until("no way back", within: .seconds(60)) {
            try host(ground).flatMap { $0["state"]?.text == "no_way_back" ? $0 : nil }
        }
        #expect(listed["fault"]?.text?.contains("add it") == true)
        _ = try ground.people.look("upgrade", "cancel")
        _ = try ground.people.look("upgrade", "start", "99.0", "--no-way-back")
        let begun = try #require(try ground.people.attempt("upgrade", "status").object["id"]?.text)
        ground.serving.kill()
        try ground.restartController()
        let releases = try ground.people.look("upgrade", "releases")
        #expect(releases.map { $0["is_whole"]?.flag } == [true])
        // The enforcer has verified the signature, and asked dpkg: it cannot upgrade what dpkg does not have.
        let refused = try Waiting.until("the enforcer's judgement", within: .seconds(90)) {
            try host(ground).flatMap { $0["state"]?.text == "refused" ? $0 : nil }
        }
        #expect(refused["fault"]?.text?.contains("dpkg") == true, "\(refused.json())")
        let after = try ground.people.attempt("upgrade", "status")
        #expect(after.object["id"]?.text == begun && after.status == 0)
        let shown = try ground.people.look("host", "show", "web").first?["packages"]
        #expect(shown?["upgrade"]?.text == "refused" && shown?["architecture"]?.text == "amd64")
        #expect(try ground.people.attempt("audit", "verify").status == 0)
    }
}
