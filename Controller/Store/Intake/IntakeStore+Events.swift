package import ControllerIntake
package import CordonModel
internal import CordonWire
internal import GRDB

/// Events, which stand in files of their own, a day each: see ``EventFiles``.
extension IntakeStore {
    /// Writes a batch's new events to their day. The database does not know of them yet: its position moves on afterwards.
    func keepEvents(of batch: CheckedBatch) async throws {
        let position = try await database.read { connection in
            try connection.row(
                "SELECT position FROM intake_stream WHERE agent = $1 AND epoch = $2", batch.agent, batch.epoch
            )?.integer("position") ?? 0
        }
        let first = Int64(clamping: batch.firstSequence)
        let entries = batch.items.enumerated().compactMap { offset, item -> EventDay.Entry? in
            guard case .event(let event) = item, first + Int64(offset) > position else { return nil }
            return EventDay.Entry(event, sequence: first + Int64(offset), of: batch.agent, at: batch.receivedAt)
        }
        do {
            try await database.events.add(
                entries, of: StreamKey(agent: batch.agent, epoch: batch.epoch), at: batch.receivedAt)
        } catch { throw StoreError.wrap(error) }
    }

    package func search(_ search: EventSearch) async throws -> EventPage {
        do { return try await database.events.search(search) } catch { throw StoreError.wrap(error) }
    }

    package func events(of host: AgentID, limit: Int) async throws -> [StoredEvent] {
        try await search(EventSearch(host: host, limit: limit)).events
    }

    /// Moves some of what the versions before kept in the database itself to the files.
    /// - Returns: Whether there may be more.
    func moveOldEvents() async throws -> Bool {
        let rows = try await database.read { connection in
            try connection.rows(
                """
                SELECT event.*, intake_stream.agent, intake_stream.epoch FROM event
                JOIN intake_stream ON intake_stream.stream = event.stream
                ORDER BY event.received_at, event.stream, event.sequence LIMIT 2000
                """
            ).map { try OldEvent($0) }
        }
        guard !rows.isEmpty else { return false }
        let batches = Dictionary(grouping: rows) { $0.batch }
        for (batch, events) in batches.sorted(by: { $0.key.receivedAt < $1.key.receivedAt }) {
            try await database.events.add(events.map(\.entry), of: batch.stream, at: batch.receivedAt)
        }
        try await database.write { connection in
            for row in rows {
                try connection.run(
                    "DELETE FROM event WHERE stream = $1 AND sequence = $2", row.number, row.entry.sequence)
            }
        }
        return true
    }
}

/// An event as the versions before kept it.
private struct OldEvent: Sendable {
    struct Batch: Hashable, Sendable {
        let stream: StreamKey
        let receivedAt: Timestamp
    }

    let number: Int64
    let batch: Batch
    let entry: EventDay.Entry

    init(_ row: Row) throws {
        let agent: AgentID = try row.identifier("agent")
        let receivedAt = try row.timestamp("received_at")
        number = try row.integer("stream")
        batch = Batch(stream: StreamKey(agent: agent, epoch: try row.bytes("epoch")), receivedAt: receivedAt)
        entry = EventDay.Entry(
            try JSONText.value(EventDocument.self, of: try row.text("document")).event,
            sequence: try row.integer("sequence"), of: agent, at: receivedAt)
    }
}

extension EventDay.Entry {
    fileprivate init(_ event: Event, sequence: Int64, of agent: AgentID, at receivedAt: Timestamp) {
        self.init(
            sequence: sequence, time: min(event.timestamp, receivedAt), content: event.wireBytes,
            terms: EventTerms.text(of: event, agent: agent))
    }
}
