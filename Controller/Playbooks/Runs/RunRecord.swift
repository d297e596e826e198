package import CordonModel

/// Where a run is.
package enum RunState: String, Sendable, Hashable, Codable, CaseIterable {
    case running
    /// For a person, an order, an answer or a time; `RunRecord.waitingFor` says which.
    case waiting
    case succeeded
    case failed
    case cancelled

    /// Whether nothing more happens.
    package var isFinal: Bool {
        switch self {
        case .running, .waiting: false
        case .succeeded, .failed, .cancelled: true
        }
    }
}

/// One run of one playbook, as lists show it.
package struct RunRecord: Sendable, Hashable, Codable {
    package var id: RunID
    /// The CACAO identifier, `playbook--UUID`.
    package var playbook: String
    package var playbookName: String
    package var caseID: CaseID?
    package var state: RunState
    package var startedBy: String
    package var startedAt: Timestamp
    package var finishedAt: Timestamp?
    /// One sentence on what it waits for; empty when it does not.
    package var waitingFor: String
    /// One sentence on why it failed; empty when it did not.
    package var failure: String

    package init(
        id: RunID, playbook: String, playbookName: String, caseID: CaseID?, state: RunState, startedBy: String,
        startedAt: Timestamp, finishedAt: Timestamp? = nil, waitingFor: String = "", failure: String = ""
    ) {
        self.id = id
        self.playbook = playbook
        self.playbookName = playbookName
        self.caseID = caseID
        self.state = state
        self.startedBy = startedBy
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.waitingFor = waitingFor
        self.failure = failure
    }
}

/// Which runs to list, newest first.
package struct RunFilter: Sendable, Hashable {
    package var caseID: CaseID?
    package var states: Set<RunState>?
    /// Runs with a smaller identifier: the page after the one that ended with it.
    package var before: RunID?
    /// 1 to 1000.
    package var limit: Int

    package init(caseID: CaseID? = nil, states: Set<RunState>? = nil, before: RunID? = nil, limit: Int = 100) {
        self.caseID = caseID
        self.states = states
        self.before = before
        self.limit = limit
    }
}
