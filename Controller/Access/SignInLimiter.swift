internal import CordonModel
internal import Synchronization

/// Counts failed sign-ins by name, by source, and by both, and says when to stop trying.
///
/// The three budgets keep a guesser out without letting one lock everybody else out: one source soon loses one name
/// (5), then all names (20); a name is shut for everyone only after 50, from many sources. Sessions go on regardless.
/// A try is counted before its password is checked, so that tries in parallel are counted too, and given back on success.
final class SignInLimiter: Sendable {
    struct Budget: Sendable {
        let pair: Int
        let source: Int
        let name: Int
        /// How long a failure counts.
        let window: Duration
    }

    enum Verdict: Sendable, Hashable {
        case go
        /// Wait so long. `first` on the first refusal of a window, so that the audit chain hears of it once.
        case wait(Duration, first: Bool)
    }

    private struct Count {
        var failures = 0
        var since: Timestamp
        var reported = false
    }

    private let budget: Budget
    private let counts = Mutex<[String: Count]>([:])
    /// Keys held; the oldest go first, so that a flood of names cannot eat the memory.
    private let capacity = 20_000

    init(budget: Budget = Budget(pair: 5, source: 20, name: 50, window: .seconds(900))) { self.budget = budget }

    /// Whether a try may go on; counts it as failed until ``succeeded(name:source:)`` says otherwise.
    func attempt(name: String, source: String, now: Timestamp) -> Verdict {
        counts.withLock { counts in
            let keys = keys(name, source)
            for (key, limit) in keys {
                guard var count = counts[key], now - count.since < budget.window, count.failures >= limit else {
                    continue
                }
                let first = !count.reported
                count.reported = true
                counts[key] = count
                return .wait(budget.window - (now - count.since), first: first)
            }
            for (key, _) in keys {
                var count = counts[key] ?? Count(since: now)
                if now - count.since >= budget.window || now < count.since { count = Count(since: now) }
                count.failures += 1
                counts[key] = count
            }
            if counts.count > capacity { Self.shrink(&counts, now: now, window: budget.window, to: capacity / 2) }
            return .go
        }
    }

    /// Forgets the failures of this name from this source, and gives the other two budgets their try back.
    func succeeded(name: String, source: String) {
        counts.withLock { counts in
            let keys = keys(name, source)
            counts[keys[0].key] = nil
            for (key, _) in keys.dropFirst() {
                if let failures = counts[key]?.failures { counts[key]?.failures = max(0, failures - 1) }
            }
        }
    }

    private func keys(_ name: String, _ source: String) -> [(key: String, limit: Int)] {
        [("b \(name) \(source)", budget.pair), ("s \(source)", budget.source), ("n \(name)", budget.name)]
    }

    private static func shrink(_ counts: inout [String: Count], now: Timestamp, window: Duration, to size: Int) {
        counts = counts.filter { now - $0.value.since < window }
        guard counts.count > size else { return }
        let oldest = counts.sorted { $0.value.since < $1.value.since }.prefix(counts.count - size)
        for (key, _) in oldest { counts[key] = nil }
    }
}

extension IPAddress {
    /// What counts as one source: an IPv4 address, or the /64 that one IPv6 host can roam in.
    var signInSource: String {
        switch self {
        case .v4: "\(self)"
        case .v6: Network(self, prefix: 64).map { "\($0)" } ?? "\(self)"
        }
    }
}
