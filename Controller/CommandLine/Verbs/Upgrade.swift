internal import ArgumentParser
internal import CordonScan

/// `cordon upgrade`
struct UpgradeVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade", abstract: "Bring signed releases of agent and enforcer to the fleet, ring by ring.",
        discussion: """
            A release is signed by the policy root, on a machine that is not on the network; hosts take no other, whatever \
            the controller says. It goes from ring to ring: the next begins when the hosts of the one before have it and \
            were well for the soak time. More hosts that fail, go back or are lost than --at-most-failed stop it.

            EXAMPLES
              cordon upgrade sign --root policy-root.key --fleet acme --out 0.2.0.release *.deb
              cordon upgrade add 0.2.0.release *.deb
              cordon upgrade start 0.2.0 --rings canary,servers,'*' --soak 4h
              cordon upgrade status --hosts
            """,
        subcommands: [
            UpgradeSign.self, UpgradeAdd.self, UpgradeReleases.self, UpgradeRemove.self, UpgradeStart.self,
            UpgradeStatus.self, UpgradePause.self, UpgradeResume.self, UpgradeCancel.self,
        ]
    )
}

/// `cordon upgrade start`
struct UpgradeStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Begin to bring a release to the fleet.",
        discussion: """
            Rings are groups of hosts, as tokens name them; '*' stands for all others. Hosts that are in no ring are left \
            out. A host that is away is offered the release when it comes.

            EXAMPLES
              cordon upgrade start 0.2.0 --rings canary,servers,'*' --soak 4h
              cordon upgrade start 0.2.0 --rings lab --no-way-back
            """
    )
    @Argument(help: "The release's version: `cordon upgrade releases`.")
    var version: String
    @Option(help: ArgumentHelp("Groups of hosts, first to last.", valueName: "group,group,*"))
    var rings = "*"
    @Option(help: ArgumentHelp("How long hosts must be well before the next ring begins.", valueName: "span"))
    var soak = Span(seconds: 3600)
    @Option(help: "Hosts that may fail, go back or be lost; one more stops the upgrade.")
    var atMostFailed: Int64 = 0
    @Option(help: "Hosts that are at it at one time.")
    var atOnce: Int64 = 25
    @Option(
        help: ArgumentHelp(
            "How long a host that is away holds its ring; one that was offered the release is lost then.",
            valueName: "span"))
    var patience = Span(seconds: 3600)
    @Flag(help: "Upgrade hosts too whose own release the controller does not have: they could not go back.")
    var noWayBack = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let rings = rings.split(separator: ",").map { JSONValue.text(String($0)) }
        let upgrade = try await Client.use {
            try await $0.send(
                .post, "/api/v1/upgrades",
                [
                    "version": .text(version), "rings": .array(rings), "soak_s": .integer(soak.seconds),
                    "at_most_failed": .integer(atMostFailed), "at_once": .integer(atOnce),
                    "patience_s": .integer(patience.seconds), "no_way_back": .flag(noWayBack),
                ])
        }
        output.show(upgrade, UpgradeShow.lines)
    }
}

/// `cordon upgrade status`
struct UpgradeStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the newest upgrade, ring by ring.",
        discussion: """
            EXIT CODES
              0  it runs, is held, or is over
              1  it was stopped because hosts failed

            EXAMPLES
              cordon upgrade status
              cordon upgrade status --hosts
              cordon upgrade status --json | jq '.hosts[] | select(.state == "went_back")'
            """
    )
    @Flag(help: "Show every host, not only those that need a look.")
    var hosts = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        // Of thousands of hosts few need a look.
        let most = hosts || output.json ? "all" : "look"
        let (upgrade, names) = try await Client.use { client in
            let upgrade = try await Self.upgrade(client, hosts: most)
            let isNamed = output.json || upgrade["hosts"]?.array?.isEmpty != false
            return (upgrade, isNamed ? [:] : try await client.hostNames())
        }
        output.show(upgrade) { upgrade in
            let shown = upgrade["hosts"]?.array ?? []
            return UpgradeShow.lines(upgrade) + (shown.isEmpty ? [] : UpgradeShow.table(names).lines(of: shown))
        }
        if upgrade["state"]?.text == "stopped" {
            throw Complaint(
                .failed, "The upgrade was stopped: \(Terminal.safe(upgrade["why"]?.text ?? ""))",
                "`cordon upgrade resume` goes on in spite of that, `cordon upgrade cancel` ends it.")
        }
    }
}

extension UpgradeStatus {
    /// The newest upgrade with all hosts that are asked for, page by page.
    private static func upgrade(_ client: Client, hosts: String) async throws -> JSONValue {
        var first: JSONObject?
        var rows: [JSONValue] = []
        var cursor: String?
        repeat {
            let page = try await client.get(
                "/api/v1/upgrades/newest", [("hosts", hosts), ("limit", "200"), ("cursor", cursor)])
            // Another upgrade may have begun meanwhile: its hosts are not this one's.
            guard first == nil || first?["id"] == page["id"] else { break }
            first = first ?? page.object
            rows += page["hosts"]?.array ?? []
            cursor = page["next"]?.text
        } while cursor != nil
        var upgrade = first ?? JSONObject()
        upgrade["hosts"] = .array(rows)
        upgrade["next"] = .null
        return .object(upgrade)
    }
}

/// `cordon upgrade pause`
struct UpgradePause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Have no further host take the release; those at it go on.",
        discussion: "EXAMPLE\n  cordon upgrade pause")
    @OptionGroup var output: OutputOptions

    func run() async throws { try await UpgradeShow.step("pause", output) }
}

/// `cordon upgrade resume`
struct UpgradeResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Go on, also in spite of what stopped the upgrade.",
        discussion: "EXAMPLE\n  cordon upgrade resume")
    @OptionGroup var output: OutputOptions

    func run() async throws { try await UpgradeShow.step("resume", output) }
}

/// `cordon upgrade cancel`
struct UpgradeCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End the upgrade; hosts that have it keep it.",
        discussion: "EXAMPLE\n  cordon upgrade cancel")
    @OptionGroup var output: OutputOptions

    func run() async throws { try await UpgradeShow.step("cancel", output) }
}

/// Upgrades as people see them.
enum UpgradeShow {
    static func step(_ step: String, _ output: OutputOptions) async throws {
        let upgrade = try await Client.use { try await $0.send(.post, "/api/v1/upgrades/newest/\(step)") }
        output.show(upgrade, lines)
    }

    /// The whole in one line, and a line a ring.
    static func lines(_ upgrade: JSONValue) -> [String] {
        let state = upgrade["state"]?.text ?? ""
        let begun = upgrade["started_at"]?.text.map(Shown.instant) ?? ""
        let head =
            "Upgrade to \(Terminal.safe(upgrade["version"]?.text ?? "")): \(Terminal.paint(state, Shown.colour(state: state))), started \(begun) by \(Terminal.safe(upgrade["started_by"]?.text ?? ""))"
        let rings = (upgrade["rings"]?.array ?? []).enumerated().map { number, ring in
            let group = ring["group"]?.text ?? ""
            let word = ["waiting": "waits", "at_it": "at it", "over": "over"][ring["state"]?.text ?? ""] ?? ""
            let counts = ring["hosts"]?.object ?? JSONObject()
            let hosts = counts.keys.map { state in
                "\(counts[state]?.integer ?? 0) \(state.replacing("_", with: " "))"
            }
            return "  \(number + 1). \(group == "*" ? "all others" : Terminal.safe(group)) (\(word)): "
                + (hosts.isEmpty ? "no hosts" : hosts.joined(separator: ", "))
        }
        return [head] + rings
    }

    static func table(_ names: [String: String]) -> Table {
        Table(columns: [
            .init(title: "HOST", text: { host in host["host"]?.text.map { names[$0] ?? $0 } ?? "-" }),
            .member("RING", "group"), .state(), .member("FROM", "from"),
            .init(title: "HAS", text: share), .member("WHY", "fault"),
        ])
    }

    private static func share(_ host: JSONValue) -> String {
        guard let size = host["size"]?.integer, size > 0, let have = host["have"]?.integer else { return "-" }
        return "\(have * 100 / size) %"
    }
}
