package import CordonModel

/// One question to many hosts, and how far it is.
package struct HuntRecord: Sendable, Hashable {
    package var id: HuntID
    package var question: HuntQuestion
    /// For each host.
    package var budget: HuntBudget
    /// `Principal.name`.
    package var startedBy: String
    /// Why, for people.
    package var reason: String
    package var startedAt: Timestamp
    /// Hosts that did not answer by then are given up.
    package var expiresAt: Timestamp
    package var state: State
    package var endedAt: Timestamp?
    /// The hosts that are asked, fixed at the start.
    package var hosts: [AgentID: Host]

    package enum State: String, Sendable, Hashable, CaseIterable {
        case running
        /// Every host has answered or cannot.
        case finished
        case cancelled
        case expired
    }

    /// How one host's answer stands.
    package struct Host: Sendable, Hashable {
        package var state: HuntHostState
        /// Rows that it found.
        package var rows: Int
        /// Why it ended as it did; hostile text.
        package var message: String
        package var changedAt: Timestamp

        package init(state: HuntHostState, rows: Int = 0, message: String = "", changedAt: Timestamp) {
            self.state = state
            self.rows = rows
            self.message = message
            self.changedAt = changedAt
        }
    }

    package init(
        id: HuntID, question: HuntQuestion, budget: HuntBudget, startedBy: String, reason: String,
        startedAt: Timestamp, expiresAt: Timestamp, state: State = .running, endedAt: Timestamp? = nil,
        hosts: [AgentID: Host] = [:]
    ) {
        self.id = id
        self.question = question
        self.budget = budget
        self.startedBy = startedBy
        self.reason = reason
        self.startedAt = startedAt
        self.expiresAt = expiresAt
        self.state = state
        self.endedAt = endedAt
        self.hosts = hosts
    }

    /// How many hosts are in each state.
    package var progress: [HuntHostState: Int] { hosts.values.reduce(into: [:]) { $0[$1.state, default: 0] += 1 } }

    /// Whether it is over and no host could answer: that nothing was found says nothing.
    package var isUnanswered: Bool {
        state != .running && !hosts.isEmpty
            && hosts.values.allSatisfy { [.failed, .unsupported, .expired].contains($0.state) }
    }

    /// Rows that all hosts found.
    package var rows: Int { hosts.values.reduce(0) { $0 + $1.rows } }
}

/// Whom a hunt asks.
package enum HuntScope: Sendable, Hashable {
    /// Every host that is not revoked.
    case all
    case group(String)
    case hosts([AgentID])
}

/// One row of one host's answer. Untrusted.
package struct HuntRow: Sendable, Hashable {
    /// Grows as rows come; where to go on from.
    package var number: Int64
    package var host: AgentID
    package var values: [String: String]

    package init(number: Int64, host: AgentID, values: [String: String]) {
        self.number = number
        self.host = host
        self.values = values
    }
}

/// Where hunts are kept.
package protocol HuntRepository: Sendable {
    /// Inserts or replaces the hunt and the hosts it names, in one transaction with the entries.
    func save(_ hunt: HuntRecord, recording entries: [AuditEntry]) async throws
    /// Writes how a host's answer stands; its rows from the `first` on are replaced by these.
    func record(
        _ hunt: HuntID, _ agent: AgentID, _ host: HuntRecord.Host, rows: [[String: String]], from first: Int
    ) async throws
    /// The hunt with its hosts; `nil` when there is none.
    func hunt(_ id: HuntID) async throws -> HuntRecord?
    /// The hunts with their hosts, newest first.
    func hunts(before: HuntID?, limit: Int) async throws -> [HuntRecord]
    /// Every hunt that is running.
    func runningHunts() async throws -> [HuntRecord]
    /// Forgets a piece of the oldest hunt that ended before the instant; when all of it is gone, that is recorded.
    /// - Returns: Whether there was something to forget: ask again then.
    func forgetHunt(endedBefore: Timestamp, recording entry: @escaping @Sendable (HuntID) -> AuditEntry) async throws
        -> Bool
    /// What was found, in the order in which it came.
    func rows(of hunt: HuntID, after number: Int64, limit: Int) async throws -> [HuntRow]
}
