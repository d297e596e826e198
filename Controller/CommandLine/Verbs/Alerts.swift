internal import ArgumentParser
internal import CordonModel
internal import CordonScan

extension Severity: ExpressibleByArgument {}

/// `cordon alerts`
struct Alerts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List alerts, the last reported first.",
        discussion: "EXAMPLES\n  cordon alerts --severity high\n  cordon alerts --host web-1 --watch"
    )
    @Option(help: "Only of this host, by name or identifier.")
    var host: String?
    @Option(help: "At least this.")
    var severity: Severity?
    @Option(help: "At most so many.")
    var limit = 50
    @Flag(help: "Go on with every change, until interrupted.")
    var watch = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Client.use { client in
            let agent: String? = if let host { try await client.hostID(host) } else { nil }
            let names = output.json ? [:] : try await client.hostNames()
            let list = LiveList(
                client: client, topic: "alert", table: Self.table(names), output: output,
                load: {
                    try await client.list(
                        "/api/v1/alerts", [("host", agent), ("severity", severity?.rawValue)], most: limit)
                },
                item: { id in
                    let alert = try await client.get("/api/v1/alerts/\(id)")
                    let isBad = severity.map { (alert["severity"]?.text.flatMap(Severity.init) ?? .low) >= $0 } ?? true
                    return isBad && (agent == nil || alert["host"]?.text == agent) ? alert : Optional.none
                }
            )
            try await list.show(empty: "No alerts.", watching: watch)
        }
    }

    static func table(_ names: [String: String]) -> Table {
        Table(columns: [
            .instant("LAST SEEN", "last_seen"), .severity,
            .init(title: "HOST", text: { $0["host"]?.text.map { names[$0] ?? $0 } ?? "-" }),
            .init(title: "CASE", text: { $0["case_number"]?.integer.map { "C-\($0)" } ?? "-" }),
            .member("COUNT", "count"),
            .init(
                title: "TITLE (RULE'S AUTHOR)",
                text: { "\($0["title"]?.text ?? "-")\($0["rule"]?["author"]?.text.map { " (\($0))" } ?? "")" }),
            .member("ID", "id"),
        ])
    }
}

/// `cordon alert`
struct AlertVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alert", abstract: "One alert with its evidence.",
        discussion: """
            EXAMPLES
              cordon alert show 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42
            """, subcommands: [AlertShow.self]
    )
}

/// `cordon alert show`
struct AlertShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one alert with its evidence.",
        discussion: """
            EXAMPLES
              cordon alerts --json | jq -r '.id' | head -1 | xargs cordon alert show
            """
    )
    @Argument(help: "Its identifier.")
    var id: String
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard AlertID(id) != nil else {
            throw ValidationError("An alert is named by its identifier, from `cordon alerts`.")
        }
    }

    func run() async throws {
        let alert = try await Client.use { try await $0.get("/api/v1/alerts/\(id)") }
        output.show(alert) { alert in
            let observables = (alert["observables"]?.array ?? []).compactMap { $0["value"]?.text }.joined(
                separator: ", ")
            let techniques = alert["rule"]?["techniques"]?.texts?.joined(separator: ", ")
            let evidence = (alert["evidence"]?.array ?? []).map { "  " + Terminal.safe($0["original"]?.text ?? "") }
            return Details.lines([
                ("title", alert["title"]?.text), ("severity", alert["severity"]?.text),
                ("rule", alert["rule"]?["name"]?.text), ("author", alert["rule"]?["author"]?.text),
                ("techniques", techniques), ("host", alert["host"]?.text),
                ("case", alert["case_number"]?.integer.map { "C-\($0)" }),
                ("first seen", alert["first_seen"]?.text.map(Shown.instant)),
                ("last seen", alert["last_seen"]?.text.map(Shown.instant)), ("observables", observables),
                ("why", alert["explanation"]?.text),
            ]) + (evidence.isEmpty ? [] : ["evidence:"] + evidence)
        }
    }
}
