internal import ArgumentParser
internal import CordonModel
internal import CordonScan

/// The statuses of cases.
enum Status: String, ExpressibleByArgument, CaseIterable, Sendable {
    case new
    case inProgress = "in_progress"
    case contained, resolved, closed
}

/// `cordon cases`
struct Cases: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List cases, the newest first; open ones unless --all or --status is given.",
        discussion: "EXAMPLES\n  cordon cases\n  cordon cases --severity high --watch\n  cordon cases --all --json"
    )
    @Option(help: "Only of this status.")
    var status: Status?
    @Flag(help: "Closed and resolved cases too.")
    var all = false
    @Option(help: "At least this.")
    var severity: Severity?
    @Option(help: "Only of this person.")
    var assignee: String?
    @Option(help: "At most so many.")
    var limit = 50
    @Flag(help: "Go on with every change, until interrupted.")
    var watch = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let wanted = status?.rawValue ?? (all ? nil : "open")
        let query = [("status", wanted), ("severity", severity?.rawValue), ("assignee", assignee)]
        try await Client.use { client in
            let list = LiveList(
                client: client, topic: "case", table: Self.table, output: output,
                load: { try await client.list("/api/v1/cases", query, most: limit) },
                item: { id in
                    // The list decides what belongs into it; the newest are the ones that change.
                    try await client.list("/api/v1/cases", query, most: 200).first { $0["id"]?.text == id }
                }
            )
            try await list.show(empty: "No cases.", watching: watch)
        }
    }

    static let table = Table(columns: [
        .member("CASE", "label"), .severity, .state("status"), .member("ASSIGNEE", "assignee"),
        .member("HOSTS", "host_count"),
        .member("ALERTS", "alert_count"), .instant("UPDATED", "updated_at"), .member("TITLE", "title"),
    ])
}

/// `cordon case`
struct CaseVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case", abstract: "One case: show it, work on it, report it.",
        discussion: """
            EXAMPLES
              cordon case show C-7
              cordon case report C-7 > C-7.md
            """,
        subcommands: [CaseShow.self, CaseNote.self, CaseAssign.self, CaseStatusVerb.self, CaseReport.self]
    )
}

/// The case that a verb is about.
struct CaseArgument: ParsableArguments {
    @Argument(help: "The case: C-12, 12 or its identifier.")
    var name: String

    /// The case's address, or one below it.
    func path(_ below: String = "") -> String { "/api/v1/cases/\(Percent.encoded(name))\(below)" }
}

/// `cordon case show`
struct CaseShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one case with its timeline.",
        discussion: """
            EXAMPLES
              cordon case show C-7
              cordon case show C-7 --json | jq '.timeline'
            """
    )
    @OptionGroup var file: CaseArgument
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (shown, names) = try await Client.use { client in
            let shown = try await client.get(file.path())
            let entries = try await client.list(file.path("/timeline"), most: 2000)
            let tasks = try await client.whole("/api/v1/tasks", [("case", shown["id"]?.text), ("state", "open")])
            guard case .object(var members) = shown else { return (shown, TimelineNames()) }
            members["timeline"] = .array(entries)
            members["waiting"] = .array(tasks)
            let names = output.json ? TimelineNames() : try await client.shownNames(of: shown["id"]?.text)
            return (JSONValue.object(members), names)
        }
        output.show(shown) { Self.lines($0, names) }
    }

    private static func lines(_ file: JSONValue, _ names: TimelineNames) -> [String] {
        let hosts = (file["hosts"]?.texts ?? []).map(names.host).joined(separator: ", ")
        let observables = (file["observables"]?.array ?? []).compactMap { $0["value"]?.text }.joined(separator: ", ")
        var lines = [Terminal.paint(Terminal.safe("\(file["label"]?.text ?? "")  \(file["title"]?.text ?? "")"), .bold)]
        lines += Details.lines([
            ("severity", file["severity"]?.text), ("status", file["status"]?.text),
            ("assignee", file["assignee"]?.text ?? "nobody"),
            ("opened", file["opened_at"]?.text.map(Shown.instant)), ("hosts", hosts), ("observables", observables),
        ])
        for task in file["tasks"]?.array ?? [] {
            lines.append(Terminal.safe("  [\(task["state"]?.text ?? "")] \(task["title"]?.text ?? "")"))
        }
        for task in file["waiting"]?.array ?? [] {
            let text = Terminal.safe("\(task["text"]?.text ?? "")  (\(task["id"]?.text ?? ""))")
            lines.append(Terminal.paint("waits for a decision: ", .yellow) + text)
        }
        lines.append(Terminal.paint("timeline", .faint))
        return lines + (file["timeline"]?.array ?? []).flatMap { entry($0, names) }
    }

    private static func entry(_ entry: JSONValue, _ names: TimelineNames) -> [String] {
        let text = names.text(entry["text"]?.text ?? "").split(separator: "\n", omittingEmptySubsequences: false).map {
            Terminal.safe(String($0))
        }
        let head =
            Terminal.paint(entry["at"]?.text.map(Shown.instant) ?? "-", .faint)
            + "  \(Terminal.safe(names.actor(entry["actor"]?.text ?? ""))): \(text.first ?? "")"
        return [head] + text.dropFirst().map { "    " + $0 }
    }
}

/// `cordon case note`
struct CaseNote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "note", abstract: "Write a note into a case's timeline.",
        discussion:
            "EXAMPLES\n  cordon case note C-12 'Spoke to the owner: not his doing.'\n  journalctl -u ssh | cordon case note C-12 -"
    )
    @OptionGroup var file: CaseArgument
    @Argument(help: "The text, or - for standard input.")
    var text: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let text = text == "-" ? try File.text("-", limit: 16_384) : text
        let changed = try await Client.use { try await $0.send(.post, file.path("/notes"), ["text": .text(text)]) }
        output.show(changed) { ["Noted in \($0["label"]?.text ?? "")."] }
    }
}

/// `cordon case assign`
struct CaseAssign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assign", abstract: "Give a case to somebody; to nobody with --nobody.",
        discussion: """
            EXAMPLES
              cordon case assign C-7 alice
              cordon case assign C-7 --nobody
            """
    )
    @OptionGroup var file: CaseArgument
    @Argument(help: "The user's name.")
    var person: String?
    @Flag(help: "Take the case away from whoever has it.")
    var nobody = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (person == nil) == nobody else { throw ValidationError("Name a person, or give --nobody.") }
    }

    func run() async throws {
        let body: JSONValue = ["assignee": person.map { .text($0) } ?? .null]
        let changed = try await Client.use { try await $0.send(.put, file.path("/assignee"), body) }
        output.show(changed) { ["\($0["label"]?.text ?? "") is \(Terminal.safe($0["assignee"]?.text ?? "nobody"))'s."] }
    }
}

/// `cordon case status`
struct CaseStatusVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Move a case on.",
        discussion: "EXAMPLE\n  cordon case status C-12 resolved --reason 'host rebuilt'"
    )
    @OptionGroup var file: CaseArgument
    @Argument(help: "The new status.")
    var status: Status
    @Option(help: "Why.")
    var reason = ""
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let body: JSONValue = ["status": .text(status.rawValue), "reason": .text(reason)]
        let changed = try await Client.use { try await $0.send(.put, file.path("/status"), body) }
        output.show(changed) { ["\($0["label"]?.text ?? "") is \($0["status"]?.text ?? "")."] }
    }
}

/// `cordon case report`
struct CaseReport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Print a case as a Markdown report.",
        discussion: "EXAMPLE\n  cordon case report C-12 > C-12.md"
    )
    @OptionGroup var file: CaseArgument

    func run() async throws {
        var report: [UInt8] = []
        try await Client.use { client in
            try await client.stream(file.path("/report.md")) { report += $0 }
        }
        for line in String(decoding: report, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
        {
            Terminal.print(Terminal.safe(String(line)))
        }
    }
}
