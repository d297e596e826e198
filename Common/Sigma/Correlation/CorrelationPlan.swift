/// Correlations that were checked together: which looks at which, and which rules do not alert by themselves.
struct CorrelationPlan: Sendable {
    let correlations: [CorrelationRule]
    /// By rule or correlation: the correlations that look at it, and its place among their rules.
    let listeners: [String: [Listener]]
    /// Rules and correlations that only feed others.
    let silent: Set<String>

    struct Listener: Sendable {
        var correlation: Int
        var rule: Int32
    }

    /// Correlations on each other.
    static let deepest = 10
    /// Seconds of a window: 90 days.
    static let longestSpan = 90 * 86_400

    init(_ correlations: [CorrelationRule], rules: Set<String>) throws(SigmaError) {
        self.correlations = correlations
        var listeners: [String: [Listener]] = [:]
        var (fed, generating): (Set<String>, Set<String>) = ([], [])
        let known = rules.union(correlations.map(\.id))
        guard known.count == rules.count + correlations.count else {
            throw SigmaError("duplicate", "Two correlations, or a correlation and a rule, have one id.")
        }
        for (number, correlation) in correlations.enumerated() {
            try Self.check(correlation, known: known)
            for (place, rule) in correlation.rules.enumerated() {
                listeners[rule, default: []].append(Listener(correlation: number, rule: Int32(place)))
                fed.insert(rule)
                if correlation.generatesBaseAlerts { generating.insert(rule) }
            }
        }
        self.listeners = listeners
        silent = fed.subtracting(generating)
        try checkDepth()
    }

    private static func check(_ correlation: CorrelationRule, known: Set<String>) throws(SigmaError) {
        func refuse(_ reason: String) -> SigmaError {
            SigmaError("correlation", "Correlation \(correlation.id) \(reason).")
        }
        guard !correlation.rules.isEmpty, correlation.rules.count <= 1000 else {
            throw refuse("names no rules, or more than 1000")
        }
        guard Set(correlation.rules).count == correlation.rules.count else { throw refuse("names a rule twice") }
        for rule in correlation.rules where !known.contains(rule) {
            throw refuse("looks at \"\(rule)\", which is not there")
        }
        guard (1...longestSpan).contains(correlation.timespan) else {
            throw refuse("has a timespan that is not between a second and 90 days")
        }
        if let reason = objection(to: correlation) { throw refuse(reason) }
    }

    private static func objection(to correlation: CorrelationRule) -> String? {
        switch correlation.kind {
        case .temporal, .temporalOrdered: break
        case .valueCount(let fields) where fields.isEmpty: return "counts the values of no field"
        case .valuePercentile(_, let percentile) where !(0...100).contains(percentile):
            return "asks for a percentile that is not between 0 and 100"
        default: if correlation.conditions.isEmpty { return "has no condition" }
        }
        guard correlation.conditions.allSatisfy(\.value.isFinite) else { return "has a bound that is no number" }
        // What holds when nothing happens can only be seen by a clock, for groups that nobody has named.
        let counts = !correlation.needsNumbers && !correlation.conditions.isEmpty
        return counts && correlation.isFulfilled(0) ? "is fulfilled when nothing happens, which no event tells" : nil
    }

    private func checkDepth() throws(SigmaError) {
        var level = Set(correlations.map(\.id))
        for _ in 0..<Self.deepest {
            // Those that look at one of the level before.
            level = Set(correlations.filter { !level.isDisjoint(with: $0.rules) }.map(\.id))
            if level.isEmpty { return }
        }
        throw SigmaError(
            "depth",
            "Correlations look at each other in a circle, or more than \(Self.deepest) deep: "
                + "\(level.sorted().prefix(3).joined(separator: ", ")).")
    }
}
