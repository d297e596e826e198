package import CordonModel

/// A case as a list shows it.
package struct CaseSummary: Sendable, Hashable {
    package var id: CaseID
    package var number: Int
    /// May hold hostile text.
    package var title: String
    package var severity: Severity
    package var status: CaseStatus
    package var assignee: String?
    package var openedAt: Timestamp
    package var updatedAt: Timestamp
    package var hostCount: Int
    package var alertCount: Int
    package var openTasks: Int

    /// `C-12`.
    package var label: String { Case.label(number) }

    package init(
        id: CaseID, number: Int, title: String, severity: Severity, status: CaseStatus, assignee: String?,
        openedAt: Timestamp,
        updatedAt: Timestamp, hostCount: Int, alertCount: Int, openTasks: Int
    ) {
        self.id = id
        self.number = number
        self.title = title
        self.severity = severity
        self.status = status
        self.assignee = assignee
        self.openedAt = openedAt
        self.updatedAt = updatedAt
        self.hostCount = hostCount
        self.alertCount = alertCount
        self.openTasks = openTasks
    }
}

/// Which cases; the highest number first.
package struct CaseFilter: Sendable, Hashable {
    /// Any of these; empty means any at all.
    package var statuses: [CaseStatus]
    /// At least this.
    package var severity: Severity?
    package var assignee: String?
    package var host: AgentID?
    /// Numbers below this, for the next page.
    package var before: Int?
    /// At most; 1 to 500.
    package var limit: Int

    package init(
        statuses: [CaseStatus] = [], severity: Severity? = nil, assignee: String? = nil, host: AgentID? = nil,
        before: Int? = nil, limit: Int = 50
    ) {
        self.statuses = statuses
        self.severity = severity
        self.assignee = assignee
        self.host = host
        self.before = before
        self.limit = min(max(limit, 1), 500)
    }

    /// What waits for somebody.
    package static let open = CaseFilter(statuses: CaseStatus.allCases.filter(\.isOpen))
}

/// Numbers about cases.
package struct CaseStatistics: Sendable, Hashable {
    package var byStatus: [CaseStatus: Int]
    /// Of open cases.
    package var openBySeverity: [Severity: Int]
    /// Opened in the last 24 hours.
    package var openedLastDay: Int
    /// From opening to resolved or closed, of the cases that ended in the last 30 days; `nil` when there are none.
    package var meanTimeToClose: Duration?

    package init(
        byStatus: [CaseStatus: Int], openBySeverity: [Severity: Int], openedLastDay: Int, meanTimeToClose: Duration?
    ) {
        self.byStatus = byStatus
        self.openBySeverity = openBySeverity
        self.openedLastDay = openedLastDay
        self.meanTimeToClose = meanTimeToClose
    }
}
