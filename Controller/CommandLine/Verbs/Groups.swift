internal import ArgumentParser
internal import CordonScan

/// `cordon groups`
struct GroupsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups", abstract: "Lists of values that fill the placeholders of Sigma rules.",
        discussion: """
            A rule with “User|expand: '%admins%'” takes the values of the group admins when its pack is published. A pack \
            never changes: after a group has, publish the rules again.

            EXAMPLES
              cordon groups set admins root alice 'svc-*'
              cordon groups list
              cordon rules publish rules/ --name linux
            """,
        subcommands: [GroupSet.self, GroupList.self, GroupRemove.self]
    )
}

/// `cordon groups set`
struct GroupSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Make a group, or give it other values.",
        discussion: """
            EXAMPLES
              cordon groups set admins root alice 'svc-*'
              cordon groups set admins --list admins.txt
            """
    )
    @Argument(help: "The placeholder's name, without percent signs.")
    var name: String
    @Argument(help: "All its values; * and ? are wildcards.")
    var values: [String] = []
    @Option(help: ArgumentHelp("A file of its values, one a line; - for standard input.", valueName: "file"))
    var list: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard values.isEmpty != (list == nil) else { throw ValidationError("Name its values, or give --list.") }
    }

    func run() async throws {
        let lines = try list.map { try File.text($0, limit: 2 << 20).split(whereSeparator: \.isNewline) }
        let values = lines?.map(String.init) ?? values
        let body: JSONValue = ["values": .array(values.map { .text($0) })]
        let group = try await Client.use {
            try await $0.send(.put, "/api/v1/asset-groups/\(Percent.encoded(name))", body)
        }
        output.show(group) { group in
            [
                "The group \(Terminal.safe(name)) has \(group["values"]?.array?.count ?? 0) values.",
                "Packs that are published stay as they are: publish the rules again to use them.",
            ]
        }
    }
}

/// `cordon groups list`
struct GroupList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the groups and their values.",
        discussion: """
            EXAMPLES
              cordon groups list
            """
    )
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let items = try await Client.use { try await $0.whole("/api/v1/asset-groups") }
        output.show(items, as: Self.table, empty: "No asset groups.")
    }

    static let table = Table(columns: [
        .member("NAME", "name"), .instant("CHANGED", "changed_at"), .member("BY", "changed_by"),
        .init(title: "VALUES", text: { ($0["values"]?.texts ?? []).joined(separator: ", ") }),
    ])
}

/// `cordon groups remove`
struct GroupRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a group.",
        discussion: """
            EXAMPLES
              cordon groups remove admins
            """
    )
    @Argument(help: "Its name.")
    var name: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        _ = try await Client.use {
            try await $0.send(.delete, "/api/v1/asset-groups/\(Percent.encoded(name))")
        }
        output.show(["name": .text(name), "removed": true]) { _ in
            ["The group \(Terminal.safe(name)) is gone; packs that were made with it stay as they are."]
        }
    }
}
