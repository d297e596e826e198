internal import ArgumentParser
internal import CordonModel
internal import CordonScan

extension HuntKind: ExpressibleByArgument {}

/// `cordon hunt`
struct HuntVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hunt", abstract: "Ask many hosts one question.",
        discussion: """
            process      name, executable, command_line, user
            socket       address (or network), port, state
            user         name
            package      name
            file         path (with * and ?), sha256
            persistence  path
            journal      text, from, to, and fields by the journal's names, as _SYSTEMD_UNIT=ssh.service;
                         the newest entries first

            EXAMPLES
              cordon hunt start process --where name=nc* --reason 'case C-7' --watch
              cordon hunt start file --where path=/usr/bin/* --where sha256=… --group web --reason 'known implant'
              cordon hunt start journal --where text='Failed password' --last 2h --host web-1 --reason 'case C-7'
              cordon hunt results ID --json
            """,
        subcommands: [HuntStart.self, HuntList.self, HuntShow.self, HuntResults.self, HuntCancel.self]
    )
}

/// `cordon hunt start`
struct HuntStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Ask the hosts.",
        discussion: """
            EXAMPLES
              cordon hunt start process --where name=nc* --reason 'case C-7' --watch
              cordon hunt start file --where 'path=/var/www/*.php' --group web --rows 200 --time 5m --reason 'web shells'
              cordon hunt start journal --where text='Failed password' --last 2h --host web-1 --reason 'case C-7'
            """
    )
    @Argument(help: "What to look at.")
    var kind: HuntKind
    @Option(name: .customLong("where"), help: "What narrows it, as name=sshd*; may stand several times.")
    var conditions: [String] = []
    @Option(help: "With journal: only what journald got within this time, as 90m, 24h or 7d.")
    var last: Span?
    @Option(help: "This host, by name or identifier; may stand several times. All hosts unless given.")
    var host: [String] = []
    @Option(help: "The hosts of this group.")
    var group: String?
    @Option(help: "Why; stands in the audit chain.")
    var reason: String
    @Option(help: "Refuse to ask more hosts than this.")
    var mostHosts = 1000
    @Option(help: "Rows of one host at most.")
    var rows = 1000
    @Option(help: "Bytes of one host's answer at most.")
    var bytes = 1 << 20
    @Option(help: "Time that one host may take.")
    var time = Span(seconds: 60)
    @Option(help: "Share of one core that one host may spend, in percent.")
    var cpu = 20
    @Option(help: "When hosts that did not answer are given up.")
    var expires = Span(seconds: 3600)
    @Flag(help: "Show what is found as it comes, until the hunt is over.")
    var watch = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let fault = HuntQuestion(kind: kind, parameters: try parameters()).fault {
            throw ValidationError("The question cannot be asked: \(fault).")
        }
        if last != nil, kind != .journal { throw ValidationError("--last narrows journal only.") }
        if !host.isEmpty, group != nil { throw ValidationError("--host and --group exclude each other.") }
    }

    private func parameters() throws -> [String: String] {
        var parameters: [String: String] = [:]
        for condition in conditions {
            let parts = condition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parameters.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
                throw ValidationError("--where is name=value, each name once; \(condition) is not.")
            }
        }
        if let last {
            let from = "\(Timestamp(microseconds: WallClock.microseconds) - .seconds(last.seconds))"
            guard parameters.updateValue(from, forKey: "from") == nil else {
                throw ValidationError("--last and --where from=… say the same: give one of them.")
            }
        }
        return parameters
    }

    func run() async throws {
        try await Client.use { client in
            let hunt = try await client.send(.post, "/api/v1/hunts", try await request(client))
            guard watch, let id = hunt["id"]?.text else { return output.show(hunt, HuntShow.lines) }
            if !output.json { output.show(hunt, HuntShow.lines) }
            try await HuntResults.follow(client, id, output, watching: true)
        }
    }

    private func request(_ client: Client) async throws -> JSONValue {
        var given = JSONObject()
        for (name, value) in try parameters().sorted(by: { $0.key < $1.key }) { given[name] = .text(value) }
        var body = JSONObject()
        body["kind"] = .text(kind.rawValue)
        body["parameters"] = .object(given)
        body["reason"] = .text(reason)
        for (name, number) in [("most_hosts", mostHosts), ("rows", rows), ("bytes", bytes), ("cpu_percent", cpu)] {
            body[name] = .integer(Int64(number))
        }
        body["time_s"] = .integer(time.seconds)
        body["expires_in_s"] = .integer(expires.seconds)
        if let group { body["group"] = .text(group) }
        var ids: [JSONValue] = []
        for name in host { ids.append(.text(try await client.hostID(name))) }
        if !ids.isEmpty { body["hosts"] = .array(ids) }
        return .object(body)
    }
}

/// `cordon hunt list`
struct HuntList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List hunts, newest first.",
        discussion: """
            EXAMPLES
              cordon hunt list --limit 5
            """
    )
    @Option(help: "At most so many.")
    var limit = 50
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let hunts = try await Client.use { try await $0.list("/api/v1/hunts", most: limit) }
        output.show(hunts, as: Self.table, empty: "No hunts.")
    }

    static let table = Table(columns: [
        .instant("STARTED", "started_at"),
        .init(title: "STATE", text: HuntShow.state, colour: HuntShow.colour), .member("KIND", "kind"),
        .member("ROWS", "rows"),
        .init(title: "HOSTS", text: { HuntShow.progress($0) }), .member("BY", "started_by"), .member("ID", "id"),
    ])
}

/// `cordon hunt show`
struct HuntShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one hunt and its progress.",
        discussion: """
            EXAMPLES
              cordon hunt show 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42
            """
    )
    @Argument(help: "Its identifier.")
    var id: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (hunt, names) = try await Client.use { client in
            (try await client.get("/api/v1/hunts/\(Percent.encoded(id))"), try await client.hostNames())
        }
        output.show(hunt) { hunt in
            Self.lines(hunt)
                + (hunt["hosts"]?.array ?? []).map { host in
                    let name = host["host"]?.text.map { names[$0] ?? $0 } ?? "-"
                    let text =
                        "\(name)  \(host["state"]?.text ?? "")  \(host["rows"]?.integer ?? 0) rows  \(host["message"]?.text ?? "")"
                    return "  " + Terminal.safe(text)
                }
        }
    }

    static func lines(_ hunt: JSONValue) -> [String] {
        let parameters = hunt["parameters"]?.object ?? JSONObject()
        let conditions = parameters.keys.map { "\($0)=\(parameters[$0]?.text ?? "")" }.joined(separator: " ")
        return Details.lines([
            ("hunt", hunt["id"]?.text), ("asks for", "\(hunt["kind"]?.text ?? "") \(conditions)"),
            ("state", state(hunt)), ("hosts", progress(hunt)),
            ("rows", hunt["rows"]?.integer.map(String.init)), ("reason", hunt["reason"]?.text),
            ("by", hunt["started_by"]?.text), ("started", hunt["started_at"]?.text.map(Shown.instant)),
            ("expires", hunt["expires_at"]?.text.map(Shown.instant)),
        ])
    }

    /// The hunt's state; `no host answered` where it is over and all of them failed or were given up.
    static func state(_ hunt: JSONValue) -> String {
        isUnanswered(hunt) ? "no host answered" : hunt["state"]?.text ?? "-"
    }

    static func colour(_ hunt: JSONValue) -> Terminal.Colour? {
        isUnanswered(hunt) ? .red : Shown.colour(state: hunt["state"]?.text)
    }

    private static func isUnanswered(_ hunt: JSONValue) -> Bool {
        let states = hunt["progress"]?.object?.keys ?? []
        return hunt["state"]?.text != "running" && !states.isEmpty
            && states.allSatisfy { ["failed", "unsupported", "expired"].contains($0) }
    }

    /// `12 done, 1 waiting`.
    static func progress(_ hunt: JSONValue) -> String {
        let progress = hunt["progress"]?.object ?? JSONObject()
        return progress.keys.map { "\(progress[$0]?.integer ?? 0) \($0)" }.joined(separator: ", ")
    }
}

/// `cordon hunt results`
struct HuntResults: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results", abstract: "Show what was found.",
        discussion: """
            EXAMPLES
              cordon hunt results 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42 --watch
              cordon hunt results 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42 --json | jq '.values'
            """
    )
    @Argument(help: "The hunt's identifier.")
    var id: String
    @Flag(help: "Go on as more is found, until the hunt is over.")
    var watch = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Client.use { try await Self.follow($0, id, output, watching: watch) }
    }

    /// All that was found; while the hunt runs, what is found then too.
    static func follow(_ client: Client, _ id: String, _ output: OutputOptions, watching: Bool) async throws {
        let path = "/api/v1/hunts/\(Percent.encoded(id))"
        let names = output.json ? [:] : try await client.hostNames()
        var cursor: String?
        while true {
            // Asked before the rows: what a hunt found before it was over is there when it is.
            let hunt = try await client.get(path)
            let isOver = hunt["state"]?.text != "running"
            var count = 0
            repeat {
                let page = try await client.get(path + "/results", [("limit", "200"), ("cursor", cursor)])
                let rows = page["items"]?.array ?? []
                for row in rows { show(row, names, output) }
                cursor = page["next"]?.text ?? cursor
                count = rows.count
            } while count == 200
            if isOver || !watching { return try conclude(hunt, names, isOver: isOver) }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// What rows do not say: how many hosts answered, and why others did not. On standard error, beside the rows.
    private static func conclude(_ hunt: JSONValue, _ names: [String: String], isOver: Bool) throws {
        let rows = hunt["rows"]?.integer ?? 0
        Terminal.complain("\(rows) \(rows == 1 ? "row" : "rows"), hosts: \(HuntShow.progress(hunt))")
        let hosts = hunt["hosts"]?.array ?? []
        let silent = hosts.filter { ["failed", "unsupported", "expired"].contains($0["state"]?.text) }
        for host in silent.prefix(10) {
            let name = host["host"]?.text.map { names[$0] ?? $0 } ?? "-"
            Terminal.complain(Terminal.safe("\(name) \(host["state"]?.text ?? ""): \(host["message"]?.text ?? "")"))
        }
        let cut = hosts.filter { $0["state"]?.text == HuntHostState.truncated.rawValue }
        for host in cut.prefix(10) {
            let name = host["host"]?.text.map { names[$0] ?? $0 } ?? "-"
            Terminal.complain(Terminal.safe("\(name) did not look at all: \(host["message"]?.text ?? "")"))
        }
        if isOver, !hosts.isEmpty, silent.count == hosts.count {
            throw Complaint(.failed, "No host answered: that nothing was found says nothing.")
        }
        guard cut.isEmpty else {
            throw Complaint(
                .failed, "\(cut.count) \(cut.count == 1 ? "host" : "hosts") reached a bound first: there may be more.",
                "Ask for less with --where, or allow more with --rows, --bytes, --time or --cpu.")
        }
    }

    private static func show(_ row: JSONValue, _ names: [String: String], _ output: OutputOptions) {
        guard !output.json else { return Terminal.print(row) }
        let values = row["values"]?.object ?? JSONObject()
        let host = row["host"]?.text.map { names[$0] ?? $0 } ?? "-"
        let text = values.keys.map { "\($0)=\(values[$0]?.text ?? "")" }.joined(separator: "  ")
        Terminal.print(Terminal.safe("\(host)  \(text)"))
    }
}

/// `cordon hunt cancel`
struct HuntCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End a hunt; what was found stays.",
        discussion: """
            EXAMPLES
              cordon hunt cancel 019f2c10-7a3b-7c11-8a51-2b6f0c9d1e42
            """
    )
    @Argument(help: "Its identifier.")
    var id: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let hunt = try await Client.use { try await $0.send(.post, "/api/v1/hunts/\(Percent.encoded(id))/cancel") }
        output.show(hunt, HuntShow.lines)
    }
}
