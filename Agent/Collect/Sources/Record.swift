package import CordonModel
package import CordonScan

/// One entry of a log, as a source read it and before anything was understood of it.
package struct Record: Sendable {
    /// What stands around the message.
    package enum Envelope: Sendable {
        /// The text is a line of a syslog file, header and all.
        case syslog
        /// The text is the message alone; the source knows the rest.
        case known(timestamp: Timestamp?, program: String?, pid: Int64?)
        /// The text is a line of a syslog file, or the message alone of this program.
        case headed(String)
        /// The text is a line of a web server's access or error log.
        case web(WebServer)
        /// The text is one record of the kernel's audit.
        case audit
    }

    /// The text, any bytes, without its line break.
    package var text: [UInt8]
    package var envelope: Envelope
    /// What the source knows of it.
    package var fields: EventFields

    package init(text: [UInt8], envelope: Envelope = .syslog, fields: EventFields = [:]) {
        self.text = text
        self.envelope = envelope
        self.fields = fields
    }

    /// The tag of an entry that was longer than is kept: its start is there.
    package static let cut = "line_cut"
    /// The tag of an entry that is no UTF-8: what is none of it is replaced in the event's texts.
    package static let invalid = "invalid_utf8"
}

/// What a source read at once, and where it would go on.
package struct SourceBatch: Sendable {
    package var records: [Record]
    package var gaps: [Gap]
    /// Kept when the records are durable, and handed to `Source.run` at the next start. Only its source understands it.
    package var position: JSONValue
    /// What of the source cannot be read now, and what to do, for people; `nil`: all of it is read.
    package var fault: String?

    /// Records that a source reads at most before it hands them on.
    package static let recordLimit = 2048
    /// Bytes of text that a source reads before it hands the batch on, about.
    package static let byteLimit = 1 << 20

    package init(records: [Record], gaps: [Gap] = [], position: JSONValue, fault: String? = nil) {
        self.records = records
        self.gaps = gaps
        self.position = position
        self.fault = fault
    }
}

/// Where log entries come from.
package protocol Source: Sendable {
    /// Stable over restarts, as `file:/var/log/auth.log`: its position is kept under it.
    var id: String { get }

    /// Reads from the position on (`nil`: there is none yet) until the task is cancelled. `deliver` returns when the
    /// batch and its position are durable; nothing is read ahead of it. Throws when the source cannot be read at all.
    func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws
}

/// Where a source begins that has no position yet.
package enum StartPosition: String, Sendable, Hashable, CaseIterable {
    /// With what comes from now on.
    case end
    /// With the oldest entry that is there.
    case beginning
}
