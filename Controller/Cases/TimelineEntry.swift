package import CordonModel

/// One thing that happened in a case. Never changed, never deleted.
package struct TimelineEntry: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case alert
        case note
        case status
        case task
        case order
        case approval
        case run
        case system
    }

    /// Its place in the case: from 1, without gaps.
    package var number: Int
    package var kind: Kind
    package var at: Timestamp
    /// `Principal.name`.
    package var actor: String
    /// For people. May hold hostile text.
    package var text: String
    /// What it is about: `alert:ID`, `order:ID`, `run:ID`, `task:ID`.
    package var reference: String?

    package init(number: Int, kind: Kind, at: Timestamp, actor: String, text: String, reference: String? = nil) {
        self.number = number
        self.kind = kind
        self.at = at
        self.actor = actor
        self.text = text
        self.reference = reference
    }
}

/// An entry before it has its place.
package struct TimelineDraft: Sendable, Hashable {
    package var kind: TimelineEntry.Kind
    package var at: Timestamp
    package var actor: String
    package var text: String
    package var reference: String?
    /// An entry with a key that the case already has is not written again; `nil` is always written.
    package var key: String?

    package init(
        _ kind: TimelineEntry.Kind, at: Timestamp, by actor: String, _ text: String, reference: String? = nil,
        key: String? = nil
    ) {
        self.kind = kind
        self.at = at
        self.actor = actor
        self.text = text
        self.reference = reference
        self.key = key
    }
}
