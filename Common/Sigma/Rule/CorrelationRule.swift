/// One Sigma correlation rule (specification 2.1.0, correlation rules): rules over the matches of other rules.
package struct CorrelationRule: Sendable, Hashable {
    package var id: String
    package var name: String?
    package var title: String
    package var author: String?
    package var level: SigmaRule.Level
    package var tags: [String]
    package var kind: Kind
    /// The `id` of each rule or correlation it looks at, in the order of writing.
    package var rules: [String]
    /// Fields or aliases whose values make a group; a match without one of them counts nowhere.
    package var groupBy: [String]
    /// Seconds of the sliding window.
    package var timespan: Int
    /// All must hold of the figure; for temporal kinds the figure is the number of different rules. Empty only there.
    package var conditions: [Bound]
    /// Alias to the field that stands for it in each rule, by the rule's `id`.
    package var aliases: [String: [String: String]]
    /// `generate`: the rules it looks at alert by themselves too.
    package var generatesBaseAlerts: Bool

    package init(
        id: String, name: String? = nil, title: String, author: String? = nil,
        level: SigmaRule.Level = .informational, tags: [String] = [], kind: Kind, rules: [String],
        groupBy: [String] = [], timespan: Int, conditions: [Bound] = [],
        aliases: [String: [String: String]] = [:], generatesBaseAlerts: Bool = false
    ) {
        (self.id, self.name, self.title, self.author) = (id, name, title, author)
        (self.level, self.tags, self.kind, self.rules) = (level, tags, kind, rules)
        (self.groupBy, self.timespan, self.conditions) = (groupBy, timespan, conditions)
        (self.aliases, self.generatesBaseAlerts) = (aliases, generatesBaseAlerts)
    }

    /// `type`. The fields are those of `condition.field`.
    package enum Kind: Sendable, Hashable {
        case eventCount
        /// Distinct values; of several fields, distinct tuples.
        case valueCount([String])
        case temporal
        case temporalOrdered
        case valueSum(String)
        case valueAverage(String)
        /// Nearest rank, 0…100.
        case valuePercentile(String, percentile: Double)
    }

    /// One bound of `condition`.
    package struct Bound: Sendable, Hashable {
        package var comparison: Comparison
        package var value: Double

        package init(_ comparison: Comparison, _ value: Double) { (self.comparison, self.value) = (comparison, value) }
    }
}
