internal import ArgumentParser
internal import CordonScan

/// `cordon tasks`
struct Tasks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what waits for a person's decision, oldest first.",
        discussion: """
            EXAMPLES
              cordon tasks --watch
            """
    )
    @Flag(help: "Go on with every change, until interrupted.")
    var watch = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Client.use { client in
            let list = LiveList(
                client: client, topic: "task", table: Self.table, output: output,
                load: { try await client.whole("/api/v1/tasks") },
                item: { try await client.get("/api/v1/tasks/\($0)") }
            )
            try await list.show(empty: "Nothing waits for a decision.", watching: watch)
        }
    }

    static let table = Table(columns: [
        .member("TASK", "id"), .state(), .member("KIND", "kind"), .member("ROLE", "role"), .instant("DUE", "due_at"),
        .member("PLAYBOOK", "playbook_name"), .member("WHAT", "text"),
    ])
}

/// What `approve` and `deny` share.
struct DecisionArguments: ParsableArguments {
    @Argument(help: "The task's identifier, or a case in which one task waits.")
    var task: String
    @Option(help: "Why; stands in the timeline and the audit chain.")
    var reason: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let reason, reason.isEmpty { throw ValidationError("--reason is empty.") }
    }

    func decide(_ decision: String) async throws {
        guard let reason else { throw ValidationError("Say why, with --reason.") }
        let decided = try await Client.use { client in
            guard let id = try await client.task(task)["id"]?.text else {
                throw Complaint(.failed, "The controller's answer names no task.")
            }
            let body: JSONValue = ["decision": .text(decision), "reason": .text(reason)]
            return try await client.send(.post, "/api/v1/tasks/\(id)/decision", body)
        }
        output.show(decided) {
            ["\(($0["state"]?.text ?? decision).capitalizedFirst): \(Terminal.safe($0["text"]?.text ?? ""))"]
        }
    }
}

/// `cordon approve`
struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say yes to what a playbook asks, or sign an order that waits for people.",
        discussion: """
            With --key an order is signed with a key of your own: a host whose policy names its kind among two_person takes \
            it only with such signatures. What is shown beforehand is read from the very bytes that are signed. With a passkey \
            orders are signed on the console's pages.

            EXAMPLES
              cordon approve C-12 --reason 'confirmed with the owner'
              cordon approve 0197… --reason ok
              cordon orders --waiting
              cordon approve 0197… --key ~/.config/cordon/ann.key
            """
    )
    @OptionGroup var arguments: DecisionArguments
    @Option(help: ArgumentHelp("Your private key, of `cordon key create`: sign an order.", valueName: "file"))
    var key: String?
    @Flag(help: "With --key: do not ask once more.")
    var yes = false

    func validate() throws {
        if key == nil, arguments.reason == nil { throw ValidationError("Say why, with --reason.") }
        if key == nil, yes { throw ValidationError("--yes goes with --key.") }
    }

    func run() async throws {
        guard let key else { return try await arguments.decide("approve") }
        try await OrderSigning(order: arguments.task, keyFile: key, isSure: yes).run(arguments.output)
    }
}

/// `cordon deny`
struct Deny: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say no to what a playbook asks.",
        discussion: "EXAMPLE\n  cordon deny C-12 --reason 'it was our own scanner'"
    )
    @OptionGroup var arguments: DecisionArguments

    func validate() throws {
        if arguments.reason == nil { throw ValidationError("Say why, with --reason.") }
    }

    func run() async throws { try await arguments.decide("deny") }
}

extension String {
    /// The text with its first letter as a capital.
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
