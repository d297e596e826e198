extension CorrelationRule {
    /// What the condition is about, in one window; `nil` where there is nothing to judge.
    func figure(_ window: ArraySlice<GroupWindow.Sample>) -> Double? {
        switch kind {
        case .eventCount: Double(window.count)
        case .valueCount: Double(Set(window.map(\.mark)).count)
        case .temporal: Double(Set(window.map(\.rule)).count)
        case .temporalOrdered: Double(orderedRules(window))
        case .valueSum: window.isEmpty ? nil : window.reduce(0) { $0 + $1.value }
        case .valueAverage: window.isEmpty ? nil : window.reduce(0) { $0 + $1.value } / Double(window.count)
        case .valuePercentile(_, let percentile): Self.percentile(percentile, of: window.map(\.value))
        }
    }

    /// Whether the figure fulfils the condition. Of temporal kinds without one: every rule matched.
    func isFulfilled(_ figure: Double) -> Bool {
        conditions.isEmpty
            ? figure >= Double(rules.count) : conditions.allSatisfy { $0.comparison.holds(figure, $0.value) }
    }

    /// How many rules of the list, from its beginning, matched one after the other.
    private func orderedRules(_ window: ArraySlice<GroupWindow.Sample>) -> Int {
        var next: Int32 = 0
        for sample in window where sample.rule == next { next += 1 }
        return Int(next)
    }

    /// Nearest rank: the smallest value that at least so many percent of the values do not exceed.
    private static func percentile(_ percentile: Double, of values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let rank = (percentile / 100 * Double(values.count)).rounded(.up)
        return values.sorted()[min(max(Int(rank), 1), values.count) - 1]
    }

    /// The fields whose value a match must have to count.
    var valueFields: [String] {
        switch kind {
        case .valueCount(let fields): fields
        case .valueSum(let field), .valueAverage(let field), .valuePercentile(let field, _): [field]
        case .eventCount, .temporal, .temporalOrdered: []
        }
    }

    /// Whether only numbers count.
    var needsNumbers: Bool {
        switch kind {
        case .valueSum, .valueAverage, .valuePercentile: true
        default: false
        }
    }
}
