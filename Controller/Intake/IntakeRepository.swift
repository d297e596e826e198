package import CordonModel

/// What intake needs of the store.
package protocol IntakeRepository: Sendable {
    /// Stores what of the batch is new, then moves the position of (agent, epoch) on; durable when it returns.
    func store(_ batch: CheckedBatch) async throws -> IntakeReceipt

    /// Alerts that are new or grew since their case was told, oldest first.
    func pendingAlerts(limit: Int) async throws -> [PendingAlert]
    /// The alert needs nothing more, unless it changed after `revision`.
    func settle(_ alert: AlertID, revision: Int64) async throws
    /// The newest alert in an open case that shares the host and one of the addresses, last seen not before `since`.
    func neighbour(of alert: Alert, addresses: [Observable], since: Timestamp) async throws -> Neighbour?

    func alerts(_ filter: AlertFilter) async throws -> [AlertRecord]
    func alert(_ id: AlertID) async throws -> AlertRecord?
    /// The newest events of a host, newest first.
    func events(of host: AgentID, limit: Int) async throws -> [StoredEvent]
    /// Events that a search means.
    func search(_ search: EventSearch) async throws -> EventPage
    /// The newest gaps of a host, newest first.
    func gaps(of host: AgentID, limit: Int) async throws -> [Gap]
    /// What could not be understood, newest first.
    func aside(limit: Int) async throws -> [AsideItem]
    /// Rows kept now.
    func stored() async throws -> StoredCounts
    /// Deletes some of what retention does not keep.
    func sweep(_ retention: Retention, now: Timestamp) async throws -> SweepResult
}

/// A batch whose every item has been looked at.
package struct CheckedBatch: Sendable {
    package var agent: AgentID
    package var epoch: [UInt8]
    package var firstSequence: UInt64
    package var items: [CheckedItem]
    package var receivedAt: Timestamp
    /// Alerts with one key seen within this are one alert.
    package var window: Duration

    package init(
        agent: AgentID, epoch: [UInt8], firstSequence: UInt64, items: [CheckedItem], receivedAt: Timestamp,
        window: Duration
    ) {
        self.agent = agent
        self.epoch = epoch
        self.firstSequence = firstSequence
        self.items = items
        self.receivedAt = receivedAt
        self.window = window
    }
}

/// An item within its limits, or what is kept of one that was not.
package enum CheckedItem: Sendable, Hashable {
    case event(Event)
    case alert(Alert)
    case gap(Gap)
    case aside(reason: String, bytes: [UInt8])
    /// An alert that was cut to its limits, and why.
    case cutAlert(Alert, reason: String, bytes: [UInt8])
}

/// An alert that waits for its case to be found or told.
package struct PendingAlert: Sendable, Hashable {
    package var alert: Alert
    package var revision: Int64
    package var caseID: CaseID?

    package init(alert: Alert, revision: Int64, caseID: CaseID?) {
        self.alert = alert
        self.revision = revision
        self.caseID = caseID
    }
}

/// An alert near to another one.
package struct Neighbour: Sendable, Hashable {
    package var alert: AlertID
    package var caseID: CaseID
    /// What both have.
    package var shared: Observable
    package var lastSeen: Timestamp

    package init(alert: AlertID, caseID: CaseID, shared: Observable, lastSeen: Timestamp) {
        self.alert = alert
        self.caseID = caseID
        self.shared = shared
        self.lastSeen = lastSeen
    }
}

/// How much is kept.
package struct Retention: Sendable, Hashable {
    /// Days (UTC) of events, today among them.
    package var eventDays: Int
    /// Bytes of events; the oldest days go until the rest fits, but for today.
    package var eventBytes: Int64
    /// Of what could not be understood, and of gaps.
    package var asideAge: Duration
    package var asideCount: Int

    package init(
        eventDays: Int = 30, eventBytes: Int64 = 50 << 30,
        asideAge: Duration = .seconds(180 * 86_400),
        asideCount: Int = 100_000
    ) {
        self.eventDays = eventDays
        self.eventBytes = eventBytes
        self.asideAge = asideAge
        self.asideCount = asideCount
    }
}

/// What a sweep deleted.
package struct SweepResult: Sendable, Hashable {
    package var events: Int
    package var aside: Int
    package var gaps: Int
    /// Whether more is due: a sweep takes a bounded bite, so that writers do not wait.
    package var more: Bool

    package init(events: Int = 0, aside: Int = 0, gaps: Int = 0, more: Bool = false) {
        self.events = events
        self.aside = aside
        self.gaps = gaps
        self.more = more
    }
}

/// Rows kept.
package struct StoredCounts: Sendable, Hashable {
    package var events: Int
    package var alerts: Int
    package var gaps: Int
    package var aside: Int

    package init(events: Int, alerts: Int, gaps: Int, aside: Int) {
        self.events = events
        self.alerts = alerts
        self.gaps = gaps
        self.aside = aside
    }
}
