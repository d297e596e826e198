package import CordonModel

/// A rollout without its hosts: there may be many thousands.
package struct RolloutSummary: Sendable, Hashable {
    package let id: RolloutID
    package let plan: RolloutPlan
    package let startedBy: String
    package let startedAt: Timestamp
    package let state: RolloutState
    /// Why it was stopped, for people; empty otherwise. Untrusted where a host says it.
    package let why: String
    /// The ring that is at it.
    package let ring: Int
    package let ringBeganAt: Timestamp
    /// When it finished, stopped or was cancelled.
    package let endedAt: Timestamp?
    /// How many hosts of each ring are in each state.
    package let counts: [[RolloutHostState: Int]]

    package init(_ rollout: Rollout) {
        self.init(rollout, counts: rollout.plan.rings.indices.map(rollout.counts(of:)))
    }

    /// Of a rollout that was read without its hosts, which were counted apart.
    package init(_ rollout: Rollout, counts: [[RolloutHostState: Int]]) {
        id = rollout.id
        plan = rollout.plan
        startedBy = rollout.startedBy
        startedAt = rollout.startedAt
        state = rollout.state
        why = rollout.why
        ring = rollout.ring
        ringBeganAt = rollout.ringBeganAt
        endedAt = rollout.endedAt
        self.counts = counts
    }
}
