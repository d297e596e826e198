package import CordonModel

/// One incident as people work on it, whole. Lists use ``CaseSummary``.
package struct Case: Sendable, Hashable {
    package var id: CaseID
    /// For people: 12 is shown as C-12. From 1, without gaps.
    package var number: Int
    /// May hold hostile text.
    package var title: String
    package var severity: Severity
    package var status: CaseStatus
    /// A user's name.
    package var assignee: String?
    package var openedAt: Timestamp
    /// Of the last change of any kind.
    package var updatedAt: Timestamp
    /// When it was resolved or closed; `nil` while it is open.
    package var closedAt: Timestamp?
    package var hosts: [AgentID]
    package var alerts: [CaseAlert]
    package var observables: [CaseObservable]
    package var tasks: [CaseTask]
    package var playbooks: [CasePlaybook]
    /// Entries of its timeline.
    package var entryCount: Int

    /// `C-12`.
    package var label: String { Self.label(number) }

    /// The label of a number.
    package static func label(_ number: Int) -> String { "C-\(number)" }

    /// The number of a label in either case, or of bare digits; `nil` for anything else.
    package static func number(_ label: some StringProtocol) -> Int? {
        let digits = label.hasPrefix("C-") || label.hasPrefix("c-") ? label.dropFirst(2) : label[...]
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return Int(digits)
    }

    package init(
        id: CaseID, number: Int, title: String, severity: Severity, status: CaseStatus, assignee: String?,
        openedAt: Timestamp,
        updatedAt: Timestamp, closedAt: Timestamp?, hosts: [AgentID] = [], alerts: [CaseAlert] = [],
        observables: [CaseObservable] = [], tasks: [CaseTask] = [], playbooks: [CasePlaybook] = [], entryCount: Int = 0
    ) {
        self.id = id
        self.number = number
        self.title = title
        self.severity = severity
        self.status = status
        self.assignee = assignee
        self.openedAt = openedAt
        self.updatedAt = updatedAt
        self.closedAt = closedAt
        self.hosts = hosts
        self.alerts = alerts
        self.observables = observables
        self.tasks = tasks
        self.playbooks = playbooks
        self.entryCount = entryCount
    }

    /// Bounds of one case; what is beyond is refused, or for alerts left out of the case with a word in its timeline.
    package enum Limits {
        /// Bytes of a title.
        package static let title = 300
        /// Bytes of a note, and of any entry of the timeline.
        package static let text = 16_384
        package static let tasks = 200
        package static let observables = 1000
        package static let hosts = 1000
        package static let alerts = 5000
        /// Entries that people write.
        package static let timeline = 20_000
        /// Bytes of a user's name.
        package static let name = 200
    }
}

/// How far the work on a case is.
package enum CaseStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case new
    case inProgress = "in_progress"
    /// The attacker is cut off; what remains is cleaning up.
    case contained
    case resolved
    /// Final, but may be taken up again.
    case closed

    /// Whether alerts may join it.
    package var isOpen: Bool { self != .resolved && self != .closed }

    /// What may follow.
    package var next: [CaseStatus] {
        switch self {
        case .new: [.inProgress, .contained, .resolved, .closed]
        case .inProgress: [.contained, .resolved, .closed]
        case .contained: [.inProgress, .resolved, .closed]
        case .resolved: [.inProgress, .closed]
        case .closed: [.inProgress]
        }
    }
}

/// An alert of a case.
package struct CaseAlert: Sendable, Hashable {
    package var id: AlertID
    package var host: AgentID?
    package var addedAt: Timestamp
    /// Why it stands here, for people.
    package var reason: String

    package init(id: AlertID, host: AgentID?, addedAt: Timestamp, reason: String) {
        self.id = id
        self.host = host
        self.addedAt = addedAt
        self.reason = reason
    }
}

/// An observable of a case.
package struct CaseObservable: Sendable, Hashable {
    package var observable: Observable
    package var addedAt: Timestamp
    /// A user's name, or `system` for what came with an alert.
    package var addedBy: String

    package init(observable: Observable, addedAt: Timestamp, addedBy: String) {
        self.observable = observable
        self.addedAt = addedAt
        self.addedBy = addedBy
    }
}

/// Something that a person means to do about a case.
package struct CaseTask: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case open
        case done
        case dropped
    }

    package var id: TaskID
    package var title: String
    package var state: State
    package var assignee: String?
    package var createdAt: Timestamp
    package var createdBy: String
    package var finishedAt: Timestamp?
    package var finishedBy: String?

    package init(
        id: TaskID, title: String, state: State = .open, assignee: String? = nil, createdAt: Timestamp,
        createdBy: String,
        finishedAt: Timestamp? = nil, finishedBy: String? = nil
    ) {
        self.id = id
        self.title = title
        self.state = state
        self.assignee = assignee
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.finishedAt = finishedAt
        self.finishedBy = finishedBy
    }
}

/// A playbook that a rule chose or a person started for a case.
package struct CasePlaybook: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// To be started; is started again after a stop of the controller, under the same run.
        case wanted
        case started
        case failed
    }

    /// The CACAO identifier.
    package var playbook: String
    /// Chosen before the start and handed to the engine with it, so that starting twice is starting once.
    package var request: RunID
    /// The run; `nil` until it is started.
    package var run: RunID?
    package var state: State
    package var at: Timestamp

    package init(playbook: String, request: RunID, run: RunID? = nil, state: State, at: Timestamp) {
        self.playbook = playbook
        self.request = request
        self.run = run
        self.state = state
        self.at = at
    }
}
