internal import ArgumentParser
internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// `cordon standing`
struct StandingVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "standing",
        abstract: "Standing orders: what a host may do by itself while the controller cannot be reached.",
        discussion: """
            The host's own policy must allow it: standing_orders in /etc/cordon/policy.d. What was done is told as an alert \
            as soon as the host comes back.

            EXAMPLE
              cordon standing create web-1 --rule cordon.sshd.bruteforce --do block_address --of source.ip --for 1h --reason 'nights'
            """,
        subcommands: [StandingCreate.self, StandingList.self, StandingWithdraw.self])
}

/// `cordon standing create`
struct StandingCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Let a host contain when a rule fires while the controller cannot be reached.",
        discussion: """
            EXAMPLE
              cordon standing create web-1 --rule cordon.sshd.bruteforce --do block_address --of source.ip --reason 'nights'
            """)
    @Argument(help: "The host's name or identifier.")
    var host: String
    @Option(help: "The identifier of the rule that must fire.")
    var rule: String
    @Option(name: .customLong("do"), help: "isolate, block_address or lock_account.")
    var action: String
    @Option(help: "What it is done to: host, source.ip, destination.ip or user.name, as the event has it.")
    var of: String
    @Option(name: .customLong("for"), help: ArgumentHelp("How long what is done lasts.", valueName: "span"))
    var span = Span(seconds: 3600)
    @Option(help: ArgumentHelp("How long the standing order holds, at most 90d.", valueName: "span"))
    var until = Span(seconds: 30 * 86_400)
    @Option(help: "Why; stands in the order and the audit chain.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard let kind = ActionKind(rawValue: action), let subjects = StandingOrder.subjects[kind] else {
            throw ValidationError("--do is isolate, block_address or lock_account.")
        }
        guard StandingSubject(rawValue: of).map(subjects.contains) == true else {
            throw ValidationError("\(action) is done to \(subjects.map(\.rawValue).joined(separator: " or ")).")
        }
    }

    func run() async throws {
        let made = try await Client.use { client in
            let body: JSONValue = [
                "host": .text(try await client.hostID(host)), "rule": .text(rule), "action": .text(action),
                "subject": .text(of), "duration_s": .integer(span.seconds), "expires_in_s": .integer(until.seconds),
                "reason": .text(reason),
            ]
            return try await client.send(.post, "/api/v1/standing-orders", body)
        }
        output.show(made) {
            ["Standing order \($0["id"]?.text ?? "-"); `cordon standing list` says whether the host knows it."]
        }
    }
}

/// `cordon standing list`
struct StandingList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List standing orders, newest first.",
        discussion: "EXAMPLE\n  cordon standing list")
    @Option(help: "Only of this host, by name or identifier.")
    var host: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (items, names) = try await Client.use { client in
            let agent: String? = if let host { try await client.hostID(host) } else { nil }
            return (
                try await client.whole("/api/v1/standing-orders", [("host", agent)]),
                output.json ? TimelineNames() : try await client.shownNames()
            )
        }
        output.show(items, as: Self.table(names), empty: "No standing orders.")
    }

    /// What is known of it there: for an order that acts by itself, “not known” is not “no”.
    private static func reach(_ order: JSONValue) -> String {
        let isWithdrawn = order["withdrawn_at"]?.text != nil
        return switch order["reach"]?.text {
        case "confirmed": isWithdrawn ? "taken back" : "in force"
        case "still_held": "in force still"
        case "unsent": "not told yet"
        default: "may be in force"
        }
    }

    static func table(_ names: TimelineNames) -> Table {
        Table(columns: [
            .init(title: "HOST", text: { $0["host"]?.text.map(names.host) ?? "-" }), .member("RULE", "rule"),
            .init(title: "DOES", text: { "\($0["action"]?.text ?? "") \($0["subject"]?.text ?? "")" }),
            .init(title: "FOR", text: { Shown.duration($0["duration_s"]?.integer ?? 0) }),
            .instant("UNTIL", "expires_at"),
            .init(title: "AT THE HOST", text: reach),
            .instant("WITHDRAWN", "withdrawn_at"), .member("ID", "id"),
        ])
    }
}

/// `cordon standing withdraw`
struct StandingWithdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Take a standing order back.",
        discussion: "EXAMPLE\n  cordon standing withdraw 01a1ff06-e031-701c-9e75-99bf883cb05c")
    @Argument(help: "Its identifier.")
    var id: String
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard StandingID(id) != nil else {
            throw ValidationError("A standing order is named by its identifier, from `cordon standing list`.")
        }
    }

    func run() async throws {
        let record = try await Client.use { try await $0.send(.post, "/api/v1/standing-orders/\(id)/withdraw") }
        output.show(record) { _ in ["Withdrawn; a host that is away goes by it until it comes, or until it expires."] }
    }
}
