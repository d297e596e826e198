internal import ArgumentParser
internal import CordonScan

/// `cordon hosts`
struct Hosts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the hosts of the fleet.",
        discussion: """
            EXAMPLES
              cordon hosts --state online
              cordon hosts --json | jq -r 'select(.isolated) | .name'
              cordon hosts --watch
            """
    )

    enum State: String, ExpressibleByArgument, CaseIterable { case online, offline, revoked }

    @Option(help: "Only hosts in this state.")
    var state: State?
    @Option(help: "Only hosts of this group.")
    var group: String?
    @Option(help: "At most so many.")
    var limit = 1000
    @Flag(help: "Go on with every change, until interrupted.")
    var watch = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let query = [("state", state?.rawValue), ("group", group)]
        try await Client.use { client in
            let list = LiveList(
                client: client, topic: "host", table: Self.table, output: output,
                load: { try await client.list("/api/v1/hosts", query, most: limit) },
                item: { id in
                    let host = try await client.get("/api/v1/hosts/\(id)")
                    let fits = query.allSatisfy { name, value in value == nil || host[name]?.text == value }
                    return fits ? host : Optional.none
                }
            )
            try await list.show(empty: "No hosts.", watching: watch)
        }
    }

    static let table = Table(columns: [
        .member("NAME", "name"), .state(),
        .init(
            title: "ISOLATED", text: { $0["isolated"]?.flag == true ? "yes" : "no" },
            colour: { $0["isolated"]?.flag == true ? .magenta : nil }),
        .member("GROUP", "group"), .instant("LAST SEEN", "last_seen"), .member("ID", "id"),
    ])
}

/// `cordon host`
struct HostVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "One host: show it, look at it, or put it out of the fleet.",
        discussion: """
            EXAMPLES
              cordon host show web-1
              cordon host table web-1 sockets --where local_port=4444 --reason 'case C-7'
              cordon host revoke web-1 --reason 'taken out of service'
            """,
        subcommands: [HostShow.self, HostTable.self, HostRevoke.self]
    )
}

/// `cordon host show`
struct HostShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one host.",
        discussion: """
            EXAMPLES
              cordon host show web-1
              cordon host show web-1 --json | jq '.facts.health'
            """
    )
    @Argument(help: "Its name or identifier.")
    var host: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (host, undoable) = try await Client.use { client in
            let host = try await client.get("/api/v1/hosts/\(try await client.hostID(self.host))")
            return (host, output.json ? [] : try await Self.undoable(host, client))
        }
        output.show(host) { Self.lines($0, undoable: undoable) }
    }

    /// The orders that the host names for what is in force, and that are its own and of that kind indeed: one that was
    /// taken over must not have a responder undo another's.
    private static func undoable(_ host: JSONValue, _ client: Client) async throws -> Set<String> {
        var undoable: Set<String> = []
        for effect in (host["facts"]?["effects"]?.array ?? []).prefix(100) {
            guard let id = effect["order"]?.text, let order = try? await client.get("/api/v1/orders/\(id)"),
                order["host"]?.text == host["id"]?.text, order["action"]?["kind"] == effect["kind"]
            else { continue }
            undoable.insert(id)
        }
        return undoable
    }

    static func lines(_ host: JSONValue, undoable: Set<String>) -> [String] {
        let facts = host["facts"]
        let health = facts?["health"]?.object == nil ? nil : facts?["health"]
        let blocks = (facts?["blocks"]?.array ?? []).map { (block: JSONValue) -> String in
            "\(block["network"]?.text ?? "") until \(block["until"]?.text.map(Shown.instant) ?? "-")"
        }
        return Details.lines(
            [
                ("name", host["name"]?.text),
                ("calls itself", host["claimed_name"]?.text.map { "\($0) (its own claim)" }),
                ("id", host["id"]?.text), ("state", host["state"]?.text),
                ("group", host["group"]?.text), ("last seen", host["last_seen"]?.text.map(Shown.instant)),
                ("enrolled", host["enrolled_at"]?.text.map(Shown.instant)),
                ("system", facts?["operating_system"]?.text), ("kernel", facts?["kernel"]?.text),
                ("agent", facts?["agent_version"]?.text), ("enforcer", enforcer(facts)),
                ("policy", facts?["policy_hash"]?.text),
                ("abilities", facts?["abilities"]?.texts?.joined(separator: ", ")),
                ("memory", health?["memory_bytes"]?.integer.map { "\($0 >> 20) MiB" }),
                ("CPU", health?["cpu_permille"]?.integer.map { "\($0 / 10).\($0 % 10) % of a core" }),
                ("queue", health.map(queue)), ("lost", health?["lost"]?.integer.map { "\($0) items since its start" }),
                ("collects from", sources(health).joined(separator: ", ")),
            ] + faults(health).map { ("cannot read", $0) } + gaps(host).map { ("gap", $0) } + [
                ("rules", rules(host["rules"])), ("rules refused", host["rules"]?["fault"]?.text),
                ("refused", health?["refused"]?.integer.map { "\($0) orders since its start" }),
                ("isolation", preflight(facts?["isolation"])),
                ("isolated until", facts?["isolated_until"]?.text.map(Shown.instant)),
                ("blocked", blocks.joined(separator: ", ")),
                ("also in force", effects(facts, undoable).joined(separator: "; ")),
                ("revoked", host["revocation"]?["reason"]?.text),
                ("clone seen", host["clone_seen_at"]?.text.map(Shown.instant)),
            ])
    }

    /// `freeze_process “4242 /tmp/x” until … (cordon undo ORDER)`
    private static func effects(_ facts: JSONValue?, _ undoable: Set<String>) -> [String] {
        (facts?["effects"]?.array ?? []).map { effect in
            let until = effect["until"]?.text.map { " until \(Shown.instant($0))" } ?? ""
            let order = effect["order"]?.text ?? ""
            let undo = undoable.contains(order) ? "cordon undo \(order)" : "by order \(order), as the host says"
            return "\(effect["kind"]?.text ?? "") “\(effect["subject"]?.text ?? "")”\(until) (\(undo))"
        }
    }

    /// Its version; a responder must know before ordering when it is away.
    private static func enforcer(_ facts: JSONValue?) -> String? {
        guard let version = facts?["enforcer_version"]?.text else { return nil }
        return version.isEmpty ? "does not answer: orders would fail" : version
    }

    /// What isolating it would do to it.
    private static func preflight(_ isolation: JSONValue?) -> String? {
        guard let verdict = isolation?["verdict"]?.text else { return nil }
        return ([verdict] + (isolation?["reasons"]?.texts ?? [])).joined(separator: ": ")
    }

    /// What the agent reads.
    private static func sources(_ health: JSONValue?) -> [String] {
        (health?["sources"]?.array ?? []).filter { $0["fault"]?.text == nil }.compactMap { $0["source"]?.text }
    }

    /// What it should read and cannot, and why.
    private static func faults(_ health: JSONValue?) -> [String] {
        (health?["sources"]?.array ?? []).compactMap { state in
            state["fault"]?.text.map { "\(state["source"]?.text ?? ""): \($0)" }
        }
    }

    /// What it lost or missed, by its own word, the newest first; the last is what was left out.
    private static func gaps(_ host: JSONValue) -> [String] {
        let gaps = host["gaps"]?.array ?? []
        let lines = gaps.prefix(gapsShown).map { gap in
            let time = gap["noticed_at"]?.text.map(Shown.instant) ?? ""
            let items = gap["items"]?.integer ?? 0
            let count = items > 0 ? " (\(items) \(items == 1 ? "item" : "items"))" : ""
            return "\(time) \(gap["source"]?.text ?? ""): \(gap["message"]?.text ?? "")\(count)"
        }
        return lines + (gaps.count > gapsShown ? ["and older ones; --json has more"] : [])
    }

    private static let gapsShown = 5

    /// `version 3 (linux)`, and what is staged where that is another.
    private static func rules(_ rules: JSONValue?) -> String? {
        guard let version = rules?["version"]?.integer, let staged = rules?["staged"]?.integer else { return nil }
        let name = rules?["name"]?.text.map { " (\($0))" } ?? ""
        let runs = version == 0 ? "none" : "version \(version)\(name)"
        return version == staged ? runs : runs + (staged == 0 ? "; none are staged" : "; version \(staged) is staged")
    }

    private static func queue(_ health: JSONValue) -> String {
        "about \(health["waiting"]?.integer ?? 0) items, \((health["spool_bytes"]?.integer ?? 0) >> 20) MiB of disk"
    }
}

/// `cordon host revoke`
struct HostRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Put a host out of the fleet: cut within a second, and kept out.",
        discussion: "EXAMPLE\n  cordon host revoke web-3 --reason 'machine was stolen'"
    )
    @Argument(help: "Its name or identifier.")
    var host: String
    @Option(help: "Why; stands in the audit chain.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let revoked = try await Client.use { client in
            let id = try await client.hostID(host)
            return try await client.send(.post, "/api/v1/hosts/\(id)/revoke", ["reason": .text(reason)])
        }
        output.show(revoked) { ["Host \(Terminal.safe($0["name"]?.text ?? "")) was revoked."] }
    }
}
