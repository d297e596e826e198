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
        event.fields[.eventKind] = .text("event")
        var program: String?
        var message = text
        switch record.envelope {
        case .syslog:
            let line = SyslogLine(text, now: now, zoneOffset: zoneOffset(now))
            event.timestamp = line.timestamp ?? now
            event.set(.hostName, line.host)
            event.set(.processPID, line.pid)
            event.set(.logSyslogPriority, line.priority)
            (program, message) = (line.program, line.message)
        case .known(let timestamp, let name, let pid):
            event.timestamp = timestamp ?? now
            event.set(.processPID, pid)
            program = name
        }
        event.set(.processName, program)
        event.set(.logSyslogAppName, program)
        message = Self.unfolded(message, &event)
        event.set(.message, message.string)
        if let program, !event.texts(.tags).contains(Self.unverified) {
            Self.parsers[program]?(message, &event)
        }
        return event
    }

    /// The tag of an entry whose sender may not be who it says: it is kept, and not understood further.
    static let unverified = "unverified_sender"
    /// The tag of an entry that can be read in two ways because of hostile text in it.
    static let ambiguous = "ambiguous"

    /// By the program's name: one file a parser.
    private static let parsers: [String: @Sendable (ArraySlice<UInt8>, inout Event) -> Void] = [
        "sshd": SSHDMessage.parse,
        "sshd-session": SSHDMessage.parse,
        "sshd-auth": SSHDMessage.parse,
        "sudo": SudoMessage.parse,
        "su": PAMMessage.parse,
        "login": PAMMessage.parse,
    ]

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

extension Event {
    mutating func set(_ field: ECSField, _ text: String?) { if let text { fields[field] = .text(text) } }

    mutating func set(_ field: ECSField, _ bytes: ArraySlice<UInt8>?) { set(field, bytes?.string) }

    mutating func set(_ field: ECSField, _ number: Int64?) { if let number { fields[field] = .number(number) } }

    /// The four fields by which ECS sorts events.
    mutating func classify(_ category: String, _ type: String, action: String, outcome: String? = nil) {
        fields[.eventCategory] = .texts([category])
        fields[.eventType] = .texts([type])
        fields[.eventAction] = .text(action)
        set(.eventOutcome, outcome)
    }

    mutating func tag(_ tag: String) {
        if case .texts(let tags) = fields[.tags] {
            fields[.tags] = .texts(tags + [tag])
        } else {
            fields[.tags] = .texts([tag])
        }
    }

    mutating func set(_ peer: Peer) {
        set(.sourceAddress, peer.host)
        if let address = peer.address { set(.sourceIP, "\(address)") }
        set(.sourcePort, peer.port)
    }
}
