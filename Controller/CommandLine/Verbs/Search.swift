internal import ArgumentParser
internal import CordonModel
internal import CordonScan

/// `cordon search`
struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Search the events of all hosts.",
        discussion: """
            field:value, "quoted text", words with * and ?, networks for fields of addresses, >= <= > < for numbers and
            @timestamp, AND (or nothing), OR, NOT and parentheses. Words without a field are looked for in the line as it was.
            Documentation/events.md has all fields; one that is none of them is searched too, and warned of.

            EXAMPLES
              cordon search 'user.name:root AND source.ip:203.0.113.0/24' --last 24h
              cordon search '"Failed password" NOT user.name:git*' --host web-1 --json
              cordon search 'event.outcome:failure' --watch
            """
    )
    @Argument(help: "What to look for; every event unless given.")
    var query = ""
    @Option(help: "Only what happened within this time, as 90m, 24h or 7d.")
    var last: Span?
    @Option(help: "Only what happened at or after this time, as 2026-11-21T06:00:00Z.")
    var from: String?
    @Option(help: "Only what happened before this time.")
    var to: String?
    @Option(help: "Only of this host, by name or identifier.")
    var host: String?
    @Option(help: "At most so many.")
    var limit = 100
    @Flag(help: "Go on with what comes, until interrupted.")
    var watch = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if last != nil, from != nil { throw ValidationError("--last and --from say the same: give one of them.") }
        for (name, value) in [("--from", from), ("--to", to)] {
            if let value, Timestamp(rfc3339: value) == nil {
                throw ValidationError("\(name) takes a time as 2026-11-21T06:00:00Z.")
            }
        }
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit is 1 to 100000.") }
    }

    func run() async throws {
        try await Client.use { client in
            let agent: String? = if let host { try await client.hostID(host) } else { nil }
            let names = output.json ? [:] : try await client.hostNames()
            let now = Timestamp(microseconds: WallClock.microseconds)
            let start = last.map { "\(now - .seconds($0.seconds))" } ?? from
            let terms = [("query", query), ("host", agent), ("from", start), ("to", to)]
            let table = Self.table(names)
            let found = try await client.list("/api/v1/events", terms, most: limit) { page in
                for warning in page["warnings"]?.texts ?? [] { Terminal.complain("warning: \(warning)") }
            }
            // The newest last, as in a log.
            output.show(found.reversed(), as: table, empty: "No events.")
            guard watch else { return }
            // What the controller received since, by its own clock where there is an event to tell it.
            let began = found.first?["received_at"]?.text.flatMap { Timestamp(rfc3339: $0) } ?? now
            try await follow(client, terms, since: began, table)
        }
    }

    private func follow(
        _ client: Client, _ terms: [(String, String?)], since began: Timestamp, _ table: Table
    ) async throws {
        var cursor: String?
        while true {
            // Until there is a place to go on from, an hour before bounds what is looked through.
            let bound =
                cursor == nil ? terms.map { $0.0 == "from" ? ("from", "\(began - .seconds(3600))") : $0 } : terms
            let page = try await client.get(
                "/api/v1/events", bound + [("order", "oldest"), ("limit", "200"), ("cursor", cursor)])
            for item in page["items"]?.array ?? [] where (item["received_at"]?.text ?? "") > "\(began)" {
                if output.json { Terminal.print(item) } else { Terminal.print(table.line(of: item)) }
            }
            let isMore = page["items"]?.array?.count == 200 || page["complete"]?.flag == false
            cursor = page["next"]?.text ?? cursor
            if !isMore { try await Task.sleep(for: .seconds(2)) }
        }
    }

    static func table(_ names: [String: String]) -> Table {
        Table(
            columns: [
                .init(title: "WHEN", text: { $0["event"]?["timestamp"]?.text.map(Shown.instant) ?? "-" }),
                .init(title: "HOST", text: { $0["host"]?.text.map { names[$0] ?? $0 } ?? "-" }),
                .init(title: "LINE", text: { $0["event"]?["original"]?.text ?? "" }),
            ], widest: 200)
    }
}
