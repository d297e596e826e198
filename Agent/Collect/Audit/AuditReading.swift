internal import CordonModel
internal import CordonScan

/// Makes records for the collector of audit events, with all fields of them known: ECS's as `Documentation/audit.md`
/// says, and `auditd.records`, the single records that Sigma's auditd rules look at.
package struct AuditReading: Sendable {
    let users: UserNames
    let processes: ProcessTable

    /// - Parameters:
    ///   - users: for numbers that the log does not name (RAW format).
    ///   - processes: what knows parents; each execution that is read is noted there.
    package init(users: UserNames, processes: ProcessTable) {
        self.users = users
        self.processes = processes
    }

    /// Bytes of `event.original`.
    static let originalLimit = 64 * 1024

    /// The record of an event.
    func record(of event: AuditEvent) -> Record {
        let original = event.records.map(\.raw).joined(separator: [UInt8(ascii: "\n")]).prefix(Self.originalLimit)
        return Record(
            text: Array(original),
            envelope: .known(timestamp: event.key.timestamp, program: nil, pid: nil),
            fields: fields(of: event))
    }

    /// The record of a line that is no audit record: kept, not understood.
    static func unread(_ line: [UInt8]) -> Record {
        Record(
            text: line, envelope: .known(timestamp: nil, program: nil, pid: nil),
            fields: [.eventModule: .text("auditd"), .tags: .texts(["audit_unread"])])
    }

    /// Reads a whole log at once: one record an event, in the order in which they are whole, and one a line that is no
    /// audit record.
    package func records(ofLines lines: [[UInt8]]) -> [Record] {
        var reader = AuditLineReader(self)
        let records = lines.flatMap { reader.take($0) }
        return records + reader.end()
    }
}
