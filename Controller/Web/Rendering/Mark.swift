package import CordonModel

/// A state as a word with a mark before it; the colour only repeats what both say.
package struct StateMark: Sendable, Hashable {
    /// What the colour follows.
    package enum Mood: String, Sendable, Hashable {
        case good
        case warn
        case danger
        case calm
    }

    package let mood: String
    package let mark: String
    package let word: String

    package init(_ word: String, _ mood: Mood, mark: String? = nil) {
        self.word = word
        self.mood = mood.rawValue
        switch mood {
        case .good: self.mark = mark ?? "✓"
        case .warn: self.mark = mark ?? "◷"
        case .danger: self.mark = mark ?? "■"
        case .calm: self.mark = mark ?? "○"
        }
    }
}

/// A severity as a word with a mark before it.
package struct SeverityMark: Sendable, Hashable {
    package let key: String
    package let mark: String
    package let word: String
}

extension SeverityMark {
    /// The mark of the severity.
    package init(_ severity: Severity) {
        key = severity.rawValue
        switch severity {
        case .critical: (mark, word) = ("◆", "Critical")
        case .high: (mark, word) = ("▲", "High")
        case .medium: (mark, word) = ("●", "Medium")
        case .low: (mark, word) = ("○", "Low")
        case .informational: (mark, word) = ("·", "Informational")
        }
    }
}

extension StateMark {
    /// Where an order is on its way.
    package init(_ state: OrderState) {
        switch state {
        case .drafted: self.init("Drafted", .calm)
        case .approved: self.init("Approved", .calm)
        case .queued: self.init("Queued", .warn)
        case .leased: self.init("Sent", .warn)
        case .received: self.init("Received", .warn)
        case .running: self.init("Running", .warn)
        case .succeeded: self.init("Succeeded", .good)
        case .failed: self.init("Failed", .danger, mark: "✗")
        case .refused: self.init("Refused", .danger, mark: "⊘")
        case .expired: self.init("Expired", .warn, mark: "⌛")
        case .unknown: self.init("Unknown", .danger, mark: "?")
        case .reverted: self.init("Undone", .calm, mark: "↩")
        }
    }

    /// Whether a probe saw what it should.
    package init(held: Bool) {
        self = held ? StateMark("Held", .good) : StateMark("Failed", .danger, mark: "✗")
    }
}
