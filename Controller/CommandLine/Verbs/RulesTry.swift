internal import ArgumentParser
internal import CordonModel
internal import CordonScan

/// `cordon rules try`
struct RulesTry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try", abstract: "Run a pack over stored events, and show what it finds; no alert is made.",
        discussion: """
            Rules are tried in order of time, as hosts try them on new events: each host has correlations of its own. \
            A rule without ALERTS only informs, or only feeds correlations. With --json every line has a kind: rule, \
            and summary last.

            EXIT CODES
              1  the budget was over before all was looked at, or something could not be looked at

            EXAMPLES
              cordon rules try 7 --last 24h
              cordon rules try 7 --last 30d --host web-1 --time 30m --json
            """)
    @Argument(help: "The pack's version.")
    var version: Int64
    @Option(help: "What happened within this time, as 90m, 24h or 7d; 24h unless given.")
    var last: Span?
    @Option(help: "What happened at or after this time, as 2026-11-21T06:00:00Z.")
    var from: String?
    @Option(help: "Only what happened before this time.")
    var to: String?
    @Option(help: "Only of this host, by name or identifier.")
    var host: String?
    @Option(help: "At most so many rules, the most serious first.")
    var limit = 1000
    @Option(help: "Look at so many events at most.")
    var mostEvents = 5_000_000
    @Option(help: "Look for so long at most, as 90s or 1h.")
    var time = Span(seconds: 120)
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if last != nil, from != nil { throw ValidationError("--last and --from say the same: give one of them.") }
        for (name, value) in [("--from", from), ("--to", to)] {
            if let value, Timestamp(rfc3339: value) == nil {
                throw ValidationError("\(name) takes a time as 2026-11-21T06:00:00Z.")
            }
        }
        guard (1...1000).contains(limit) else { throw ValidationError("--limit is 1 to 1000.") }
        guard (1...1_000_000_000).contains(mostEvents) else { throw ValidationError("--most-events is 1 to 10⁹.") }
        guard (1...3600).contains(time.seconds) else { throw ValidationError("--time is 1s to 1h.") }
    }

    func run() async throws {
        let (answer, names) = try await Client.use { client in
            let agent: String? = if let host { try await client.hostID(host) } else { nil }
            let names = output.json ? [:] : try await client.hostNames()
            var answer = TrialAnswer()
            let query: [(String, String?)] = [
                ("from", start), ("to", to), ("host", agent), ("limit", "\(limit)"), ("most_events", "\(mostEvents)"),
                ("time_s", "\(time.seconds)"),
            ]
            let path = "/api/v1/rule-packs/\(version)/matches"
            try await client.stream(path, query) { part in
                for line in try answer.take(part) { Terminal.complain(line) }
            }
            return (answer, names)
        }
        try show(answer, names)
    }

    private var start: String? {
        let now = to.flatMap { Timestamp(rfc3339: $0) } ?? Timestamp(microseconds: WallClock.microseconds)
        return last.map { "\(now - .seconds($0.seconds))" } ?? from
    }

    private func show(_ answer: TrialAnswer, _ names: [String: String]) throws {
        guard let summary = answer.summary else {
            throw Complaint(.failed, "The controller's answer ended early.", "Its log has the details; try again.")
        }
        output.show(answer.rules, as: Self.table(names), empty: "No rule held.")
        if output.json { Terminal.print(summary) } else { showExamples(answer.rules, names) }
        for line in TrialAnswer.complaints(summary) { Terminal.complain(line) }
        if TrialAnswer.isLacking(summary) { throw ExitCode(Exit.failed.rawValue) }
    }

    private func showExamples(_ rules: [JSONValue], _ names: [String: String]) {
        for rule in rules {
            for example in (rule["examples"]?.array ?? []).prefix(1) {
                let host = example["host"]?.text.map { names[$0] ?? $0 } ?? "-"
                let line =
                    "\(rule["title"]?.text ?? ""), \(example["at"]?.text.map(Shown.instant) ?? "") \(host): \(example["original"]?.text ?? "")"
                Terminal.print(Terminal.safe(String(line.prefix(300))))
            }
        }
    }

    private static func table(_ names: [String: String]) -> Table {
        Table(columns: [
            .init(
                title: "LEVEL", text: { $0["level"]?.text ?? "-" },
                colour: { Shown.colour(severity: $0["level"]?.text) }),
            .init(title: "ALERTS", text: { $0["alerts"]?.flag == true ? "yes" : "no" }),
            .member("MATCHES", "matches"), .instant("FIRST", "first"), .instant("LAST", "last"),
            .init(title: "HOSTS", text: { hosts($0, names) }),
            .member("ID", "id"),
            // The rules' licence asks for the author wherever a match is shown.
            .init(title: "RULE", text: { "\($0["title"]?.text ?? "")\($0["author"]?.text.map { " (\($0))" } ?? "")" }),
        ])
    }

    private static func hosts(_ rule: JSONValue, _ names: [String: String]) -> String {
        let hosts = rule["hosts"]?.texts ?? []
        if hosts.count == 1, let only = hosts.first { return names[only] ?? only }
        return rule["more_hosts"]?.flag == true ? "over \(hosts.count)" : "\(hosts.count)"
    }
}

/// The lines of a trial's answer, as they come.
struct TrialAnswer {
    private(set) var rules: [JSONValue] = []
    /// The last line.
    private(set) var summary: JSONValue?
    private var rest: [UInt8] = []
    private var told = 0

    /// Bytes that one line may have, as the controller makes them.
    private static let longest = 1 << 20

    /// Takes bytes.
    /// - Returns: Lines on how far it came; one a second at first, then one of five.
    /// - Throws: ``Complaint`` where the controller failed or answers with something else.
    mutating func take(_ bytes: [UInt8]) throws -> [String] {
        rest += bytes
        var progress: [String] = []
        var start = rest.startIndex
        while let end = rest[start...].firstIndex(of: 0x0A) {
            if let line = try take(line: Array(rest[start..<end])) { progress.append(line) }
            start = end + 1
        }
        rest.removeSubrange(..<start)
        guard rest.count <= Self.longest else { throw Self.strange }
        return progress
    }

    private mutating func take(line: [UInt8]) throws -> String? {
        guard let value = try? JSONValue.parse(line, limits: JSONValue.Limits(bytes: Self.longest)) else {
            throw Self.strange
        }
        switch value["kind"]?.text {
        case "rule": rules.append(value)
        case "summary": summary = value
        case "progress":
            told += 1
            guard told == 1 || told.isMultiple(of: 5) else { return nil }
            let place = value["reached"]?.text.map { ", up to \(Shown.instant($0))" } ?? ""
            return "Looked at \(value["events"]?.integer ?? 0) events\(place) …"
        case "failed":
            throw Complaint(.failed, value["detail"]?.text ?? "The trial failed.", value["remedy"]?.text ?? "")
        default: break
        }
        return nil
    }

    private static let strange = Complaint(
        .failed, "The controller's answer cannot be read.", "Check that cordon and the controller are of one version.")

    /// Whether something was not looked at.
    static func isLacking(_ summary: JSONValue) -> Bool {
        summary["complete"]?.flag != true
            || ["unreadable", "groups_forgotten", "searches_given_up"].contains { (summary[$0]?.integer ?? 0) > 0 }
    }

    /// What people should know of how it ended.
    static func complaints(_ summary: JSONValue) -> [String] {
        func count(_ name: String) -> Int64 { summary[name]?.integer ?? 0 }
        var lines = ["\(count("events")) events were looked at."]
        if let reason = summary["ended_by"]?.text {
            let why =
                ["events": "--most-events is reached", "time": "--time is over"][reason]
                ?? "the correlations had too much to remember"
            let next = summary["reached"]?.text.map { " Go on with --from \($0)." } ?? ""
            lines.append("Not all was looked at: \(why).\(next)")
        }
        if count("rules_left_out") > 0 { lines.append("\(count("rules_left_out")) rules more held: see --limit.") }
        if count("unreadable") > 0 { lines.append("\(count("unreadable")) events are stored damaged.") }
        if count("groups_forgotten") > 0 {
            lines.append("\(count("groups_forgotten")) groups of correlations were forgotten or cut: they may lack.")
        }
        if count("searches_given_up") > 0 {
            lines.append("\(count("searches_given_up")) searches of regular expressions were given up for their cost.")
        }
        return lines
    }
}
