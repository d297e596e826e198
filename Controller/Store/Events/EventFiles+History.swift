internal import ControllerRules
internal import CordonModel
internal import CordonWire
internal import GRDB

/// Reading back in order of time. A day's file has what was received on that day, so that what came late stands in a later
/// one: the files are merged by the time and number of their events, and contents are read of those that come next.
extension EventFiles {
    /// Events that one piece looks at, and the bytes of them that it holds.
    private static let mostRows = 1000
    private static let mostBytes = 4 << 20

    func history(_ stretch: HistoryStretch, after place: HistoryPlace?, limit: Int) async throws -> HistoryPiece {
        // Opened now, together: between two files a sweep may take one away.
        let files = try days().filter { $0 >= stretch.from.day }.map { try file($0) }
        let places = try await Self.places(in: files, stretch, after: place)
        var piece = HistoryPiece()
        var (rest, bytes) = (places[...], Self.mostBytes)
        while let day = rest.first?.day, let file = files.first(where: { $0.day == day }) {
            let run = rest.prefix { $0.day == day }
            rest = rest.dropFirst(run.count)
            let look = try await file.contents(
                of: Array(run), host: stretch.host, limit: limit - piece.events.count, bytes: bytes)
            piece.events += look.events
            piece.unreadable += look.unreadable
            bytes -= look.bytes
            piece.next = look.reached ?? piece.next
            if !look.isOver { return piece }
        }
        if places.count < Self.mostRows { piece.next = nil }
        return piece
    }

    /// The next places in order of time, at most ``mostRows``.
    private static func places(
        in files: [EventDay], _ stretch: HistoryStretch, after place: HistoryPlace?
    ) async throws -> [HistoryPlace] {
        var places: [HistoryPlace] = []
        for file in files {
            // What is later than all that fit already is not asked for.
            let last = places.count < mostRows ? nil : places.last?.time
            let end = last.map { min(stretch.to, $0 + .microseconds(1)) } ?? stretch.to
            let found = try await file.places(from: stretch.from, to: end, after: place, limit: mostRows)
            places = Array((places + found).sorted().prefix(mostRows))
        }
        return places
    }
}

extension EventDay {
    /// Places of this day's events in order of time; from the index alone.
    func places(
        from: Timestamp, to: Timestamp, after place: HistoryPlace?, limit: Int
    ) async throws -> [HistoryPlace] {
        let time = place?.time ?? from
        // Of the place's own time, an earlier day's events were before it and a later day's come after.
        let number: Int64 =
            switch place {
            case let place? where place.day == day: place.number
            case let place? where place.day > day: .max
            default: 0
            }
        return try await pool.read { [day] connection in
            try connection.rows(
                """
                SELECT time, number FROM event INDEXED BY event_time
                WHERE (time, number) > ($1, $2) AND time < $3 ORDER BY time, number LIMIT $4
                """, time, number, to, limit
            ).map { HistoryPlace(time: try $0.timestamp("time"), day: day, number: try $0.integer("number")) }
        }
    }

    /// What reading at places gave.
    struct Contents: Sendable {
        var events: [PastEvent] = []
        var unreadable = 0
        var bytes = 0
        /// The last place that was looked at.
        var reached: HistoryPlace?
        /// Whether all places were looked at.
        var isOver = true
    }

    /// The events at places, of one host or of all, until there are enough or they are too large together.
    func contents(of places: [HistoryPlace], host: AgentID?, limit: Int, bytes: Int) async throws -> Contents {
        try await pool.read { connection in
            var look = Contents()
            for place in places {
                guard look.events.count < limit, look.bytes < bytes else {
                    look.isOver = false
                    break
                }
                look.reached = place
                let row = try connection.row(
                    """
                    SELECT stream.agent, event.content FROM event CROSS JOIN stream ON stream.stream = event.stream
                    WHERE event.number = $1 AND ($2 IS NULL OR stream.agent = $2)
                    """, place.number, host)
                guard let row else { continue }
                let content = try row.bytes("content")
                look.bytes += content.count
                guard let event = try? Event(wireBytes: content) else {
                    look.unreadable += 1
                    continue
                }
                look.events.append(PastEvent(host: try row.identifier("agent"), time: place.time, event: event))
            }
            return look
        }
    }
}
