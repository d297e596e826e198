/// What a rule says about events: something that a person may have to look at.
package struct Alert: Sendable, Hashable {
    package var id: AlertID
    /// The agent that raised it; `nil` for alerts of outside systems.
    package var agent: AgentID?
    package var rule: RuleReference
    /// One line for people. Holds hostile text: escape it where it is shown.
    package var title: String
    package var severity: Severity
    /// The first event that counted.
    package var firstSeen: Timestamp
    /// The last event that counted.
    package var lastSeen: Timestamp
    /// How many events counted.
    package var count: Int
    /// Alerts with one key within the deduplication window are one alert.
    package var deduplicationKey: String
    package var observables: [Observable]
    /// Some of the events, at most `Limits.evidence`.
    package var evidence: [Event]

    package init(
        id: AlertID, agent: AgentID?, rule: RuleReference, title: String, severity: Severity, firstSeen: Timestamp,
        lastSeen: Timestamp, count: Int, deduplicationKey: String, observables: [Observable], evidence: [Event]
    ) {
        self.id = id
        self.agent = agent
        self.rule = rule
        self.title = title
        self.severity = severity
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.count = count
        self.deduplicationKey = deduplicationKey
        self.observables = observables
        self.evidence = evidence
    }

    /// Bounds on what one alert may carry.
    package enum Limits {
        /// Events kept with an alert.
        package static let evidence = 20
        /// Observables kept with an alert.
        package static let observables = 100
        /// Bytes of a title, UTF-8.
        package static let title = 500
    }
}

/// The rule behind an alert.
package struct RuleReference: Sendable, Hashable, Codable {
    /// Stable, as `cordon.sshd.bruteforce` or a Sigma rule's UUID.
    package var id: String
    package var name: String
    /// MITRE ATT&CK technique identifiers, as `T1110.001`.
    package var techniques: [String]
    /// Who wrote the rule; shown wherever the alert is, for the rules' licence asks for it (Detection Rule License 1.1).
    package var author: String?

    package init(id: String, name: String, techniques: [String] = [], author: String? = nil) {
        self.id = id
        self.name = name
        self.techniques = techniques
        self.author = author
    }
}
