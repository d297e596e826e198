internal import CordonModel
internal import Synchronization

/// Trials of published packs on what hosts shipped in the past. They are costly, so few run at once.
package final class RuleTrials: Sendable {
    /// Trials at once.
    package static let most = 2

    private let repository: any RulePackRepository
    private let history: any EventHistory
    private let running = Mutex(0)

    /// What a trial looks at, and its budget.
    package struct Request: Sendable {
        /// The pack's.
        package var version: Int64
        package var stretch: HistoryStretch
        /// Findings of the report at most.
        package var limit: Int
        /// Events that are looked at, at most.
        package var mostEvents: Int
        package var time: Duration

        package init(
            version: Int64, stretch: HistoryStretch, limit: Int = 1000, mostEvents: Int = 5_000_000,
            time: Duration = .seconds(120)
        ) {
            (self.version, self.stretch, self.limit) = (version, stretch, limit)
            (self.mostEvents, self.time) = (mostEvents, time)
        }
    }

    init(repository: any RulePackRepository, history: any EventHistory) {
        (self.repository, self.history) = (repository, history)
    }

    /// A trial that is ready to run; it counts as one that runs until nobody holds it any more.
    /// - Throws: ``RulesError`` `rules.range` for a stretch that is none, `rules.unknown` when there is no such version,
    ///   `rules.busy` when as many run as may.
    package func prepare(_ request: Request) async throws -> RuleTrial {
        guard request.stretch.from < request.stretch.to else {
            throw RulesError(
                "range", "The time to look at ends before it begins.", remedy: "Give a beginning before the end.")
        }
        let seat = try Seat(of: self)
        guard let content = try await repository.content(of: request.version) else {
            throw RulesError.unknown(request.version)
        }
        return try await RuleTrial(request, content: content, history: history, seat: seat)
    }

    /// The right to run; given back with its last holder.
    final class Seat: Sendable {
        private let trials: RuleTrials

        init(of trials: RuleTrials) throws(RulesError) {
            let isFree = trials.running.withLock { running in
                guard running < most else { return false }
                running += 1
                return true
            }
            guard isFree else {
                throw RulesError(
                    "busy", "\(most) packs are being tried already.", remedy: "Try again when one of them is over.")
            }
            self.trials = trials
        }

        deinit { trials.running.withLock { $0 -= 1 } }
    }
}

extension RulesError {
    static func unknown(_ version: Int64) -> RulesError {
        RulesError("unknown", "There is no version \(version) of the rules.", remedy: "`cordon rules list` shows them.")
    }
}
