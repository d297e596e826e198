internal import ArgumentParser
internal import CordonModel
internal import CordonOrders
internal import CordonScan

extension LiveTable.Name: ExpressibleByArgument {}

/// `cordon host table`
struct HostTable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table", abstract: "Look at a table of one host, as it is now.",
        discussion: """
            The tables are those of a triage. Hosts tell them with the enforcer's privilege; `cordon hunt` asks many hosts, \
            without. What was told stays as evidence of the order.

            EXAMPLES
              cordon host table web-1 sockets --where local_port=4444 --reason 'case C-7'
              cordon host table web-1 open_files --where 'target=/tmp/*' --rows 100 --reason 'case C-7'
              cordon host table web-1 processes --where name=sshd --json --reason 'case C-7' | jq .sha256
            """
    )
    @Argument(help: "The host's name or identifier.")
    var host: String
    @Argument(help: "The table.")
    var table: LiveTable.Name
    @Option(name: .customLong("where"), help: "Only rows with this member and value, as name=ssh* or pid=4242.")
    var condition: String?
    @Option(help: "At most so many rows.")
    var rows = LiveTable.usualRows
    @Option(help: ArgumentHelp("How long the host may take.", valueName: "span"))
    var time = Span(seconds: LiveTable.usualPatience.wholeSeconds)
    @Option(help: "Why; stands in the order, the timeline and the audit chain.")
    var reason: String
    @Option(name: .customLong("case"), help: "The case it belongs to: C-12, 12 or its identifier.")
    var file: String?
    @Option(help: ArgumentHelp("How long to wait for it.", valueName: "span"))
    var patience = Span(seconds: 120)
    @OptionGroup var output: OutputOptions

    func validate() throws { _ = try checked() }

    private func checked() throws -> Action {
        var values: [String: FieldValue] = [
            "table": .text(table.rawValue), "most_rows": .number(rows), "time_s": .number(time.seconds),
        ]
        if let condition {
            let parts = condition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw ValidationError("--where is member=value, as pid=4242.") }
            (values["field"], values["value"]) = (.text(String(parts[0])), .text(String(parts[1])))
        }
        do { return try Action(kind: ActionKind.liveTable.rawValue, parameters: values) } catch {
            throw ValidationError(Terminal.safe(error.message))
        }
    }

    func run() async throws {
        let action = try checked()
        let (head, found) = try await Client.use { client in
            let agent = try await client.hostID(host)
            var body = JSONObject()
            body["host"] = .text(agent)
            var asked = JSONObject()
            asked["kind"] = .text(action.kind.rawValue)
            for (name, value) in action.parameters { asked[name] = JSONValue(value) }
            body["action"] = .object(asked)
            body["reason"] = .text(reason)
            body["lifetime_s"] = .integer(max(patience.seconds, 30))
            if let file { body["case"] = .text(file) }
            let order = try await OrderOptions.submit(.object(body), client)
            let done = try await OrderWatch(client: client, isQuiet: true).wait(for: order, patience: patience)
            guard done["state"]?.text == "succeeded", let id = done["id"]?.text else {
                throw Complaint(
                    .failed, "The order is \(done["state"]?.text ?? "unknown").", done["result"]?["message"]?.text ?? ""
                )
            }
            return try Self.parts(try await Self.fetch(id, of: agent, client, patience))
        }
        output.show(found, as: Self.columns(of: found), empty: "No rows.")
        Self.conclude(head, found.count)
    }

    /// The evidence of the order, once the host has brought it.
    private static func fetch(
        _ order: String, of agent: String, _ client: Client, _ patience: Span
    ) async throws -> [UInt8] {
        let end = ContinuousClock.now + .seconds(patience.seconds)
        while try await !client.list("/api/v1/evidence", [("host", agent)], most: 50).contains(where: {
            $0["order"]?.text == order
        }) {
            guard ContinuousClock.now < end else {
                throw Complaint(
                    .failed, "The table is told, but has not come yet.",
                    "It comes by itself: cordon evidence get \(order)")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        var bytes: [UInt8] = []
        try await client.stream("/api/v1/evidence/\(order)/content") { part in
            guard Int64(bytes.count + part.count) <= LiveTable.mostBytes else {
                throw Complaint(.failed, "The table has more bytes than one may have.")
            }
            bytes += part
        }
        return bytes
    }

    /// What is said of the table, and its rows.
    static func parts(_ bytes: [UInt8]) throws -> (head: JSONValue, rows: [JSONValue]) {
        var values: [JSONValue] = []
        for line in bytes.split(separator: 0x0A) {
            do { values.append(try JSONValue.parse(Array(line))) } catch {
                throw Complaint(.failed, "What came is no table: line \(values.count + 1) is no JSON.")
            }
        }
        guard let head = values.first else { throw Complaint(.failed, "What came is no table: it is empty.") }
        return (head, Array(values.dropFirst()))
    }

    /// A column for each member that a row has, in the order of the first that has them.
    static func columns(of rows: [JSONValue]) -> Table {
        var names: [String] = []
        for row in rows {
            for (name, _) in row.object ?? JSONObject() where !names.contains(name) { names.append(name) }
        }
        return Table(
            columns: names.prefix(40).map { name in
                Table.Column(title: name.uppercased(), text: { Self.text($0[name]) })
            })
    }

    private static func text(_ member: JSONValue?) -> String {
        switch member {
        case nil, .null: "-"
        case .text(let text): text.isEmpty ? "-" : text.split(separator: "\n").joined(separator: " ⏎ ")
        case .integer(let number): "\(number)"
        case .flag(let flag): flag ? "yes" : "no"
        case .array(let members): members.isEmpty ? "-" : members.map { text($0) }.joined(separator: ",")
        case let other?: String(decoding: other.bytes(), as: UTF8.self)
        }
    }

    /// What the rows do not say; on standard error, beside them.
    private static func conclude(_ head: JSONValue, _ count: Int) {
        let stopped = head["stopped"]?.text.map { ", and not all of them: \($0)" } ?? ""
        let at = head["cut_at"]?.text.map { " at \(Shown.instant($0))" } ?? ""
        Terminal.complain(Terminal.safe("\(count) \(count == 1 ? "row" : "rows")\(at)\(stopped)"))
        for note in (head["notes"]?.texts ?? []).prefix(20) { Terminal.complain(Terminal.safe("note: \(note)")) }
    }
}
