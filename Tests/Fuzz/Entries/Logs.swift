import CordonModel
import CordonScan
import CordonWire

@testable import AgentCollect

/// What parsers, normalising and shipping do with a line.
extension FuzzEntry {
    /// An entry for each kind of log.
    static let logs: [FuzzEntry] =
        LineSource.names.compactMap { LineSource($0) }.map { source in
            FuzzEntry(name: "log-\(source.name)") { line in
                try checkEvent(of: source.record(line))
            }
        } + [
            FuzzEntry(name: "journal") { bytes in
                var entry = JournalRecord()
                for field in bytes.split(separator: 0x0A) { entry.take(field.span) }
                _ = entry.suppressed
                try checkEvent(of: entry.record(receivedAt: now))
                // One is used for all entries: nothing of this one may be in the next.
                entry.clear()
                entry.take(Array("MESSAGE=next".utf8).span)
                let next = Normalizer().normalize(entry.record(receivedAt: now), now: now)
                var fresh = JournalRecord()
                fresh.take(Array("MESSAGE=next".utf8).span)
                try same(
                    next, Normalizer().normalize(fresh.record(receivedAt: now), now: now), "an entry is in the next")
            }
        ]

    static let now = Timestamp(seconds: 1_790_000_000)
    static let agent = AgentID(UUIDv7(high: 0x018F_2C5E_7A3B_7C4D, low: 0x8E5F_0123_4567_89AB))

    /// What must hold of the event of any record.
    static func checkEvent(of record: Record) throws {
        let event = Normalizer().normalize(record, now: now)
        try same(event.original, String(decoding: record.text, as: UTF8.self), "event.original is the line")
        try hold(event.fields[.message] != nil, "there is always a message")
        for (field, value) in event.fields {
            try hold(field.accepts(value), "\(field.rawValue) is no \(value)")
        }
        try same(event, Normalizer().normalize(record, now: now), "a record gives the same event each time")
        let document = event.document.bytes()
        if document.count <= 1 << 20 { _ = try JSONValue.parse(document) }
        guard event.original.utf8.count <= 4096 else { return }
        let shipped = try Telemetry.read(item: Telemetry.event(event).serialized(), from: agent)
        try same(shipped, .event(event), "what is shipped is what comes")
    }
}
