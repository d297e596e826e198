internal import ArgumentParser
internal import CordonModel
internal import CordonScan

/// `cordon orders`
struct Orders: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List orders, newest first.",
        discussion: "EXAMPLES\n  cordon orders --open --watch\n  cordon orders --host web-1 --json"
    )
    @Option(help: "Only of this host, by name or identifier.")
    var host: String?
    @Flag(help: "Only orders that are still on their way.")
    var open = false
    @Flag(help: "Only orders that wait for people's signatures: `cordon approve ORDER --key FILE`.")
    var waiting = false
    @Option(help: "At most so many.")
    var limit = 50
    @Flag(help: "Go on with every change, until interrupted.")
    var watch = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if open && waiting { throw ValidationError("Choose --open or --waiting.") }
    }

    func run() async throws {
        try await Client.use { client in
            let state = open ? "open" : waiting ? OrderState.drafted.rawValue : nil
            let agent: String? = if let host { try await client.hostID(host) } else { nil }
            let names = output.json ? TimelineNames() : try await client.shownNames()
            let list = LiveList(
                client: client, topic: "order", table: Self.table(names), output: output,
                load: {
                    try await client.list(
                        "/api/v1/orders", [("host", agent), ("state", state)], most: limit)
                },
                item: { id in
                    let order = try await client.get("/api/v1/orders/\(id)")
                    return agent == nil || order["host"]?.text == agent ? order : Optional.none
                }
            )
            try await list.show(empty: "No orders.", watching: watch)
        }
    }

    static func table(_ names: TimelineNames) -> Table {
        Table(columns: [
            .instant("ISSUED", "issued_at"),
            .init(title: "HOST", text: { $0["host"]?.text.map(names.host) ?? "-" }),
            .init(title: "ACTION", text: { Shown.action(of: $0) }), .state(),
            .init(title: "BY", text: { $0["requested_by"]?.text.map(names.actor) ?? "-" }),
            .member("REASON", "reason"), .member("ID", "id"),
        ])
    }
}

/// `cordon order`
struct OrderVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order", abstract: "One order with its result and proof.",
        discussion: """
            EXAMPLES
              cordon order show 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42
            """, subcommands: [OrderShow.self, OrderWithdraw.self]
    )
}

/// `cordon order show`
struct OrderShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one order with its result and proof.",
        discussion: """
            EXAMPLES
              cordon order show 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42 --json
            """
    )
    @Argument(help: "Its identifier.")
    var id: String
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard OrderID(id) != nil else {
            throw ValidationError("An order is named by its identifier, from `cordon orders`.")
        }
    }

    func run() async throws {
        let (order, names) = try await Client.use { client in
            (
                try await client.get("/api/v1/orders/\(id)"),
                output.json ? TimelineNames() : try await client.shownNames()
            )
        }
        output.show(order) { OrderLines.lines($0, names) }
    }
}

/// `cordon order withdraw`
struct OrderWithdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Say no to an order that no host carries out yet, as one that waits for signatures.",
        discussion: """
            The controller does not send it again and takes no more signatures for it. A host that was asked already, and \
            waits for people's signatures, cannot be told: until the order expires it would carry it out if somebody else \
            who has the order brought it with enough of them.

            EXAMPLES
              cordon orders --waiting
              cordon order withdraw 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42 --reason 'the wrong host'
            """
    )
    @Argument(help: "Its identifier.")
    var id: String
    @Option(help: "Why; stands in the order and with who waits for it.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard OrderID(id) != nil else {
            throw ValidationError("An order is named by its identifier, from `cordon orders`.")
        }
    }

    func run() async throws {
        let order = try await Client.use {
            try await $0.send(.post, "/api/v1/orders/\(id)/withdraw", ["reason": .text(reason)])
        }
        output.show(order, Self.lines)
    }
}

extension OrderWithdraw {
    static func lines(_ order: JSONValue) -> [String] {
        guard order["attempts"]?.integer != 0 else { return ["The order is withdrawn; no host had it."] }
        let until = order["expires_at"]?.text.map(Shown.instant) ?? "it expires"
        return [
            "The order is withdrawn and is not sent again. The host was asked about it already: until \(until) it would "
                + "carry it out if somebody who has the order brought it with enough signatures of people."
        ]
    }
}

/// An order as people see it.
enum OrderLines {
    static func lines(_ order: JSONValue) -> [String] { lines(order, TimelineNames()) }

    static func lines(_ order: JSONValue, _ names: TimelineNames) -> [String] {
        let result = order["result"]
        var lines = Details.lines([
            ("order", order["id"]?.text), ("host", order["host"]?.text.map(names.host)),
            ("action", Shown.action(of: order)),
            ("state", order["state"]?.text), ("by", order["requested_by"]?.text.map(names.actor)),
            ("reason", order["reason"]?.text),
            ("issued", order["issued_at"]?.text.map(Shown.instant)),
            ("expires", order["expires_at"]?.text.map(Shown.instant)),
            ("note", order["note"]?.text), ("signed by", Self.people(order)), ("answer", result?["message"]?.text),
            ("rule", result?["rule"]?.text),
            ("failure", result?["code"]?.text), ("reverted by", order["reverted_by"]?.text),
        ])
        if let evidence = result?["evidence"], let name = evidence["name"]?.text {
            lines.append(
                Terminal.safe(
                    "  evidence \(name), \(evidence["size"]?.integer ?? 0) bytes: cordon evidence get \(order["id"]?.text ?? "") -o FILE"
                ))
        }
        for applied in result?["proof"]?["applied"]?.texts ?? [] {
            lines.append("  applied  " + Terminal.safe(applied))
        }
        for probe in result?["proof"]?["probes"]?.array ?? [] { lines.append("  " + line(of: probe)) }
        return lines
    }

    private static func people(_ order: JSONValue) -> String? {
        let people = order["approved_by"]?.texts ?? []
        return people.isEmpty ? nil : people.joined(separator: ", ")
    }

    /// `proved  controller_reachable: …`
    static func line(of probe: JSONValue) -> String {
        let passed = probe["passed"]?.flag == true
        return Terminal.paint(passed ? "proved   " : "NOT SO   ", passed ? .green : .red)
            + Terminal.safe("\(probe["name"]?.text ?? ""): \(probe["observed"]?.text ?? "")")
    }
}

/// Waits for an order's end.
struct OrderWatch: Sendable {
    let client: Client
    /// Whether the way is not shown.
    let isQuiet: Bool

    /// The order at its end.
    /// - Throws: when it has none in time; the order goes on regardless.
    func wait(for order: JSONValue, patience: Span) async throws -> JSONValue {
        var order = order
        var shown = ""
        let clock = ContinuousClock()
        let end = clock.now + .seconds(patience.seconds)
        while true {
            let state = order["state"]?.text ?? "unknown"
            if state != shown, !isQuiet { Terminal.complain("\(state) \(order["note"]?.text ?? "")") }
            shown = state
            if order["is_final"]?.flag == true { return order }
            guard clock.now < end, let id = order["id"]?.text else {
                throw Self.complaint(order, state, patience)
            }
            try await Task.sleep(for: .milliseconds(250))
            order = try await client.get("/api/v1/orders/\(id)")
        }
    }

    /// No end in time: what it waits for, and what to do.
    private static func complaint(_ order: JSONValue, _ state: String, _ patience: Span) -> Complaint {
        let (id, time) = (Terminal.safe(order["id"]?.text ?? ""), Shown.duration(patience.seconds))
        guard state == OrderState.drafted.rawValue else {
            return Complaint(
                .failed, "The order is \(Terminal.safe(state)) after \(time); it goes on without you.",
                "Look again with `cordon order show \(id)`.")
        }
        return Complaint(
            .failed, "The order still waits for people's signatures after \(time); the host has done nothing.",
            "Who may approve signs it with `cordon approve \(id) --key FILE`.")
    }
}
