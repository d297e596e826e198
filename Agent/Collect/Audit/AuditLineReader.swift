internal import CordonModel

/// Joins the lines of an audit log that is read once, from its start to its end.
package struct AuditLineReader: LineReading {
    private let reading: AuditReading
    private var assembler = AuditAssembler()

    package init(_ reading: AuditReading) { self.reading = reading }

    /// The events that are whole with this line, by the log's own time; a line that is no audit record comes as it is.
    package mutating func take(_ line: [UInt8]) -> [Record] {
        guard let record = AuditRecord(line: line) else { return line.isEmpty ? [] : [AuditReading.unread(line)] }
        return assembler.take(record, now: record.key.timestamp).map(reading.record)
    }

    package mutating func end() -> [Record] { assembler.flushAll().map(reading.record) }
}
