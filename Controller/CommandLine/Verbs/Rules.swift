internal import ArgumentParser
internal import ControllerRules
internal import CordonScan

/// `cordon rules`
struct RulesVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Publish packs of Sigma rules, and say which hosts run which.",
        discussion: """
            A pack is checked and compiled at the controller, signed, and fetched by the hosts it is staged to. One bad rule \
            refuses the whole pack.

            EXAMPLES
              cordon sigma check rules/
              cordon groups set admins root alice   # what fills %admins%
              cordon rules publish rules/ --name linux
              cordon rules try 7 --last 24h         # what it finds in stored events
              cordon rules stage 7 --group canary
              cordon rules stage 7
              cordon rules roll-back --group canary
              cordon rules unstage --group canary   # it runs what all others run, again
            """,
        subcommands: [
            RulesPublish.self, RulesList.self, RulesTry.self, RulesStage.self, RulesUnstage.self, RulesRollBack.self,
        ]
    )
}

/// `cordon rules publish`
struct RulesPublish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Send a folder of rules; nothing runs them before they are staged.",
        discussion: """
            EXIT CODES
              0  the controller has the pack
              1  rules have faults, or the controller refused them
              2  a path cannot be read, or no rule was found

            EXAMPLES
              cordon rules publish rules/ --name linux
            """)
    @Argument(help: "The folder, or files.", completion: .directory)
    var paths: [String]
    @Option(help: "What the pack is called.")
    var name: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let files = try files()
        let pack = try await Client.use { client in
            try check(try await Self.groups(client))
            return try await client.send(
                .post, "/api/v1/rule-packs", ["name": .text(name), "files": .array(files)])
        }
        output.show(pack, Self.lines)
    }

    /// What the controller fills placeholders from.
    private static func groups(_ client: Client) async throws -> [String: [String]] {
        try await client.whole("/api/v1/asset-groups").reduce(into: [:]) { groups, group in
            if let name = group["name"]?.text { groups[name] = group["values"]?.texts ?? [] }
        }
    }

    /// All faults are told here, with their lines; the controller checks again.
    private func check(_ groups: [String: [String]]) throws {
        let set = try Self.reading { try RuleSet.load(paths, groups: groups) }
        guard set.faults.isEmpty else {
            throw Complaint(
                .failed,
                "\(set.refused) rules have faults:\n"
                    + set.faults.prefix(50).map { Terminal.safe("\($0)") }.joined(separator: "\n"))
        }
    }

    private func files() throws -> [JSONValue] {
        let files = try Self.reading { try RuleSet.texts(paths) }
        guard !files.isEmpty else {
            throw Complaint(
                .usage, "There is no *.yml and no *.yaml in \(paths.joined(separator: ", ")).",
                "Name the folder of your rules.")
        }
        return files.map { file in ["name": .text(file.name), "text": .text(file.text)] }
    }

    /// What cannot be read is a fault of usage, as with `cordon sigma check`.
    private static func reading<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as RulesError {
            throw Complaint(.usage, error.message, error.remedy)
        }
    }

    private static func lines(_ pack: JSONValue) -> [String] {
        let version = pack["version"]?.integer ?? 0
        let counts =
            "\(pack["rules"]?.integer ?? 0) rules and \(pack["correlations"]?.integer ?? 0) correlations"
        return [
            "The controller has version \(version) with \(counts).",
            "No host runs it yet: `cordon rules stage \(version)`, with --group for some hosts first.",
        ]
    }
}

/// `cordon rules list`
struct RulesList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the packs, what is staged, and what hosts say that they run.",
        discussion: """
            EXAMPLES
              cordon rules list
            """
    )
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (list, names) = try await Client.use { client in
            (try await client.get("/api/v1/rule-packs"), output.json ? [:] : try await client.hostNames())
        }
        output.show(list) { list in
            let packs = (list["items"]?.array ?? []).map { pack in
                "\(pack["version"]?.integer ?? 0)  \(Terminal.safe(pack["name"]?.text ?? ""))  \(pack["rules"]?.integer ?? 0) rules, \(pack["correlations"]?.integer ?? 0) correlations, published \(pack["published_at"]?.text.map(Shown.instant) ?? "") by \(Terminal.safe(pack["published_by"]?.text ?? ""))"
            }
            let staged = (list["staged"]?.array ?? []).map { staging in
                let group = staging["group"]?.text ?? ""
                return
                    "\(group.isEmpty ? "all other hosts" : "group \(Terminal.safe(group))") should run \(Self.version(staging))"
            }
            let hosts = (list["hosts"]?.array ?? []).map { host in
                let fault = host["fault"]?.text ?? ""
                let name = host["host"]?.text.map { names[$0] ?? $0 } ?? ""
                return "host \(Terminal.safe(name)) runs \(Self.version(host))"
                    + (fault.isEmpty ? "" : ", and refused another: \(Terminal.safe(fault))")
            }
            return packs.isEmpty ? ["No pack of rules was published yet."] : packs + staged + hosts
        }
    }

    private static func version(_ value: JSONValue) -> String {
        let version = value["version"]?.integer ?? 0
        return version == 0 ? "no rules" : "version \(version)"
    }
}

/// `cordon rules stage`
struct RulesStage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage", abstract: "Have hosts run a pack from now on.",
        discussion: """
            EXAMPLES
              cordon rules stage 7 --group canary
              cordon rules stage 7
            """
    )
    @Argument(help: "The pack's version; 0 for no rules.")
    var version: Int64
    @Option(help: "Only the hosts of this group. All hosts whose group has no staging of its own unless given.")
    var group: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let staging = try await Client.use {
            try await $0.send(
                .post, "/api/v1/rule-packs/stage", ["version": .integer(version), "group": .text(group ?? "")])
        }
        output.show(staging, Staged.lines)
    }
}

/// `cordon rules unstage`
struct RulesUnstage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unstage", abstract: "Have a group of hosts run what all others run, now and from now on.",
        discussion: """
            EXAMPLES
              cordon rules unstage --group canary
            """
    )
    @Option(help: "The group that has a staging of its own.")
    var group: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let staging = try await Client.use {
            try await $0.send(.post, "/api/v1/rule-packs/unstage", ["group": .text(group)])
        }
        output.show(staging, Staged.lines)
    }
}

/// `cordon rules roll-back`
struct RulesRollBack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roll-back", abstract: "Have hosts run again what they ran before the last staging.",
        discussion: """
            EXAMPLES
              cordon rules roll-back --group canary
            """
    )
    @Option(help: "Only the hosts of this group.")
    var group: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let staging = try await Client.use {
            try await $0.send(.post, "/api/v1/rule-packs/roll-back", ["group": .text(group ?? "")])
        }
        output.show(staging, Staged.lines)
    }
}

private enum Staged {
    static func lines(_ staging: JSONValue) -> [String] {
        let group = staging["group"]?.text ?? ""
        let whom = group.isEmpty ? "All hosts without a staging of their own" : "Hosts of group \(Terminal.safe(group))"
        guard let version = staging["version"]?.integer else { return ["\(whom) run what all others run now."] }
        return [version == 0 ? "\(whom) run no rules now." : "\(whom) run version \(version) now."]
    }
}
