import AgentEnforce
import CordonModel
import CordonOrders
import CordonSettings
import Testing

/// The local policy: what it reads, what it refuses, and that it names the rule.
@Suite("Local policy")
struct PolicyTests {
    private func policy(_ text: String) throws -> LocalPolicy {
        try LocalPolicy(Settings.parse(text, named: "10.toml"))
    }

    private func refusal(
        _ action: Action, _ policy: LocalPolicy, _ change: (inout LocalPolicy.Surroundings) -> Void = { _ in }
    ) -> String? {
        var host = LocalPolicy.Surroundings()
        host.controllers = [Endpoint("192.0.2.1:7443")].compactMap { $0 }
        change(&host)
        do throws(Refusal) {
            try policy.check(action, at: host)
            return nil
        } catch {
            return error.rule
        }
    }

    private func block(_ text: String, _ duration: Duration = .seconds(60)) throws -> Action {
        .blockAddress(AddressBlock(network: try #require(Network(text)), duration: duration))
    }

    private let isolate = Action.isolate(Isolation(duration: .seconds(3600)))

    @Test(
        "each rule refuses, and its refusal names the file and the line",
        arguments: [
            (#"allowed_actions = ["kill_process"]"#, "isolate", "allowed_actions (10.toml:1)"),
            ("never_isolate = true", "isolate", "never_isolate (10.toml:1)"),
            ("\nlongest_isolation = \"30m\"", "isolate", "longest_isolation (10.toml:2)"),
            ("longest_block = \"30s\"", "block", "longest_block (10.toml:1)"),
            (#"protected_addresses = ["203.0.113.0/24"]"#, "block", "protected_addresses (10.toml:1)"),
            ("most_blocks = 0", "block", "most_blocks (10.toml:1)"),
            ("widest_block_ipv4 = 32", "wide", "widest_block_ipv4 (10.toml:1)"),
        ])
    func rules(_ text: String, _ what: String, _ rule: String) throws {
        let policy = try policy(text)
        let action = what == "isolate" ? isolate : try block(what == "wide" ? "203.0.113.0/24" : "203.0.113.9")
        #expect(refusal(action, policy) == rule)
        #expect(refusal(.release, policy) == nil, "a release is always allowed")
        #expect(refusal(.unblockAddress(try #require(Network("203.0.113.9"))), policy) == nil)
        #expect(refusal(action, LocalPolicy()) == nil, "without the rule it is allowed")
    }

    @Test("isolation without a controller to keep is refused")
    func noController() {
        #expect(refusal(isolate, LocalPolicy()) { $0.controllers = [] } == "built-in: controller address")
    }

    @Test("rates count the last hour, and never a release")
    func rates() throws {
        let policy = try policy("isolations_per_hour = 2\norders_per_hour = 3")
        #expect(throws: Never.self) { try policy.checkRate(.isolate, past: [.isolate: 1]) }
        #expect(throws: Refusal.self) { try policy.checkRate(.isolate, past: [.isolate: 2]) }
        #expect(throws: Refusal.self) { try policy.checkRate(.killProcess, past: [.isolate: 1, .blockAddress: 2]) }
        #expect(throws: Never.self) { try policy.checkRate(.release, past: [.isolate: 100]) }
    }

    @Test(
        "what is malformed is named with its line",
        arguments: [
            ("never_isolat = true", "10.toml:1"), ("\n\nlongest_block = \"soon\"", "10.toml:3"),
            (#"allowed_actions = ["explode"]"#, "10.toml:1"),
            (#"protected_users = ["no-such-user-here"]"#, "10.toml:1"),
            ("[section]\nx = 1", "10.toml:"),
        ])
    func malformed(_ text: String, _ place: String) {
        let error = #expect(throws: SettingsError.self) { try policy(text) }
        #expect(error?.message.contains(place) == true, "\(String(describing: error))")
    }

    @Test("a file that others may write, or that is not root's, is not believed", .enabled(if: labObstacle == nil))
    func ownership() throws {
        let scratch = try Scratch()
        try Program.must(["mkdir", scratch.path + "/policy.d"])
        let file = try scratch.file("policy.d/a.toml", "never_isolate = true")
        #expect(try LocalPolicy.load(folder: scratch.path + "/policy.d").neverIsolate.value)
        try Program.must(["chmod", "666", file])
        #expect(throws: EnforceError.self) { try LocalPolicy.load(folder: scratch.path + "/policy.d") }
        try Program.must(["chmod", "644", file])
        try Program.must(["chown", "nobody", file])
        let error = #expect(throws: EnforceError.self) { try LocalPolicy.load(folder: scratch.path + "/policy.d") }
        #expect(error?.message.contains(file) == true)
        try Program.must(["chown", "root", file])
        try Program.must(["chmod", "777", scratch.path + "/policy.d"])
        #expect(throws: EnforceError.self) { try LocalPolicy.load(folder: scratch.path + "/policy.d") }
        #expect(try LocalPolicy.load(folder: scratch.path + "/missing").neverIsolate.value == false)
    }
}
