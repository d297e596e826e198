package import CordonModel

/// An alert as the controller keeps it: all reports of one thing within the window, and what was made of it.
package struct AlertRecord: Sendable, Hashable {
    /// With counts, times, severity, observables and evidence of all reports merged.
    package var alert: Alert
    /// When the first report came, by the controller's clock.
    package var receivedAt: Timestamp
    /// When the last report came.
    package var updatedAt: Timestamp
    /// How many reports were merged.
    package var reports: Int
    /// `nil` while none is open for it, and for informational alerts that no case was near to.
    package var caseID: CaseID?
    /// The case's number for people.
    package var caseNumber: Int?
    /// Why it stands in its case, and what was merged: sentences for people, free of hostile text.
    package var explanation: String

    package init(
        alert: Alert, receivedAt: Timestamp, updatedAt: Timestamp, reports: Int, caseID: CaseID? = nil,
        caseNumber: Int? = nil, explanation: String = ""
    ) {
        self.alert = alert
        self.receivedAt = receivedAt
        self.updatedAt = updatedAt
        self.reports = reports
        self.caseID = caseID
        self.caseNumber = caseNumber
        self.explanation = explanation
    }
}

/// Which alerts; newest (by last report) first.
package struct AlertFilter: Sendable, Hashable {
    package var host: AgentID?
    /// At least this.
    package var severity: Severity?
    /// Last reported at or after.
    package var since: Timestamp?
    /// Last reported before, for the next page.
    package var before: Timestamp?
    /// Of one case.
    package var caseID: CaseID?
    /// At most; 1 to 500.
    package var limit: Int

    package init(
        host: AgentID? = nil, severity: Severity? = nil, since: Timestamp? = nil, before: Timestamp? = nil,
        caseID: CaseID? = nil, limit: Int = 50
    ) {
        self.host = host
        self.severity = severity
        self.since = since
        self.before = before
        self.caseID = caseID
        self.limit = min(max(limit, 1), 500)
    }
}

/// An event as it is kept.
package struct StoredEvent: Sendable, Hashable {
    package var agent: AgentID
    /// By the controller's clock.
    package var receivedAt: Timestamp
    package var event: Event

    package init(agent: AgentID, receivedAt: Timestamp, event: Event) {
        self.agent = agent
        self.receivedAt = receivedAt
        self.event = event
    }
}

/// What could not be understood and is kept.
package struct AsideItem: Sendable, Hashable {
    package var agent: AgentID
    package var receivedAt: Timestamp
    /// Why, for people.
    package var reason: String
    /// As it came, as far as it was kept.
    package var bytes: [UInt8]

    package init(agent: AgentID, receivedAt: Timestamp, reason: String, bytes: [UInt8]) {
        self.agent = agent
        self.receivedAt = receivedAt
        self.reason = reason
        self.bytes = bytes
    }
}
