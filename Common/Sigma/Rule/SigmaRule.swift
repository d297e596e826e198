/// One Sigma rule (specification 2.1.0), loaded, checked and reduced to what evaluating it takes: quantifiers are written
/// out, modifiers applied, placeholders filled, filters joined. Whoever loads YAML makes it; agent and controller
/// evaluate it alike.
package struct SigmaRule: Sendable, Hashable {
    /// The rule's `id` as it spells it; the title where a rule has none.
    package var id: String
    /// What correlations may refer to it by.
    package var name: String?
    package var title: String
    /// Travels with every match: the Detection Rule License asks for it.
    package var author: String?
    package var level: Level
    package var status: Status?
    package var summary: String?
    package var tags: [String]
    package var references: [String]
    package var falsePositives: [String]
    package var logSource: LogSource
    package var condition: Condition

    package init(
        id: String, name: String? = nil, title: String, author: String? = nil, level: Level = .informational,
        status: Status? = nil, summary: String? = nil, tags: [String] = [], references: [String] = [],
        falsePositives: [String] = [], logSource: LogSource, condition: Condition
    ) {
        (self.id, self.name, self.title, self.author) = (id, name, title, author)
        (self.level, self.status, self.summary) = (level, status, summary)
        (self.tags, self.references, self.falsePositives) = (tags, references, falsePositives)
        (self.logSource, self.condition) = (logSource, condition)
    }

    /// `level`: an informational match enriches only and never makes an alert.
    package enum Level: String, Sendable, Hashable, CaseIterable {
        case informational, low, medium, high, critical
    }

    /// `status`.
    package enum Status: String, Sendable, Hashable, CaseIterable {
        case stable, test, experimental, deprecated, unsupported
    }
}

/// What a rule looks at; each part that is named must equal the event's, one that is absent may be anything. Lower case.
package struct LogSource: Sendable, Hashable {
    package var product: String?
    package var category: String?
    package var service: String?

    package init(product: String? = nil, category: String? = nil, service: String? = nil) {
        (self.product, self.category, self.service) = (product, category, service)
    }
}
