package import CordonModel

/// A correlation whose condition has become true for one group.
package struct CorrelationMatch: Sendable, Hashable {
    package let id: String
    package let title: String
    package let author: String?
    package let level: SigmaRule.Level
    package let tags: [String]
    /// What `group-by` names, in its order, and the values.
    package let group: [GroupValue]
    /// What the condition is about: events, distinct values, rules, a sum, an average, a percentile.
    package let figure: Double
    /// When the first and the last match that count happened.
    package let first: Timestamp
    package let last: Timestamp
    /// The caller's numbers of the events that count, the newest ones, in order of time.
    package let events: [UInt64]
    /// Whether matches that should count were forgotten, for there were too many.
    package let isTruncated: Bool

    /// One field of a group.
    package struct GroupValue: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }
}
