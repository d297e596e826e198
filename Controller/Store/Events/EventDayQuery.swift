internal import ControllerIntake
internal import CordonModel
internal import CordonWire
internal import GRDB

/// One search in one day's file: the index narrows, the query decides.
struct EventDayQuery: Sendable {
    let search: EventSearch
    let day: Int64

    func run(_ connection: GRDB.Database, until deadline: ContinuousClock.Instant) throws -> EventDay.Look {
        var look = EventDay.Look()
        if try isOutside(connection) { return look }
        let (sql, values) = statement(from: try lowest(connection))
        let rows = try Row.fetchCursor(connection, sql: sql, arguments: StatementArguments(values))
        while let row = try rows.next() {
            let cursor = EventCursor(day: day, number: try row.integer("number"))
            if let event = try fitting(row) { look.events.append((cursor, event)) }
            look.reached = cursor
            // Looked at here and not in SQL, so that one look is over in time whatever the condition leaves out; at each
            // event, for one alone may be long and its query costly.
            if look.events.count == search.limit || ContinuousClock.now > deadline {
                look.isOver = false
                return look
            }
        }
        return look
    }

    private func fitting(_ row: Row) throws -> StoredEvent? {
        let time = try row.timestamp("time")
        if let from = search.from, time < from { return nil }
        if let to = search.to, time >= to { return nil }
        let agent: AgentID = try row.identifier("agent")
        if let host = search.host, host != agent { return nil }
        let event = try Event(wireBytes: try row.bytes("content"))
        guard search.query.matches(event) else { return nil }
        return StoredEvent(agent: agent, receivedAt: try row.timestamp("received_at"), event: event)
    }

    private func statement(from lowest: Int64) -> (sql: String, values: [DatabaseValue]) {
        let isNewest = search.order == .newest
        let narrowing = EventNarrowing(search.query, host: search.host).expression
        let number = narrowing == nil ? "event.number" : "term.rowid"
        var clauses = ["\(number) >= $1"]
        var values: [DatabaseValue] = [lowest.bound]
        if let narrowing {
            values.append(narrowing.bound)
            clauses.append("term MATCH $\(values.count)")
        }
        if let cursor = search.cursor, cursor.day == day {
            values.append(cursor.number.bound)
            clauses.append("\(number) \(isNewest ? "<" : ">") $\(values.count)")
        }
        let sql = """
            SELECT event.number, event.time, event.received_at, event.content, stream.agent
            FROM \(narrowing == nil ? "event" : "term CROSS JOIN event ON event.number = term.rowid")
            CROSS JOIN stream ON stream.stream = event.stream
            WHERE \(clauses.joined(separator: " AND ")) ORDER BY \(number) \(isNewest ? "DESC" : "ASC")
            """
        return (sql, values)
    }

    /// Whether everything here happened too late for the search.
    private func isOutside(_ connection: GRDB.Database) throws -> Bool {
        guard let to = search.to else { return false }
        let earliest = try connection.row("SELECT time FROM event ORDER BY time LIMIT 1")?.timestamp("time")
        return earliest.map { $0 >= to } ?? true
    }

    /// The first number that was received at `from` or later: nothing is received before it happened. Numbers have no holes
    /// and times of receipt grow with them, so it is found by halving.
    private func lowest(_ connection: GRDB.Database) throws -> Int64 {
        guard let from = search.from else { return 0 }
        var low: Int64 = 1
        var high = try connection.row("SELECT COALESCE(MAX(number), 0) AS most FROM event")?.integer("most") ?? 0
        high += 1
        while low < high {
            let middle = low + (high - low) / 2
            let row = try connection.row(
                "SELECT received_at FROM event WHERE number >= $1 ORDER BY number LIMIT 1", middle)
            if try row.map({ try $0.timestamp("received_at") >= from }) ?? true {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }
}
