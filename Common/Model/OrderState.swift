/// Where an order is on its way. drafted → approved → queued → leased → received → running →
/// succeeded | failed | refused | expired | unknown → reverted.
package enum OrderState: String, Sendable, Hashable, Codable, CaseIterable {
    /// It waits for people: the host takes it only with their approvals.
    case drafted
    /// Another of them has signed it.
    case approved
    case queued
    /// Handed to a stream; goes back to `queued` when the stream ends before `received`.
    case leased
    /// The agent has it on disk.
    case received
    case running
    case succeeded
    case failed
    /// The enforcer said no, and by which rule.
    case refused
    case expired
    /// The agent had it and never answered in time; its effect is not known.
    case unknown
    /// Undone by a later order.
    case reverted

    /// Whether nothing more is expected, other than being reverted.
    package var isFinal: Bool {
        switch self {
        case .succeeded, .failed, .refused, .expired, .unknown, .reverted: true
        case .drafted, .approved, .queued, .leased, .received, .running: false
        }
    }

    /// Whether the state may follow this one.
    package func canBecome(_ next: OrderState) -> Bool {
        switch self {
        case .drafted: [.approved, .expired, .refused].contains(next)
        case .approved: [.queued, .expired].contains(next)
        case .queued: [.approved, .leased, .expired].contains(next)
        case .leased:
            [.drafted, .queued, .received, .running, .succeeded, .failed, .refused, .expired, .unknown].contains(next)
        case .received:
            [.drafted, .queued, .leased, .running, .succeeded, .failed, .refused, .expired, .unknown].contains(next)
        case .running: [.drafted, .queued, .leased, .succeeded, .failed, .refused, .expired, .unknown].contains(next)
        // A late answer settles what was given up.
        case .unknown: [.succeeded, .failed, .refused, .expired, .reverted].contains(next)
        case .succeeded: next == .reverted
        case .failed, .refused, .expired, .reverted: false
        }
    }
}

/// What became of an order at the host.
package struct OrderResult: Sendable, Hashable {
    package var order: OrderID
    package var outcome: Outcome
    /// One sentence for people.
    package var message: String
    package var startedAt: Timestamp
    package var finishedAt: Timestamp
    /// What was applied and probed; `nil` where nothing was done.
    package var proof: Proof?
    /// What the order brought, which comes apart from its result; `nil` for most.
    package var evidence: Evidence?

    package init(
        order: OrderID, outcome: Outcome, message: String, startedAt: Timestamp, finishedAt: Timestamp,
        proof: Proof? = nil, evidence: Evidence? = nil
    ) {
        self.order = order
        self.outcome = outcome
        self.message = message
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.proof = proof
        self.evidence = evidence
    }
}

/// One file that an order brought from a host.
package struct Evidence: Sendable, Hashable {
    /// What a person would call it. Untrusted.
    package var name: String
    /// Of the whole: 32 bytes.
    package var sha256: [UInt8]
    /// Bytes.
    package var size: Int64

    package init(name: String, sha256: [UInt8], size: Int64) {
        self.name = name
        self.sha256 = sha256
        self.size = size
    }
}

/// The verdict on an order.
package enum Outcome: Sendable, Hashable {
    case succeeded
    /// Tried, and it did not work; nothing is left half-applied.
    case failed(code: String)
    /// Not tried. The rule is `signature`, `recipient`, `expired`, `replay`, `key` or the name of a local policy rule with its file.
    case refused(rule: String)

    /// The state the order takes.
    package var state: OrderState {
        switch self {
        case .succeeded: .succeeded
        case .failed: .failed
        case .refused(let rule): rule == "expired" ? .expired : .refused
        }
    }
}

/// Evidence that an action has its effect.
package struct Proof: Sendable, Hashable, Codable {
    /// What is in force, a line each, for people: `table inet cordon_isolation`, `killed 4242 /tmp/x`.
    package var applied: [String]
    /// SHA-256 of the rules in force as read back from the kernel, lower-case hex; empty where no rules are meant.
    package var rulesHash: String
    /// TCP sockets destroyed.
    package var socketsReset: Int
    /// Connection-tracking entries deleted.
    package var flowsDeleted: Int
    /// From verified order to effect in force, microseconds.
    package var appliedMicroseconds: Int64
    package var probes: [Probe]

    package init(
        applied: [String], rulesHash: String = "", socketsReset: Int = 0, flowsDeleted: Int = 0,
        appliedMicroseconds: Int64 = 0, probes: [Probe] = []
    ) {
        self.applied = applied
        self.rulesHash = rulesHash
        self.socketsReset = socketsReset
        self.flowsDeleted = flowsDeleted
        self.appliedMicroseconds = appliedMicroseconds
        self.probes = probes
    }

    /// One look at the world.
    package struct Probe: Sendable, Hashable, Codable {
        /// `controller_reachable`, `canary_unreachable`, `loopback_alive`, `rules_in_force`, `process_gone`, …
        package var name: String
        package var passed: Bool
        /// What was seen, for people.
        package var observed: String

        package init(name: String, passed: Bool, observed: String) {
            self.name = name
            self.passed = passed
            self.observed = observed
        }
    }
}
