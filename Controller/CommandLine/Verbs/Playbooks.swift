internal import ArgumentParser
internal import ControllerPlaybooks
internal import CordonScan

/// `cordon playbook`
struct PlaybookVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "playbook", abstract: "Playbooks (CACAO 2.0): list, show, check, import, run.",
        discussion: """
            EXAMPLES
              cordon playbook list
              cordon playbook import contain.json
            """,
        subcommands: [
            PlaybookList.self, PlaybookShow.self, PlaybookValidate.self, PlaybookImport.self, PlaybookRun.self,
            PlaybookRuns.self, PlaybookCancel.self,
        ]
    )
}

/// `cordon playbook list`
struct PlaybookList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the controller's playbooks.",
        discussion: """
            EXAMPLES
              cordon playbook list
            """
    )
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let items = try await Client.use { try await $0.whole("/api/v1/playbooks") }
        output.show(items, as: Self.table, empty: "No playbooks.")
    }

    static let table = Table(columns: [
        .member("NAME", "name"),
        .init(
            title: "STARTS", text: { $0["is_startable"]?.flag == true ? "yes" : "no" },
            colour: { $0["is_startable"]?.flag == true ? .green : .red }),
        .init(title: "ORIGIN", text: { $0["is_built_in"]?.flag == true ? "built in" : "folder" }),
        .member("VERSION", "version"), .member("ID", "id"),
    ])
}

/// `cordon playbook show`
struct PlaybookShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one playbook.",
        discussion: """
            EXAMPLES
              cordon playbook show playbook--5f1c2b1e-9a3d-4c55-8e7a-0b6f2d9c1a34
            """
    )
    @Argument(help: "Its CACAO identifier or its name.")
    var playbook: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let shown = try await Client.use { try await $0.get("/api/v1/playbooks/\(Percent.encoded(playbook))") }
        output.show(shown) { shown in
            let document = (shown["document"]?.json(.indented) ?? "").split(separator: "\n").map {
                Terminal.safe(String($0))
            }
            return Details.lines([
                ("name", shown["name"]?.text), ("id", shown["id"]?.text), ("version", shown["version"]?.text),
                ("about", shown["description"]?.text),
            ]) + PlaybookFindings.lines(shown["report"]) + document
        }
    }
}

/// `cordon playbook validate`
struct PlaybookValidate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check a CACAO 2.0 playbook; needs no controller.",
        discussion: """
            EXIT CODES
              0  it is valid; warnings are allowed
              1  it has faults
              2  the file cannot be read

            EXAMPLES
              cordon playbook validate contain.json
              cordon playbook validate contain.json --json | jq '.faults[].pointer'
            """
    )
    @Argument(help: "The file, or - for standard input.", completion: .file(extensions: ["json"]))
    var file: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let report = PlaybookFindings.json(PlaybookValidator.validate(try File.bytes(file, limit: 8 << 20)))
        output.show(report, PlaybookFindings.lines)
        guard report["valid"]?.flag == true else { throw ExitCode(Exit.failed.rawValue) }
    }
}

/// `cordon playbook import`
struct PlaybookImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Check a playbook and give it to the controller.",
        discussion: """
            EXAMPLES
              cordon playbook import contain.json
            """
    )
    @Argument(help: "The file, or - for standard input.", completion: .file(extensions: ["json"]))
    var file: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let bytes = try File.bytes(file, limit: 1 << 20)
        let report = PlaybookFindings.json(PlaybookValidator.validate(bytes))
        guard report["valid"]?.flag == true, let document = try? JSONValue.parse(bytes), let id = document["id"]?.text
        else {
            throw Complaint(
                .failed, "\(file) is no valid playbook:\n" + PlaybookFindings.lines(report).joined(separator: "\n"))
        }
        let kept = try await Client.use {
            try await $0.send(.put, "/api/v1/playbooks/\(Percent.encoded(id))", document)
        }
        output.show(kept) {
            ["The controller has \(Terminal.safe($0["name"]?.text ?? "")), version \($0["version"]?.text ?? "")."]
        }
    }
}

/// `cordon playbook run`
struct PlaybookRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Start a playbook.",
        discussion:
            "EXAMPLE\n  cordon playbook run 'Contain an SSH intrusion' --case C-12 --input __attacker__=203.0.113.66"
    )
    @Argument(help: "Its CACAO identifier or its name.")
    var playbook: String
    @Option(name: .customLong("case"), help: "The case it is for: C-12, 12 or its identifier.")
    var file: String?
    @Option(help: ArgumentHelp("A value of an external variable; may be repeated.", valueName: "name=value"))
    var input: [String] = []
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard input.allSatisfy({ $0.contains("=") }) else { throw ValidationError("An input is NAME=VALUE.") }
    }

    func run() async throws {
        var inputs = JSONObject()
        for pair in input {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            inputs[String(parts[0])] = .text(String(parts[1]))
        }
        var body = JSONObject()
        body["playbook"] = .text(playbook)
        body["inputs"] = .object(inputs)
        if let file { body["case"] = .text(file) }
        let run = try await Client.use { try await $0.send(.post, "/api/v1/runs", .object(body)) }
        output.show(run) { run in
            Details.lines([
                ("run", run["id"]?.text), ("playbook", run["playbook_name"]?.text), ("state", run["state"]?.text),
                ("waits for", run["waiting_for"]?.text), ("failure", run["failure"]?.text),
            ])
        }
    }
}

/// `cordon playbook runs`
struct PlaybookRuns: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List runs, newest first.",
        discussion: """
            EXAMPLES
              cordon playbook runs --open --watch
            """
    )
    @Flag(help: "Only runs that go on.")
    var open = false
    @Option(help: "At most so many.")
    var limit = 50
    @Flag(help: "Go on with every change, until interrupted.")
    var watch = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Client.use { client in
            let list = LiveList(
                client: client, topic: "run", table: Self.table, output: output,
                load: { try await client.list("/api/v1/runs", [("state", open ? "open" : nil)], most: limit) },
                item: { try await client.get("/api/v1/runs/\($0)") }
            )
            try await list.show(empty: "No runs.", watching: watch)
        }
    }

    static let table = Table(columns: [
        .instant("STARTED", "started_at"), .member("PLAYBOOK", "playbook_name"), .state(), .member("BY", "started_by"),
        .member("WAITS FOR", "waiting_for"), .member("ID", "id"),
    ])
}

/// `cordon playbook cancel`
struct PlaybookCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End a run now, and withdraw its orders that no host carries out yet.",
        discussion: "EXAMPLE\n  cordon playbook cancel RUN --reason 'false alarm'"
    )
    @Argument(help: "The run's identifier.")
    var run: String
    @Option(help: "Why; stands in the audit chain.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let over = try await Client.use {
            try await $0.send(.post, "/api/v1/runs/\(Percent.encoded(run))/cancel", ["reason": .text(reason)])
        }
        output.show(over) { run in
            let withdrawn = (run["withdrawn_orders"]?.texts ?? []).map { "Withdrawn: order \($0) is not sent again." }
            let running = (run["running_orders"]?.texts ?? []).map { "Runs on: order \($0); its host has it." }
            return ["The run is \(Terminal.safe(run["state"]?.text ?? "over"))."]
                + (withdrawn + running).map { Terminal.safe($0) }
        }
    }
}

/// What a check of a playbook found.
enum PlaybookFindings {
    static func json(_ report: ValidationReport) -> JSONValue {
        [
            "valid": .flag(report.isValid), "faults": .array(report.faults.map(json)),
            "warnings": .array(report.warnings.map(json)),
        ]
    }

    private static func json(_ finding: Finding) -> JSONValue {
        ["pointer": .text(finding.pointer), "message": .text(finding.message), "code": .text(finding.code)]
    }

    static func lines(_ report: JSONValue?) -> [String] {
        let isValid = (report?["valid"]?.flag ?? report?["is_valid"]?.flag) == true
        let head = isValid ? Terminal.paint("valid", .green) : Terminal.paint("not valid", .red)
        return [head] + lines(report?["faults"], "fault", .red) + lines(report?["warnings"], "warning", .yellow)
    }

    private static func lines(_ findings: JSONValue?, _ word: String, _ colour: Terminal.Colour) -> [String] {
        (findings?.array ?? []).map { finding in
            let place = finding["pointer"]?.text ?? ""
            return Terminal.paint(word, colour) + "  "
                + Terminal.safe("\(place.isEmpty ? "/" : place): \(finding["message"]?.text ?? "")")
        }
    }
}
