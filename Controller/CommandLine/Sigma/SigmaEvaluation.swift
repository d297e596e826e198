internal import ControllerRules
internal import CordonModel
internal import CordonScan
internal import CordonSigma

/// A rule set at work on the lines of an events file.
struct SigmaEvaluation {
    /// What holds of an event, a rule or a correlation.
    struct Match {
        let id: String
        let title: String
        let author: String?
        let level: String
    }

    private var matcher: SigmaMatcher
    private var correlator: SigmaCorrelator
    private let hasCorrelations: Bool
    private let isRouting: Bool
    private var bad: (count: Int, first: Int)?
    private var withoutLogSource = 0
    private var withoutTime = 0

    /// - Throws: ``Complaint`` where the rules are too large together.
    init(_ set: RuleSet, isRouting: Bool) throws {
        do {
            matcher = SigmaMatcher(try SigmaEngine(set.rules), isRouting: isRouting)
            correlator = try SigmaCorrelator(set.correlations, rules: set.rules.map(\.id))
        } catch let error as any ActionableError {
            throw Complaint(.failed, error.message, error.remedy)
        }
        hasCorrelations = !set.correlations.isEmpty
        self.isRouting = isRouting
    }

    /// The rules that hold of a line's event, then the correlations that it completes.
    mutating func matches(_ line: [UInt8], number: Int) -> [Match] {
        // A blank line is no event, and no fault.
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return [] }
        let limits = JSONValue.Limits(depth: 64, bytes: EventLines.longest, nodes: 1_000_000)
        guard case .object(let object)? = try? JSONValue.parse(line, limits: limits) else {
            bad = ((bad?.count ?? 0) + 1, bad?.first ?? number)
            return []
        }
        let event = LoggedEvent(object)
        if event.hasNoLogSource { withoutLogSource += 1 }
        let found = matcher.matches(inViews: event.views)
        guard hasCorrelations else { return found.map { Match($0.match) } }
        return found.filter { correlator.alertsByItself($0.match.id) }.map { Match($0.match) }
            + correlated(found, event.time, UInt64(number))
    }

    private mutating func correlated(
        _ found: [(match: SigmaMatch, view: SigmaRecord)], _ time: Timestamp?, _ number: UInt64
    ) -> [Match] {
        guard let time else {
            withoutTime += 1
            return []
        }
        return found.flatMap { correlator.consume($0.match, of: $0.view, at: time, event: number) }.map(Match.init)
    }

    // MARK: - The end

    /// Whether something was not looked at.
    var hasFailed: Bool { bad != nil || matcher.engine.abandonedSearches > 0 }

    var complaints: [String] {
        var complaints: [String] = []
        if let bad {
            complaints.append("\(bad.count) lines are no JSON object, the first is line \(bad.first + 1).")
        }
        if isRouting, withoutLogSource > 0 {
            complaints.append("\(withoutLogSource) events name no log source; --no-routing tries every rule on them.")
        }
        if withoutTime > 0 { complaints.append("\(withoutTime) events have no time, and count in no correlation.") }
        let abandoned = matcher.engine.abandonedSearches
        if abandoned > 0 {
            complaints.append("\(abandoned) searches of regular expressions were given up for their cost.")
        }
        return complaints
    }
}

extension SigmaEvaluation.Match {
    fileprivate init(_ match: SigmaMatch) {
        (id, title, author, level) = (match.id, match.title, match.author, match.level.rawValue)
    }

    fileprivate init(_ match: CorrelationMatch) {
        (id, title, author, level) = (match.id, match.title, match.author, match.level.rawValue)
    }
}
