internal import ArgumentParser
internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// What all orders share.
struct OrderOptions: ParsableArguments {
    @Option(help: "Why; stands in the order, the timeline and the audit chain.")
    var reason: String
    @Option(name: .customLong("case"), help: "The case it belongs to: C-12, 12 or its identifier.")
    var file: String?
    @Option(help: ArgumentHelp("How long the order may wait for the host.", valueName: "span"))
    var lifetime = Span(seconds: 900)
    @Flag(help: "Show the order's way, until it is proved or has failed.")
    var wait = false
    @Option(help: ArgumentHelp("With --wait: how long to wait.", valueName: "span"))
    var patience = Span(seconds: 120)
    @OptionGroup var output: OutputOptions

    func validate() throws { try SpanArgument.check(lifetime, "--lifetime", most: SpanArgument.longestLifetime) }

    /// Orders the action of the host.
    func order(_ action: JSONValue, of host: String) async throws {
        try await Client.use { client in
            var body: JSONObject = JSONObject()
            body["host"] = .text(try await client.hostID(host))
            body["action"] = action
            body["reason"] = .text(reason)
            body["lifetime_s"] = .integer(lifetime.seconds)
            if let file { body["case"] = .text(file) }
            let order = try await Self.submit(.object(body), client)
            try await Self.follow(order, client, wait: wait, patience: patience, output)
        }
    }

    /// Shows the order, at its end where that is waited for.
    static func follow(
        _ order: JSONValue, _ client: Client, wait: Bool, patience: Span, _ output: OutputOptions
    ) async throws {
        let final =
            wait
            ? try await OrderWatch(client: client, isQuiet: output.json).wait(for: order, patience: patience) : order
        output.show(final, OrderLines.lines)
        guard wait, final["state"]?.text != "succeeded" else { return }
        throw Complaint(
            .failed, "The order is \(final["state"]?.text ?? "unknown").", final["result"]?["message"]?.text ?? "")
    }

    /// Sends the order; a connection that breaks is tried again with the same key, which is the same order.
    static func submit(_ body: JSONValue, _ client: Client) async throws -> JSONValue {
        let key = ("Idempotency-Key", "\(newIdentifier())")
        do {
            return try await client.send(.post, "/api/v1/orders", body, headers: [key])
        } catch let complaint as Complaint where complaint.exit == .unreachable {
            return try await client.send(.post, "/api/v1/orders", body, headers: [key])
        }
    }

    static func newIdentifier() -> OrderID {
        var generator = SystemRandomNumberGenerator()
        let now = Timestamp(microseconds: WallClock.microseconds)
        return OrderID(UUIDv7(at: now, random: (generator.next(), generator.next())))
    }
}

/// `cordon isolate`
struct Isolate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cut a host off the network; the controller stays reachable for its agent.",
        discussion: "EXAMPLE\n  cordon isolate web-1 --reason 'attacker signed in' --case C-12 --for 4h --wait"
    )
    @Argument(help: "The host's name or identifier.")
    var host: String
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long; the host releases itself afterwards.", valueName: "span"))
    var span = Span(seconds: 4 * 3600)
    @Option(
        help: ArgumentHelp(
            "Release it earlier, when its agent has not heard the controller for so long; without it the isolation stays.",
            valueName: "span"))
    var releaseWhenLost: Span?
    @Option(
        help: "network: whatever passes through IP. network_and_raw: raw frames too, which is what it does if not told."
    )
    var level: Level?
    @OptionGroup var order: OrderOptions

    enum Level: String, ExpressibleByArgument, CaseIterable {
        case network
        case networkAndRaw = "network_and_raw"
    }

    func validate() throws {
        try SpanArgument.check(span, "--for")
        if let releaseWhenLost, releaseWhenLost.seconds < Isolation.shortestLoss {
            throw ValidationError("--release-when-lost takes 5m or more: what comes and goes is no loss.")
        }
    }

    func run() async throws {
        var action: JSONObject = JSONObject()
        action["kind"] = "isolate"
        action["duration_s"] = .integer(span.seconds)
        if let releaseWhenLost { action["release_when_lost_s"] = .integer(releaseWhenLost.seconds) }
        if let level { action["level"] = .text(level.rawValue) }
        try await order.order(.object(action), of: host)
    }
}

/// `cordon release`
struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End a host's isolation.", discussion: "EXAMPLE\n  cordon release web-1 --reason 'cleaned up' --wait"
    )
    @Argument(help: "The host's name or identifier.")
    var host: String
    @OptionGroup var order: OrderOptions

    func run() async throws { try await order.order(["kind": "release"], of: host) }
}

/// `cordon block`
struct Block: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Drop packets from and to an address on a host.",
        discussion: """
            EXAMPLES
              cordon block web-1 203.0.113.7 --reason 'guesses passwords' --for 24h --wait
              cordon block web-1 2001:db8:bad::/48 --reason 'scans' --for 7d
              cordon block web-1 203.0.113.7 --ports tcp/22,tcp/8000-8100 --direction in --reason 'guesses passwords'

            A block of all packets is ended by `cordon unblock`, one with ports or a direction by `cordon undo` of its order.
            """
    )
    @Argument(help: "The host's name or identifier.")
    var host: String
    @Argument(help: "An IPv4 or IPv6 address, or a network as 192.0.2.0/24.")
    var address: String
    @Option(name: .customLong("for"), help: ArgumentHelp("How long; the host's kernel ends it.", valueName: "span"))
    var span = Span(seconds: 24 * 3600)
    @Option(help: "Only packets to these ports, as tcp/22,udp/1000-2000.")
    var ports: String?
    @Option(help: "Only packets from it (in) or to it (out); otherwise both.")
    var direction: Direction?
    @OptionGroup var order: OrderOptions

    enum Direction: String, ExpressibleByArgument, CaseIterable { case `in`, out, both }

    func validate() throws {
        try AddressArgument.check(address)
        try SpanArgument.check(span, "--for")
        guard ports.map({ PortRange.list($0) != nil }) ?? true else {
            throw ValidationError("--ports is a list as tcp/22,udp/1000-2000, of at most \(PortRange.mostInList).")
        }
    }

    func run() async throws {
        var action: JSONObject = JSONObject()
        (action["kind"], action["network"]) = ("block_address", .text(address))
        action["duration_s"] = .integer(span.seconds)
        if let ports { action["ports"] = .text(ports) }
        if let direction { action["direction"] = .text(direction.rawValue) }
        try await order.order(.object(action), of: host)
    }
}

/// `cordon kill`
struct Kill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End a process on a host.",
        discussion: """
            The start time tells it from a later process with the same number: field 22 of /proc/PID/stat, as \
            `cordon hunt start process` finds it.

            EXAMPLE
              cordon kill web-1 4242 --start-time 813377 --executable /tmp/x --scope tree --reason 'miner' --wait
            """
    )

    enum Scope: String, ExpressibleByArgument, CaseIterable { case process, tree, cgroup }

    @Argument(help: "The host's name or identifier.")
    var host: String
    @Argument(help: "The process's number.")
    var pid: Int32
    @Option(help: "Field 22 of /proc/PID/stat.")
    var startTime: Int64
    @Option(help: "The target of /proc/PID/exe, where it is known: a process that runs another is left alone.")
    var executable: String?
    @Option(help: "The process alone, with its descendants, or its whole control group.")
    var scope = Scope.process
    @OptionGroup var order: OrderOptions

    func validate() throws {
        guard pid > 1 else { throw ValidationError("A process's number is above 1.") }
        guard startTime >= 0 else { throw ValidationError("A start time is not negative.") }
        guard executable?.hasPrefix("/") != false else {
            throw ValidationError("The executable is a path that starts with /.")
        }
    }

    func run() async throws {
        var action = JSONObject()
        (action["kind"], action["scope"]) = ("kill_process", .text(scope.rawValue))
        (action["pid"], action["start_time"]) = (.integer(Int64(pid)), .integer(startTime))
        if let executable { action["executable"] = .text(executable) }
        try await order.order(.object(action), of: host)
    }
}

/// Times of orders in arguments.
enum SpanArgument {
    /// Seconds that an order may wait for its host at most, as the API has it.
    static let longestLifetime: Int64 = 30 * 86_400

    static func check(_ span: Span, _ option: String, most: Int64 = Parameter.longestDuration) throws {
        guard span.seconds <= most else { throw ValidationError("\(option) is \(most / 86_400)d at most.") }
    }
}

/// Addresses in arguments.
enum AddressArgument {
    static func check(_ text: String) throws {
        guard Network(text) != nil else {
            throw ValidationError("\(Terminal.safe(text)) is no address, and no network whose host bits are zero.")
        }
    }
}
