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

    @Test(
        "the host itself, its gateway, resolvers and controllers, and what no rule names, are never blocked",
        arguments: [
            ("10.0.0.5", "built-in: own address"), ("10.0.0.1", "built-in: default gateway"),
            ("10.0.0.53", "built-in: resolver"), ("192.0.2.1", "built-in: controller"),
            ("10.0.0.0/28", "built-in: own address"), ("2001:db8::5", "built-in: own address"),
            ("2001:db8::/48", "built-in: own address"), ("127.0.0.2", "built-in: loopback"),
            ("::1", "built-in: loopback"),
            ("0.0.0.0", "built-in: unspecified"), ("169.254.169.254", "built-in: link-local"),
            ("fe80::1", "built-in: link-local"), ("224.0.0.1", "built-in: multicast and broadcast"),
            ("ff02::1", "built-in: multicast and broadcast"),
            ("198.18.0.0/15", "widest_block_ipv4 (built-in default of widest_block_ipv4)"),
            ("2001:db9::/47", "widest_block_ipv6 (built-in default of widest_block_ipv6)"),
        ])
    func neverBlocked(_ network: String, _ rule: String) throws {
        let policy = try policy("")
        let found = refusal(try block(network), policy) { host in
            host.own = Set(["10.0.0.5", "2001:db8::5"].compactMap { IPAddress($0) })
            host.gateways = Set(["10.0.0.1"].compactMap { IPAddress($0) })
            host.resolvers = Set(["10.0.0.53"].compactMap { IPAddress($0) })
        }
        #expect(found == rule)
        #expect(refusal(try block("198.18.0.0/16"), policy) == nil)
        #expect(refusal(try block("2001:db9::/48"), policy) == nil)
    }

    @Test("every kind that is no undo has a bound an hour, every kind that lasts a longest duration")
    func bounds() throws {
        for kind in ActionKind.allCases where !kind.isUndo {
            let key = try #require(LocalPolicy.rateKey(kind), "\(kind)")
            let policy = try policy("\(key) = 1")
            #expect(throws: Refusal.self) { try policy.checkRate(kind, past: [kind: 1]) }
            #expect(throws: Never.self) { try policy.checkRate(kind, past: [:]) }
            #expect(LocalPolicy().perHour[kind] != nil, "\(kind) is bounded by default")
        }
        let year = Duration.seconds(366 * 86_400)
        let process = ProcessTarget(pid: 4242, startTime: 1, executable: "/tmp/x", scope: .process)
        let list = AddressListBlock(
            name: "feed", list: try #require(AddressList("203.0.113.7 203.0.113.9")), duration: year)
        let domain = try #require(DomainName("evil.example"))
        let lasting: [(Action, String)] = [
            (.blockAddresses(list), "longest_block"),
            (.cutUserNetwork(UserNetworkCut(user: 4321, duration: year)), "longest_network_cut"),
            (.sinkholeDomain(DomainSinkhole(domain: domain, duration: year)), "longest_sinkhole"),
            (.blockExecutable(ExecutableBlock(.path("/tmp/x"), duration: year)), "longest_executable_block"),
            (.stopService(ServiceStop(unit: "miner.service", duration: year)), "longest_stop"),
            (.isolate(Isolation(duration: year)), "longest_isolation"),
            (try block("203.0.113.9", year), "longest_block"),
            (.freezeProcess(ProcessFreezing(target: process, duration: year)), "longest_freeze"),
            (.lockAccount(AccountLocking(user: "mallory", duration: year)), "longest_lock"),
        ]
        for (action, rule) in lasting { #expect(refusal(action, LocalPolicy())?.hasPrefix(rule) == true, "\(rule)") }
        let known = Set(lasting.map(\.0.kind))
        let kinds = ActionKind.allCases.filter { $0.entry.parameters.contains { $0.name == "duration_s" } }
        #expect(Set(kinds) == known, "a kind that lasts and has no row here")
    }

    @Test(
        "an action is begun within its hours alone, in the zone that the policy names; an undo at any hour",
        arguments: [
            // 2026-11-21 was a Saturday.
            ("isolate 08:00-18:00", "UTC", "2026-11-21T08:00:00Z", true),
            ("isolate 08:00-18:00", "UTC", "2026-11-21T07:59:59Z", false),
            ("isolate 08:00-18:00", "UTC", "2026-11-21T18:00:00Z", false),
            ("isolate mon-fri 08:00-18:00", "UTC", "2026-11-21T09:00:00Z", false),
            ("isolate sat,sun 08:00-18:00", "UTC", "2026-11-21T09:00:00Z", true),
            ("isolate fri-mon 00:00-24:00", "UTC", "2026-11-22T23:59:59Z", true),
            ("isolate sat 22:00-06:00", "UTC", "2026-11-22T05:59:00Z", true),
            ("isolate sun 22:00-06:00", "UTC", "2026-11-22T05:59:00Z", false),
            ("isolate 08:00-18:00", "+02:00", "2026-11-21T06:00:00Z", true),
            ("isolate 08:00-18:00", "-05:30", "2026-11-21T13:29:00Z", false),
            ("isolate 08:00-18:00", "-05:30", "2026-11-21T13:30:00Z", true),
            ("isolate sat 00:00-24:00", "+02:00", "2026-11-20T22:30:00Z", true),
            ("delete_file 08:00-09:00", "UTC", "2026-11-21T20:00:00Z", true),
        ])
    func hours(_ entry: String, _ zone: String, _ at: String, _ isAllowed: Bool) throws {
        let policy = try policy("allowed_hours = [\"\(entry)\"]\nhours_zone = \"\(zone)\"")
        let now = try #require(Timestamp(rfc3339: at))
        let refusal = Result { () throws(Refusal) in try policy.checkHours(of: .isolate, at: now) }
        switch refusal {
        case .success: #expect(isAllowed)
        case .failure(let refusal): #expect(!isAllowed && refusal.rule == "allowed_hours (10.toml:1)")
        }
        #expect(throws: Never.self) { try policy.checkHours(of: .release, at: now) }
    }

    @Test(
        "hours that are none are refused with their line",
        arguments: [
            "isolate", "isolate 8:00-18:00", "isolate 08:00", "isolate 08:00-08:00", "isolate 24:00-08:00",
            "isolate 08:60-09:00",
            "isolate someday 08:00-18:00", "isolate mon- 08:00-18:00", "explode 08:00-18:00", "release 08:00-18:00",
            "isolate mon 08:00-18:00 UTC",
        ])
    func malformedHours(_ entry: String) {
        let error = #expect(throws: SettingsError.self) { try policy("\n\nallowed_hours = [\"\(entry)\"]") }
        #expect(error?.message.contains("10.toml:3") == true)
        let zone = #expect(throws: SettingsError.self) { try policy("hours_zone = \"Mars/Olympus\"") }
        #expect(zone?.message.contains("10.toml:1") == true)
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

    @Test(
        "a pattern that can never match is a fault that says where it stands and what to write",
        arguments: [
            (#"protected_paths = ["srv/backup/*"]"#, "/srv/backup/*"),
            (#"uncollected_paths = [" /srv/*"]"#, "/srv/backup/*"),
            (#"uncollected_paths = [""]"#, "/srv/backup/*"),
            (#"protected_units = ["postgresql"]"#, "postgresql.service"),
            (#"protected_units = ["ssh.servcie"]"#, "postgresql.service"),
            (#"protected_units = ["cron.service "]"#, "without blanks"),
            (#"protected_processes = ["postgres "]"#, "without blanks"),
            (#"protected_processes = ["usr/sbin/sshd"]"#, "/usr/sbin/sshd"),
        ])
    func neverMatching(_ text: String, _ remedy: String) {
        let error = #expect(throws: SettingsError.self) { try policy("\n" + text) }
        #expect(error?.message.contains("10.toml:2") == true && error?.message.contains("can never match") == true)
        #expect(error?.remedy.contains(remedy) == true, "\(String(describing: error))")
    }

    @Test(
        "a pattern that can match is taken",
        arguments: [
            #"protected_paths = ["/srv/*", "*.key", "*/.ssh/*", "?srv/x"]"#,
            #"protected_units = ["postgresql*", "a.service", "*.timer", "user@*.service", "cups.*", "b.socke?"]"#,
            #"protected_processes = ["/usr/sbin/sshd", "postgres", "*/protected-*", "Web Content", "post*"]"#,
        ])
    func matching(_ text: String) {
        #expect(throws: Never.self) { try policy(text) }
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
