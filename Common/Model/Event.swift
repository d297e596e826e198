/// One thing that a host's log says, normalised to the Elastic Common Schema (ECS).
package struct Event: Sendable, Hashable {
    /// When it happened by the log's own clock (`@timestamp`).
    package var timestamp: Timestamp
    /// When the agent read it (`event.created`).
    package var created: Timestamp
    /// The line as it was, always kept (`event.original`). Hostile, any text; bytes that are not UTF-8 are replaced.
    package var original: String
    /// What a parser understood of it, by ECS field, and what it had besides.
    package var fields: EventFields

    package init(timestamp: Timestamp, created: Timestamp, original: String, fields: EventFields = [:]) {
        self.timestamp = timestamp
        self.created = created
        self.original = original
        self.fields = fields
    }

    /// The field's text; `nil` when it is absent or not text.
    package func text(_ field: ECSField) -> String? {
        if case .text(let text)? = fields[field] { text } else { nil }
    }

    /// The field's number; `nil` when it is absent or not a number.
    package func number(_ field: ECSField) -> Int64? {
        if case .number(let number)? = fields[field] { number } else { nil }
    }

    /// The field's texts; a single text is a list of one, anything else is none.
    package func texts(_ field: ECSField) -> [String] {
        switch fields[field] {
        case .texts(let texts): texts
        case .text(let text): [text]
        default: []
        }
    }

    /// The field's address; `nil` when it is absent or not an address.
    package func address(_ field: ECSField) -> IPAddress? { text(field).flatMap { IPAddress($0) } }
}

/// The value of one field.
package enum FieldValue: Sendable, Hashable {
    case text(String)
    case number(Int64)
    case flag(Bool)
    case texts([String])

    /// Texts that one field holds at most; who fills one with what a log says keeps to it.
    package static let textsLimit = 64
}
