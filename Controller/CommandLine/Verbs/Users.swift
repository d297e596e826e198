internal import ArgumentParser
internal import CordonModel
internal import CordonScan

/// `cordon user`
struct UserVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "People who may sign in.",
        discussion: """
            EXAMPLES
              cordon user list
              cordon user role alice analyst
            """,
        subcommands: [UserList.self, UserCreate.self, UserRole.self, UserPassword.self, UserRemove.self]
    )
}

/// `cordon user list`
struct UserList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List everybody who may sign in.",
        discussion: """
            EXAMPLES
              cordon user list
            """
    )
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let items = try await Client.use { try await $0.whole("/api/v1/users") }
        output.show(items, as: Self.table, empty: "No users.")
    }

    static let table = Table(columns: [
        .member("NAME", "name"), .member("ROLE", "role"), .instant("SINCE", "created_at"), .member("ID", "id"),
    ])
}

/// `cordon user create`
struct UserCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a user; a password is made up and printed once, unless one is given.",
        discussion: "EXAMPLE\n  cordon user create alice --role responder"
    )
    @Argument(help: "The name.")
    var name: String
    @Option(help: "What the user may do.")
    var role: Role
    @Flag(help: "Read the password from the first line of standard input.")
    var passwordStdin = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var body = JSONObject()
        body["name"] = .text(name)
        body["role"] = .text(role.rawValue)
        if passwordStdin { body["password"] = .text(try PasswordPrompt.fromStandardInput()) }
        let user = try await Client.use { try await $0.send(.post, "/api/v1/users", .object(body)) }
        output.show(user) { user in
            [user["password"]?.text.map { "Password, shown once: \($0)" } ?? "\(Terminal.safe(name)) can sign in."]
        }
    }
}

/// `cordon user role`
struct UserRole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "Change what a user may do.",
        discussion: """
            EXAMPLES
              cordon user role alice responder
            """
    )
    @Argument(help: "The name.")
    var name: String
    @Argument(help: "The role.")
    var role: Role
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let path = "/api/v1/users/\(Percent.encoded(name))/role"
        _ = try await Client.use { try await $0.send(.put, path, ["role": .text(role.rawValue)]) }
        output.show(["name": .text(name), "role": .text(role.rawValue)]) { _ in
            ["\(Terminal.safe(name)) is \(role.rawValue) now."]
        }
    }
}

/// `cordon user password`
struct UserPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password", abstract: "Change your own password, or with a name somebody else's.",
        discussion: """
            EXAMPLES
              cordon user password
              cordon user password alice
            """
    )
    @Argument(help: "The name; yours when it is left out.")
    var name: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let current = name == nil ? try PasswordPrompt.ask("Current password: ") : nil
        let password = try PasswordPrompt.ask("New password: ")
        guard try PasswordPrompt.ask("New password again: ") == password else {
            throw Complaint(.usage, "The two are not the same.")
        }
        try await Client.use { client in
            if let name {
                _ = try await client.send(
                    .put, "/api/v1/users/\(Percent.encoded(name))/password", ["password": .text(password)])
            } else {
                _ = try await client.send(
                    .put, "/api/v1/me/password", ["current": .text(current ?? ""), "password": .text(password)])
            }
        }
        output.show(["changed": true]) { _ in ["The password is changed; other sessions have ended."] }
    }
}

/// `cordon user remove`
struct UserRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a user, the sessions, and the API tokens that the user made.",
        discussion: """
            EXAMPLES
              cordon user remove alice
            """
    )
    @Argument(help: "The name.")
    var name: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        _ = try await Client.use { try await $0.send(.delete, "/api/v1/users/\(Percent.encoded(name))") }
        output.show(["name": .text(name), "removed": true]) { _ in ["\(Terminal.safe(name)) is removed."] }
    }
}
