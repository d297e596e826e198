internal import CordonModel

/// The records of one event, in the order in which they came.
struct AuditEvent: Sendable {
    var key: AuditRecord.Key
    var records: [AuditRecord]
    /// Something of it is missing, or came when the rest was gone already.
    var isPartial = false

    func first(_ type: String) -> AuditRecord? { records.first { $0.type == type } }
}

/// Joins records to events. Records of several events come interleaved, and not always in order.
///
/// An event is whole at its EOE record; at PROCTITLE, which the kernel writes last (auditd leaves EOE out of its log);
/// at once where its type always comes alone; when the log's own time is two seconds further and several wait; when the caller says that
/// nothing came for so long (`flush`); and when too many others wait.
struct AuditAssembler: Sendable {
    /// Events that wait for more records.
    private var waiting: [Waiting] = []
    /// Bytes of the records that wait.
    private(set) var waitingBytes = 0
    /// Whole events, lately: a record that comes after is said to be late.
    private var finished: [AuditRecord.Key] = []

    private struct Waiting {
        var event: AuditEvent
        var arrived: Timestamp
    }

    static let eventLimit = 64
    static let recordLimit = 256
    /// So few may wait although the log's time went on: a record may come after those of younger events.
    private static let calm = 8
    static let byteLimit = 256 * 1024
    /// How long an event waits for more records, by the log's time and by the clock's.
    static let patience = Duration.seconds(2)

    var isEmpty: Bool { waiting.isEmpty }

    /// The lines of all that waits, oldest event first.
    var waitingLines: [[UInt8]] { waiting.flatMap { $0.event.records.map(\.raw) } }

    /// Takes a record that was read at `now`; returns the events that are whole with it, oldest first.
    mutating func take(_ record: AuditRecord, now: Timestamp) -> [AuditEvent] {
        var done: [AuditEvent] = []
        if AuditRecordTypes.standsAlone(record.type) {
            done.append(AuditEvent(key: record.key, records: [record]))
        } else if record.type == "EOE" {
            if let index = index(of: record.key) { done.append(finish(index)) }
        } else {
            let index = index(of: record.key) ?? begin(record.key, now)
            waiting[index].event.records.append(record)
            waitingBytes += record.raw.count
            let event = waiting[index].event
            let isLast = record.type == "PROCTITLE" && event.records.contains { $0.type == "SYSCALL" }
            if isLast || event.isPartial && event.records.count == 1 && finished.contains(record.key) {
                done.append(finish(index))
            } else if event.records.count >= Self.recordLimit {
                waiting[index].event.isPartial = true
                done.append(finish(index))
            }
        }
        let horizon = record.key.timestamp - Self.patience
        guard waiting.count > Self.calm else { return overflow() + done }
        return finish { $0.event.key.node == record.key.node && $0.event.key.timestamp < horizon } + overflow() + done
    }

    /// The events for which nothing was read in two seconds before `now`.
    mutating func flush(now: Timestamp) -> [AuditEvent] {
        let horizon = now - Self.patience
        return finish { $0.arrived <= horizon }
    }

    /// All that waits.
    mutating func flushAll() -> [AuditEvent] { finish { _ in true } }

    private func index(of key: AuditRecord.Key) -> Int? { waiting.lastIndex { $0.event.key == key } }

    private mutating func begin(_ key: AuditRecord.Key, _ now: Timestamp) -> Int {
        let isLate = finished.contains(key)
        waiting.append(Waiting(event: AuditEvent(key: key, records: [], isPartial: isLate), arrived: now))
        return waiting.count - 1
    }

    private mutating func finish(_ index: Int) -> AuditEvent {
        let event = waiting.remove(at: index).event
        waitingBytes -= event.records.reduce(0) { $0 + $1.raw.count }
        finished.append(event.key)
        if finished.count > Self.eventLimit * 2 { finished.removeFirst(Self.eventLimit) }
        return event
    }

    private mutating func finish(where isDone: (Waiting) -> Bool) -> [AuditEvent] {
        guard waiting.contains(where: isDone) else { return [] }
        var events: [AuditEvent] = []
        var index = 0
        while index < waiting.count {
            if isDone(waiting[index]) { events.append(finish(index)) } else { index += 1 }
        }
        return events
    }

    /// The oldest, while too much waits.
    private mutating func overflow() -> [AuditEvent] {
        var events: [AuditEvent] = []
        while waiting.count > Self.eventLimit || waitingBytes > Self.byteLimit, !waiting.isEmpty {
            waiting[0].event.isPartial = true
            events.append(finish(0))
        }
        return events
    }
}
