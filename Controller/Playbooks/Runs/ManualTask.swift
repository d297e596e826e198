package import CordonModel

/// One thing that a run waits for a person to do or decide.
package struct ManualTask: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Somebody does it and says so.
        case task
        /// Somebody says yes or no.
        case approval
    }

    /// What happens when nobody answers in time.
    package enum TimeoutRule: String, Sendable, Hashable, Codable, CaseIterable {
        /// As if it had been denied.
        case deny
        /// As if it had been approved.
        case approve
        /// The step fails with ACTION_TIMEOUT.
        case fail
    }

    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case open
        case approved
        case denied
        /// Nobody answered in time; the timeout rule was applied.
        case timedOut = "timed_out"
        /// The run ended first.
        case cancelled
    }

    package var id: TaskID
    package var run: RunID
    package var caseID: CaseID?
    package var playbookName: String
    /// The step's CACAO identifier.
    package var step: String
    package var stepName: String
    package var kind: Kind
    /// What to do or decide, variables filled in. May hold hostile text: escape it where it is shown.
    package var text: String
    /// The least role that may answer.
    package var role: Role
    /// The person who is asked; `nil` for anybody with the role.
    package var assignee: String?
    package var createdAt: Timestamp
    /// `nil` where it may wait for ever.
    package var dueAt: Timestamp?
    package var onTimeout: TimeoutRule
    package var state: State
    /// Who answered; `nil` while open and after a timeout.
    package var decidedBy: String?
    package var decidedAt: Timestamp?
    package var reason: String

    package init(
        id: TaskID, run: RunID, caseID: CaseID?, playbookName: String, step: String, stepName: String, kind: Kind,
        text: String, role: Role, assignee: String?, createdAt: Timestamp, dueAt: Timestamp?, onTimeout: TimeoutRule,
        state: State = .open, decidedBy: String? = nil, decidedAt: Timestamp? = nil, reason: String = ""
    ) {
        self.id = id
        self.run = run
        self.caseID = caseID
        self.playbookName = playbookName
        self.step = step
        self.stepName = stepName
        self.kind = kind
        self.text = text
        self.role = role
        self.assignee = assignee
        self.createdAt = createdAt
        self.dueAt = dueAt
        self.onTimeout = onTimeout
        self.state = state
        self.decidedBy = decidedBy
        self.decidedAt = decidedAt
        self.reason = reason
    }
}

/// An answer to a task.
package enum TaskDecision: String, Sendable, Hashable, Codable, CaseIterable {
    /// Yes; for a plain task: done.
    case approve
    /// No; for a plain task: could not be done. The step fails.
    case deny
}

/// Which tasks to list, oldest first.
package struct TaskFilter: Sendable, Hashable {
    package var caseID: CaseID?
    package var run: RunID?
    package var states: Set<ManualTask.State>?
    /// 1 to 1000.
    package var limit: Int

    package init(
        caseID: CaseID? = nil, run: RunID? = nil, states: Set<ManualTask.State>? = [.open], limit: Int = 200
    ) {
        self.caseID = caseID
        self.run = run
        self.states = states
        self.limit = limit
    }
}
