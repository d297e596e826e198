internal import CordonScan

/// Server-sent events (WHATWG HTML §9.2.6), taken apart as they come.
struct EventParser {
    struct Event: Equatable {
        var id = ""
        var name = "message"
        var data = ""
    }

    /// An event larger than this is a fault of the server.
    static let limit = 1 << 20
    private var line: [UInt8] = []
    private var event = Event()

    /// Takes some bytes and gives the events that they complete.
    mutating func take(_ bytes: some Sequence<UInt8>) throws -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                guard line.count + event.data.utf8.count <= Self.limit else {
                    throw Complaint(.failed, "The controller sent an event of more than \(Self.limit) bytes.")
                }
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if let whole = finish(String(decoding: line, as: UTF8.self)) { events.append(whole) }
            line = []
        }
        return events
    }

    /// One line; an empty one ends the event.
    private mutating func finish(_ line: String) -> Event? {
        guard !line.isEmpty else {
            defer { event = Event(id: event.id) }
            return event.data.isEmpty ? nil : event
        }
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = parts.count > 1 ? parts[1] : ""
        if value.first == " " { value = value.dropFirst() }
        switch parts[0] {
        case "id": event.id = String(value)
        case "event": event.name = String(value)
        case "data": event.data += (event.data.isEmpty ? "" : "\n") + value
        default: break
        }
        return nil
    }
}

/// Follows what changes, through pauses of the network.
struct Watch: Sendable {
    let client: Client
    let topic: String

    /// What came.
    enum News: Sendable {
        case changed(id: String)
        /// Some was lost: look at everything again.
        case resync
    }

    /// Follows until it is interrupted. A lost connection is made again, for up to a minute of silence.
    func follow(_ tell: (News) async throws -> Void) async throws {
        var last = ""
        var failures = 0
        while true {
            do {
                let headers = last.isEmpty ? [] : [("Last-Event-ID", last)]
                var parser = EventParser()
                try await client.stream("/api/v1/changes?topic=\(topic)", headers: headers) { part in
                    failures = 0
                    for event in try parser.take(part) {
                        last = event.id
                        try await tell(Self.news(event))
                    }
                }
            } catch let complaint as Complaint where complaint.exit == .unreachable {
                failures += 1
                if failures > 20 { throw complaint }
            }
            try await Task.sleep(for: .seconds(min(5, 1 + failures)))
        }
    }

    private static func news(_ event: EventParser.Event) -> News {
        guard event.name == "change", let id = try? JSONValue.parse(event.data)["id"]?.text else { return .resync }
        return .changed(id: id)
    }
}

/// A list that can be followed live.
struct LiveList: Sendable {
    let client: Client
    /// As the change feed names it.
    let topic: String
    let table: Table
    let output: OutputOptions
    /// The list as it is now.
    let load: @Sendable () async throws -> [JSONValue]
    /// One item, by its identifier; `nil` when it does not belong into the list.
    let item: @Sendable (String) async throws -> JSONValue?

    /// Shows the list; follows it when asked to.
    func show(empty: String, watching: Bool) async throws {
        output.show(try await load(), as: table, empty: empty)
        guard watching else { return }
        try await Watch(client: client, topic: topic).follow { news in
            switch news {
            case .changed(let id): if let item = try await item(id) { line(item) }
            case .resync: for item in try await load() { line(item) }
            }
        }
    }

    private func line(_ item: JSONValue) {
        if output.json { Terminal.print(item) } else { Terminal.print(table.line(of: item)) }
    }
}
