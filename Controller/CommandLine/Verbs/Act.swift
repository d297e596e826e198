internal import ArgumentParser
internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// `cordon act`
struct Act: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Order any action of the catalogue.",
        discussion: """
            `cordon actions` lists the actions, `cordon actions ACTION` says what one is told. That is checked here before \
            anything is sent.

            EXAMPLES
              cordon act web-1 quarantine_file path=/tmp/.x/miner --reason 'miner' --wait
              cordon act web-1 freeze_process pid=4242 start_time=813377 executable=/tmp/x duration_s=1h --reason 'look'
              cordon act web-1 collect_process_memory pid=4242 start_time=813377 --reason 'miner' --wait
              cordon act web-1 block_executable path=/tmp/.x/miner duration_s=7d --reason 'miner'
              cordon act web-1 yara_scan path=/var/www --rules webshells.yar --reason 'case C-7' --wait
              cordon act web-1 disable_cron_entry path=/etc/cron.d/x entry='* * * * * root /tmp/x' --reason 'miner'
              cordon act web-1 cut_user_network uid=1001 duration_s=4h --reason 'odd uploads'
              cordon act web-1 sinkhole_domain domain=evil.example duration_s=7d --reason 'beacons'
              cordon act web-1 block_addresses --list drop.txt list=drop duration_s=7d --reason 'feed of the day'
              cordon undo 0195c0de-… --reason 'false alarm' --wait
            """)
    @Argument(help: "The host's name or identifier.")
    var host: String
    @Argument(help: "The action's name, as quarantine_file.")
    var action: String
    @Argument(
        help:
            "Its parameters, as path=/tmp/x; a duration in seconds or as 4h. --help behind the action's name lists them."
    )
    var parameters: [String] = []
    @Option(
        help: "For block_addresses: a file of networks, one a line or with white space between; - for standard input.")
    var list: String?
    @Option(help: "For yara_scan: a file of rules; - for standard input.")
    var rules: String?
    @OptionGroup var order: OrderOptions

    func validate() throws { if list == nil, rules == nil { _ = try checked() } }

    func run() async throws {
        let action = try checked(
            list.map { try Self.networks($0) }, try rules.map { try File.text($0, limit: YaraScan.longestRules + 1) })
        var body = JSONObject()
        body["kind"] = .text(action.kind.rawValue)
        for (name, value) in action.parameters { body[name] = JSONValue(value) }
        try await order.order(.object(body), of: host)
    }

    /// The compact form of a file's networks; several times as many bytes as the form may have are read.
    private static func networks(_ file: String) throws -> String {
        let text = try File.text(file, limit: 8 << 20)
        guard let list = AddressList(text) else {
            throw Complaint(
                .usage, "\(Terminal.safe(file)) \(AddressList.fault(in: text)).",
                "At most \(AddressList.most) networks and \(AddressList.longestText) bytes in compact form; "
                    + "order longer lists in parts, each under a name of its own.")
        }
        return list.text
    }

    private func checked(_ networks: String? = nil, _ rules: String? = nil) throws -> Action {
        let entry = ActionKind(rawValue: action)?.entry
        var values: [String: FieldValue] = [:]
        values["networks"] = networks.map { .text($0) }
        values["rules"] = rules.map { .text($0) }
        for text in parameters {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw ValidationError(
                    "“\(Terminal.safe(String(text.prefix(64))))” is no parameter: write name=value. "
                        + "`cordon actions \(Terminal.safe(String(action.prefix(64))))` says which there are.")
            }
            let name = String(parts[0])
            guard values[name] == nil else { throw ValidationError("\(Terminal.safe(name)) is given twice.") }
            let kind = entry?.parameters.first { $0.name == name }?.kind
            values[name] = Self.value(String(parts[1]), as: kind)
        }
        do { return try Action(kind: action, parameters: values) } catch {
            throw ValidationError(Terminal.safe("\(error.message) \(error.remedy)"))
        }
    }

    /// What the text spells for a parameter of the kind; what it does not spell stays text, and is refused as such.
    private static func value(_ text: String, as kind: Parameter.Kind?) -> FieldValue {
        switch kind {
        case .number, .bytes: Int64(text).map { .number($0) } ?? .text(text)
        case .seconds: (Int64(text) ?? Span(argument: text)?.seconds).map { .number($0) } ?? .text(text)
        case .flag: Bool(text).map { .flag($0) } ?? .text(text)
        default: .text(text)
        }
    }
}

/// `cordon undo`
struct Undo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Undo what an order did: release, unblock, thaw, restore.",
        discussion: "EXAMPLE\n  cordon undo 0195c0de-7a3b-7c4d-8e5f-0123456789ab --reason 'false alarm' --wait")
    @Argument(help: "The order's identifier: `cordon orders`, `cordon host show`.")
    var id: String
    @Option(help: "Why; stands in the order, the timeline and the audit chain.")
    var reason: String
    @Flag(help: "Show the order's way, until it is proved or has failed.")
    var wait = false
    @Option(help: ArgumentHelp("With --wait: how long to wait.", valueName: "span"))
    var patience = Span(seconds: 120)
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard OrderID(id) != nil else { throw ValidationError("An order is named by its identifier, a UUID.") }
    }

    func run() async throws {
        try await Client.use { client in
            let key = ("Idempotency-Key", "\(OrderOptions.newIdentifier())")
            let path = "/api/v1/orders/\(id)/undo"
            let order = try await client.send(.post, path, ["reason": .text(reason)], headers: [key])
            try await OrderOptions.follow(order, client, wait: wait, patience: patience, output)
        }
    }
}
