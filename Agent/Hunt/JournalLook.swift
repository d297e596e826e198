internal import AgentCollect
internal import CordonModel

/// Entries of the journal, the newest first.
struct JournalLook {
    let parameters: [String: String]
    let allowance: Allowance
    let scope: JournalScope

    /// What an answer shows of an entry, beside the fields that were asked for.
    private static let shown = [
        "MESSAGE": "message", "SYSLOG_IDENTIFIER": "identifier", "_PID": "pid", "_UID": "uid",
        "_SYSTEMD_UNIT": "unit", "_EXE": "executable", "_CMDLINE": "command_line", "PRIORITY": "priority",
    ]
    /// Bytes of one field that are read.
    private static let longestField = 65_536
    /// So many entries in a row from before the time that was asked for end the look: one alone does not, as an entry
    /// that was written while the clock stood wrong may lie among the others.
    private static let mostOlder = 1000

    func run() throws(Allowance.Stop) {
        do {
            try look()
        } catch let stop as Allowance.Stop {
            throw stop
        } catch let failure as Journal.Failure {
            throw .failed("The journal cannot be read to its end (error \(failure.errno)).")
        } catch {
            throw .failed("\(error)")
        }
    }

    private func look() throws {
        let journal = try Journal(scope)
        // Who may read nothing is told of an empty journal, not of an error.
        guard try journal.seekTail() else {
            throw Allowance.Stop.failed(
                "The journal shows no entries: is the agent's user in the group systemd-journal?")
        }
        try journal.limitValues(to: Self.longestField)
        for (name, value) in parameters where JournalField.isName(name) { try journal.match(name, anyOf: [value]) }
        let text = parameters["text"].map(FoldedText.init)
        let from = time("from")
        var older = 0
        var isThere = try start(journal)
        while isThere, older < Self.mostOlder {
            try allowance.step()
            let received = try journal.realtime()
            older = received < from ?? .min ? older + 1 : 0
            if older == 0, received < time("to") ?? .max, let row = try row(journal, received, text) {
                try allowance.found(row)
            }
            isThere = try journal.previous()
        }
    }

    /// Microseconds since the Unix epoch.
    private func time(_ name: String) -> Int64? {
        parameters[name].flatMap { Timestamp(rfc3339: $0)?.microseconds }
    }

    /// Goes to the newest entry that may be one of those asked for; `false` when there is none.
    private func start(_ journal: borrowing Journal) throws -> Bool {
        guard let end = time("to") else { return try journal.seekTail() }
        try journal.seek(realtime: end)
        return try journal.previous()
    }

    /// `nil` for an entry whose message has not the text, and for a damaged one.
    private func row(
        _ journal: borrowing Journal, _ received: Int64, _ text: FoldedText?
    ) throws(Journal.Failure) -> [String: String]? {
        do throws(Journal.Failure) {
            // Most entries are none that is looked for: of those only the message is read.
            if let text, try journal.field("MESSAGE", { text.stands(in: $0, after: "MESSAGE=") }) != true { return nil }
            return try row(journal, received)
        } catch {
            guard error.isOfOneEntry else { throw error }
            return nil
        }
    }

    private func row(_ journal: borrowing Journal, _ received: Int64) throws(Journal.Failure) -> [String: String] {
        var row = ["time": "\(Timestamp(microseconds: received))"]
        try journal.enumerate { field in
            guard let split = Self.split(field),
                let name = Self.shown[split.name] ?? (parameters[split.name] == nil ? nil : split.name),
                row[name] == nil
            else { return }
            row[name] = String(decoding: split.value, as: UTF8.self)
        }
        return row
    }

    /// The parts of `NAME=value`; `nil` for a name that is longer than any journald takes.
    private static func split(_ field: Span<UInt8>) -> (name: String, value: [UInt8])? {
        unsafe field.withUnsafeBufferPointer { bytes in
            guard let sign = unsafe bytes.prefix(65).firstIndex(of: UInt8(ascii: "=")) else { return nil }
            return unsafe (String(decoding: bytes[..<sign], as: UTF8.self), Array(bytes[(sign + 1)...]))
        }
    }
}

/// A text that is looked for as it is, but for the case of ASCII letters.
struct FoldedText {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = text.utf8.map(Self.folded) }

    /// Whether it stands in the text, behind what the text begins with.
    func stands(in text: Span<UInt8>, after beginning: StaticString = "") -> Bool {
        guard let first = bytes.first else { return true }
        let start = beginning.utf8CodeUnitCount
        guard text.count - start >= bytes.count else { return false }
        for place in start...(text.count - bytes.count) where Self.folded(text[place]) == first {
            if stands(in: text, at: place) { return true }
        }
        return false
    }

    private func stands(in text: Span<UInt8>, at place: Int) -> Bool {
        for offset in bytes.indices where Self.folded(text[place + offset]) != bytes[offset] { return false }
        return true
    }

    private static func folded(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }
}
