package import CordonModel
internal import CordonScan

/// Makes events of records: pure, the same record always gives the same event.
package struct Normalizer: Sendable {
    /// Seconds east of UTC at an instant, for times without a zone.
    private let zoneOffset: @Sendable (Timestamp) -> Int64

    package init(zoneOffset: @escaping @Sendable (Timestamp) -> Int64 = { _ in 0 }) { self.zoneOffset = zoneOffset }

    /// The event of one line of a syslog file.
    package static func normalize(line: String, now: Timestamp) -> Event {
        Normalizer().normalize(Record(text: Array(line.utf8)), now: now)
    }

    /// The event of one record, read at `now`. Total: what is not understood arrives with `event.original` and
    /// `message`.
    package func normalize(_ record: Record, now: Timestamp) -> Event {
        let text = record.text[...]
        var event = Event(timestamp: now, created: now, original: text.string, fields: record.fields)
        event.fields.reserveCapacity(20)
        event.fields[.eventKind] = .text("event")
        switch record.envelope {
        case .syslog: read(text, without: nil, now, into: &event)
        case .headed(let program): read(text, without: program, now, into: &event)
        case .known(let timestamp, let program, let pid):
            event.timestamp = timestamp ?? now
            event.set(.processPID, pid)
            Self.read(text, of: program, into: &event)
            // A source that understood its entry says it in words.
            if let message = record.fields[.message] { event.fields[.message] = message }
        case .web(let server):
            event.set(.message, text)
            WebLog.parse(text, server, zoneOffset: zoneOffset(now), into: &event)
        case .audit: event.set(.message, text)
        }
        event.setSyslogCodes()
        return event
    }

    /// A line with syslog's header; without one it is a message of the program, if that is known.
    private func read(
        _ text: ArraySlice<UInt8>, without known: String?, _ now: Timestamp, into event: inout Event
    ) {
        let line = SyslogLine(text, now: now, zoneOffset: zoneOffset(now))
        event.timestamp = line.timestamp ?? now
        event.set(.hostName, line.host)
        event.set(.processPID, line.pid)
        event.set(.logSyslogPriority, line.priority)
        event.set(.logSyslogProcessID, line.processID)
        event.set(.logSyslogMessageID, line.messageID)
        Self.read(line.message, of: line.program ?? (line.timestamp == nil ? known : nil), into: &event)
    }

    /// A program's own words.
    private static func read(_ text: ArraySlice<UInt8>, of program: String?, into event: inout Event) {
        event.set(.processName, program)
        event.set(.logSyslogAppName, program)
        let message = unfolded(text, &event)
        event.set(.message, message)
        guard !event.texts(.tags).contains(unverified) else { return }
        if let parse = program.flatMap({ ProgramParsers.find($0) }) {
            parse(message, &event)
        } else if message.hasPrefix("pam_") {
            PAMMessage.parse(message, into: &event)
        }
    }

    /// Whether lines of the program are understood, so that who sends in its name must be looked at.
    package static func understands(_ program: String) -> Bool { ProgramParsers.find(program) != nil }

    /// The tag of an entry whose sender may not be who it says: it is kept, and not understood further.
    static let unverified = "unverified_sender"
    /// The tag of an entry that can be read in two ways because of hostile text in it.
    static let ambiguous = "ambiguous"

    /// Takes apart what rsyslog folded: `message repeated 3 times: [ … ]`.
    private static func unfolded(_ message: ArraySlice<UInt8>, _ event: inout Event) -> ArraySlice<UInt8> {
        var rest = message
        guard rest.take("message repeated "), let times = rest.takeDecimal(), rest.take(" times: ["),
            rest.take(last: "]")
        else { return message }
        event.set(.messageRepeats, times)
        return rest.trimmed
    }
}
