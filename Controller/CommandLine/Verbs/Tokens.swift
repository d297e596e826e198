internal import ArgumentParser
internal import CordonModel
internal import CordonScan

extension Role: ExpressibleByArgument {}

/// `cordon token`
struct TokenVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Enrolment tokens: what new hosts enrol with.",
        discussion: """
            EXAMPLES
              cordon token create --uses 10 --expires 24h --group web > token
            """,
        subcommands: [TokenCreate.self, TokenList.self, TokenRevoke.self]
    )
}

/// `cordon token create`
struct TokenCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make an enrolment token and print it once.",
        discussion: """
            Without --json the token stands alone on standard output, so that it can go into a file or a pipe.

            EXAMPLE
              cordon token create --uses 20 --expires 24h --group web > token
            """
    )
    @Option(help: "How many hosts may enrol with it.")
    var uses = 1
    @Option(help: ArgumentHelp("How long it is good for.", valueName: "span"))
    var expires = Span(seconds: 3600)
    @Option(help: "The group of the hosts.")
    var group = ""
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let body: JSONValue = [
            "uses": .integer(Int64(uses)), "expires_in_s": .integer(expires.seconds), "group": .text(group),
        ]
        let token = try await Client.use { try await $0.send(.post, "/api/v1/enrolment-tokens", body) }
        if !output.json {
            Terminal.complain(
                "Good for \(uses) \(uses == 1 ? "host" : "hosts") until \(token["expires_at"]?.text.map(Shown.instant) ?? "-"); it is shown once."
            )
        }
        output.show(token) { [Terminal.safe($0["secret"]?.text ?? "")] }
    }
}

/// `cordon token list`
struct TokenList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List enrolment tokens, without their secrets.",
        discussion: """
            EXAMPLES
              cordon token list
            """
    )
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let items = try await Client.use { try await $0.list("/api/v1/enrolment-tokens", most: 1000) }
        output.show(items, as: Self.table, empty: "No enrolment tokens.")
    }

    static let table = Table(columns: [
        .init(title: "VALID", text: { $0["is_valid"]?.flag == true ? "yes" : "no" }),
        .init(title: "USED", text: { "\($0["used"]?.integer ?? 0)/\($0["uses"]?.integer ?? 0)" }),
        .member("GROUP", "group"), .instant("EXPIRES", "expires_at"), .member("BY", "created_by"), .member("ID", "id"),
    ])
}

/// `cordon token revoke`
struct TokenRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Make an enrolment token useless; hosts that enrolled with it stay.",
        discussion: """
            EXAMPLES
              cordon token revoke 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42
            """
    )
    @Argument(help: "Its identifier.")
    var id: String
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard TokenID(id) != nil else {
            throw ValidationError("A token is named by its identifier, from `cordon token list`.")
        }
    }

    func run() async throws {
        _ = try await Client.use { try await $0.send(.delete, "/api/v1/enrolment-tokens/\(id)") }
        output.show(["id": .text(id), "revoked": true]) { _ in ["The token is worth nothing now."] }
    }
}

/// `cordon apitoken`
struct APITokenVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apitoken", abstract: "API tokens: what programs sign in with.",
        discussion: """
            EXAMPLES
              cordon apitoken create siem --role viewer > siem.token
            """,
        subcommands: [APITokenCreate.self, APITokenList.self, APITokenRevoke.self]
    )
}

/// `cordon apitoken create`
struct APITokenCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make an API token and print it once.",
        discussion: "EXAMPLE\n  CORDON_TOKEN=$(cordon apitoken create ticketing --role analyst --expires 90d)"
    )
    @Argument(help: "What it is for; acts as token:NAME.")
    var name: String
    @Option(help: "What it may do.")
    var role: Role
    @Option(help: ArgumentHelp("How long it is good for.", valueName: "span"))
    var expires = Span(seconds: 90 * 86_400)
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let body: JSONValue = [
            "name": .text(name), "role": .text(role.rawValue), "expires_in_s": .integer(expires.seconds),
        ]
        let token = try await Client.use { try await $0.send(.post, "/api/v1/api-tokens", body) }
        if !output.json {
            Terminal.complain("Good until \(token["expires_at"]?.text.map(Shown.instant) ?? "-"); it is shown once.")
        }
        output.show(token) { [Terminal.safe($0["secret"]?.text ?? "")] }
    }
}

/// `cordon apitoken list`
struct APITokenList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List API tokens, without their secrets.",
        discussion: """
            EXAMPLES
              cordon apitoken list
            """
    )
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let items = try await Client.use { try await $0.whole("/api/v1/api-tokens") }
        output.show(items, as: Self.table, empty: "No API tokens.")
    }

    static let table = Table(columns: [
        .member("NAME", "name"), .member("ROLE", "role"),
        .init(title: "VALID", text: { $0["is_valid"]?.flag == true ? "yes" : "no" }),
        .instant("EXPIRES", "expires_at"), .member("BY", "created_by"), .member("ID", "id"),
    ])
}

/// `cordon apitoken revoke`
struct APITokenRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End an API token at once.",
        discussion: """
            EXAMPLES
              cordon apitoken revoke 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42
            """
    )
    @Argument(help: "Its identifier.")
    var id: String
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard TokenID(id) != nil else {
            throw ValidationError("A token is named by its identifier, from `cordon apitoken list`.")
        }
    }

    func run() async throws {
        _ = try await Client.use { try await $0.send(.delete, "/api/v1/api-tokens/\(id)") }
        output.show(["id": .text(id), "revoked": true]) { _ in ["The API token is worth nothing now."] }
    }
}
