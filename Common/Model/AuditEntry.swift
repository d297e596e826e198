/// What one record of the audit chain says: who did what to what. The chain itself is `AuditChain` of CordonTrust.
package struct AuditEntry: Sendable, Hashable, Codable {
    package var at: Timestamp
    /// `Principal.name`.
    package var actor: String
    /// `order.queued`, `case.opened`, `approval.granted`, `sign_in.refused`, …
    package var verb: String
    /// `order:ID`, `case:ID`, `host:ID`, `user:NAME`, …
    package var subject: String
    /// More, by key; never a secret.
    package var details: [String: String]

    package init(at: Timestamp, actor: String, verb: String, subject: String, details: [String: String] = [:]) {
        self.at = at
        self.actor = actor
        self.verb = verb
        self.subject = subject
        self.details = details
    }
}

/// News for whoever watches: the console, `cordon --watch`, the engine. A hint to look, never the truth itself.
package struct Change: Sendable, Hashable, Codable {
    package enum Topic: String, Sendable, Hashable, Codable, CaseIterable {
        case host
        case alert
        case `case`
        case order
        case run
        case task
        case hunt
        case upgrade
    }

    package var topic: Topic
    /// The identifier's text.
    package var id: String
    /// One line for people. May hold hostile text.
    package var summary: String
    package var at: Timestamp

    package init(topic: Topic, id: String, summary: String, at: Timestamp) {
        self.topic = topic
        self.id = id
        self.summary = summary
        self.at = at
    }
}
