internal import CordonModel
internal import Synchronization

/// What is known of a standing order at its host. What is not known is not “no”: the host acts by itself.
package enum StandingReach: String, Sendable, CaseIterable {
    /// As the host last said, it goes by the order; or no longer, for one that was withdrawn.
    case confirmed
    /// Withdrawn, but as the host last said it goes by it still.
    case stillHeld = "still_held"
    /// The host was here since, and has not said: it may go by the order.
    case unsaid
    /// The host was not here since the order was made.
    case unsent
}

extension Fleet {
    /// What is known of that standing order at its host, by the version of the set that the host last said that it holds.
    package func reach(of record: StandingRecord) -> StandingReach {
        let host = registry.host(record.agent)
        let held = Int(clamping: host?.facts?.standingVersion ?? 0)
        let steps = standingSteps(of: record.agent)
        // A set newer than any of ours is another controller's, or was made after the backup that this one came from.
        guard held <= steps.count else { return .unsaid }
        if held >= steps.count(where: { $0 <= record.withdrawnAt ?? record.createdAt }) { return .confirmed }
        if held >= steps.count(where: { $0 <= record.createdAt }) { return .stillHeld }
        let wasHere = host.map { $0.isOnline || ($0.lastSeen ?? $0.enrolledAt) >= record.createdAt } ?? false
        return wasHere ? .unsaid : .unsent
    }

    /// When each version of the host's set was made: each has one order more, or less.
    private func standingSteps(of agent: AgentID) -> [Timestamp] {
        standing.withLock { all in
            all.filter { $0.agent == agent }.flatMap { [$0.createdAt] + ($0.withdrawnAt.map { [$0] } ?? []) }
        }
    }
}
