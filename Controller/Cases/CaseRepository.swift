package import CordonModel

/// What cases need of the store. Every function is one transaction; audit entries land with the change that they record.
package protocol CaseRepository: Sendable {
    /// Opens a case with the next number, unless the draft's alert already stands in one: then that one is answered.
    func open(_ draft: CaseDraft) async throws -> (case: Case, isNew: Bool)

    /// Reads the case, asks the closure what to change, and changes that, with nothing in between. An empty
    /// amendment leaves the case, its time of change included, as it was.
    /// - Returns: The case afterwards; `nil` when there is none of that identifier.
    func amend(_ id: CaseID, _ decide: @escaping @Sendable (Case) throws -> CaseAmendment) async throws -> Case?

    func file(_ id: CaseID) async throws -> Case?
    func file(number: Int) async throws -> Case?
    /// The case that the alert stands in.
    func caseID(of alert: AlertID) async throws -> CaseID?
    func list(_ filter: CaseFilter) async throws -> [CaseSummary]
    /// Entries after that number, oldest first.
    func timeline(of id: CaseID, after number: Int, limit: Int) async throws -> [TimelineEntry]
    /// Cases with a playbook still to be started.
    func awaitingPlaybooks() async throws -> [CaseID]
    func statistics(now: Timestamp) async throws -> CaseStatistics
}

/// A case before it has its number.
package struct CaseDraft: Sendable {
    package var id: CaseID
    package var title: String
    package var severity: Severity
    package var openedAt: Timestamp
    /// The alert that it is opened for; `nil` when a person opens it.
    package var alert: AlertID?
    /// What it starts with.
    package var first: CaseAmendment

    package init(
        id: CaseID, title: String, severity: Severity, openedAt: Timestamp, alert: AlertID?, first: CaseAmendment
    ) {
        self.id = id
        self.title = title
        self.severity = severity
        self.openedAt = openedAt
        self.alert = alert
        self.first = first
    }
}

/// What changes in a case, at once. What is `nil` or empty stays as it is.
package struct CaseAmendment: Sendable {
    package var at: Timestamp
    package var title: String?
    package var severity: Severity?
    package var status: CaseStatus?
    package var assignee: Assignment = .unchanged
    package var alerts: [CaseAlert] = []
    package var hosts: [AgentID] = []
    package var observables: [CaseObservable] = []
    /// Added, or replaced when the identifier is there.
    package var tasks: [CaseTask] = []
    /// Added, or replaced when the request is there.
    package var playbooks: [CasePlaybook] = []
    package var timeline: [TimelineDraft] = []
    package var audit: [AuditEntry] = []

    package enum Assignment: Sendable, Hashable {
        case unchanged
        case nobody
        case person(String)
    }

    package init(at: Timestamp) { self.at = at }

    /// Whether nothing changes.
    package var isEmpty: Bool {
        title == nil && severity == nil && status == nil && assignee == .unchanged && alerts.isEmpty && hosts.isEmpty
            && observables.isEmpty && tasks.isEmpty && playbooks.isEmpty && timeline.isEmpty && audit.isEmpty
    }
}
