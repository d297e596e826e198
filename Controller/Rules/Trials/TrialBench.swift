internal import CordonModel
internal import CordonSigma

/// A pack at work on past events as agents put it to work on new ones: every host has correlations of its own, and time
/// is what events say.
struct TrialBench: Sendable {
    private var matcher: SigmaMatcher
    /// One that remembers nothing: what each host begins with.
    private let beginning: SigmaCorrelator
    private var correlators: [AgentID: SigmaCorrelator] = [:]
    private var findings: [String: TrialFinding] = [:]
    /// Events that were looked at.
    private(set) var count = 0
    /// Groups that correlators which are gone have forgotten.
    private var forgotten = 0
    private let mostRemembered: Int

    /// - Parameters:
    ///   - content: A pack's compiled rules.
    ///   - mostRemembered: Matches that all hosts' correlations together may remember.
    init(_ content: [UInt8], mostRemembered: Int = 500_000) throws {
        let pack = try RulePack(content)
        matcher = SigmaMatcher(try SigmaEngine(pack.rules))
        beginning = try SigmaCorrelator(pack.correlations, rules: pack.rules.map(\.id))
        self.mostRemembered = mostRemembered
    }

    /// Tries the rules on events that follow those before in time.
    mutating func look(at events: [PastEvent]) {
        for event in events { look(at: event) }
    }

    private mutating func look(at past: PastEvent) {
        defer { count += 1 }
        for (match, view) in matcher.matches(inViews: SigmaRecord.views(of: past.event)) {
            note(match, past)
            guard beginning.isInterested(in: match.id) else { continue }
            // An event of the future would hold a window open for as long as it pleases.
            let time = min(past.time, past.event.created)
            let fired = correlators[past.host, default: beginning]
                .consume(match, of: view, at: time, event: UInt64(count))
            for match in fired { note(match, past) }
        }
    }

    private mutating func note(_ match: SigmaMatch, _ past: PastEvent) {
        let new = TrialFinding(
            id: match.id, title: match.title, author: match.author, level: match.level.rawValue, isCorrelation: false,
            alerts: match.level != .informational && beginning.alertsByItself(match.id), at: past.time)
        findings[match.id, default: new].add(past, since: past.time)
    }

    private mutating func note(_ match: CorrelationMatch, _ past: PastEvent) {
        let new = TrialFinding(
            id: match.id, title: match.title, author: match.author, level: match.level.rawValue, isCorrelation: true,
            alerts: match.level != .informational, at: past.time)
        findings[match.id, default: new].add(past, since: match.first)
    }

    /// Forgets what no event after an instant can reach, where much is remembered.
    /// - Returns: Whether what is left is little enough to go on.
    mutating func makeRoom(at time: Timestamp) -> Bool {
        guard remembered > mostRemembered else { return true }
        for host in correlators.keys {
            correlators[host]?.forget(before: time)
            guard let correlator = correlators[host], correlator.remembered == 0 else { continue }
            forgotten += correlator.truncations
            correlators[host] = nil
        }
        return remembered <= mostRemembered
    }

    private var remembered: Int { correlators.values.reduce(0) { $0 + $1.remembered } }

    /// What was found up to now, with so many findings at most.
    func report(limit: Int) -> TrialReport {
        let all = findings.values.sorted { left, right in
            let (a, b) = (Self.rank(left.level), Self.rank(right.level))
            return (a, left.matches, right.id) > (b, right.matches, left.id)
        }
        return TrialReport(
            findings: Array(all.prefix(limit)), leftOut: max(0, all.count - limit), events: count, unreadable: 0,
            forgotten: correlators.values.reduce(forgotten) { $0 + $1.truncations },
            abandoned: matcher.engine.abandonedSearches)
    }

    private static func rank(_ level: String) -> Int {
        SigmaRule.Level.allCases.firstIndex { $0.rawValue == level } ?? 0
    }
}
