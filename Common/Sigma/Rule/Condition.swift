package import CordonMatch
package import CordonModel

/// What must hold of an event: a tree without names or quantifiers.
package indirect enum Condition: Sendable, Hashable {
    /// Every one of them; true when there is none.
    case all([Condition])
    /// At least one of them; false when there is none.
    case any([Condition])
    case not(Condition)
    /// Any value of the field passes the test; false where the field is absent, ``ValueTest/isNull`` and
    /// ``ValueTest/exists(_:)`` excepted.
    case field(String, ValueTest)
    /// Some text anywhere in the event has the pattern (which loading has wrapped in `*`).
    case keyword(Wildcards, isCased: Bool)
}

/// The test of one field's value.
package enum ValueTest: Sendable, Hashable {
    /// The whole value has the pattern: `startswith`, `endswith` and `contains` are wildcards at its ends.
    case pattern(Wildcards, isCased: Bool)
    /// `re`, found anywhere in the value.
    case expression(RegularExpression)
    /// `cidr`.
    case network(Network)
    /// `lt`, `lte`, `gt`, `gte`, and a number that `neq` excludes is `.not(.field(…, .pattern))`.
    case number(Comparison, Double)
    /// `minute`, `hour`, `day`, `week`, `month`, `year` of a time stamp, in UTC.
    case time(TimePart, Comparison, Int)
    /// `exists`: the field is there, whatever its value, or is not.
    case exists(Bool)
    /// `null`: the field is absent, or there and null. Never an empty text.
    case isNull
    /// `fieldref`: the value stands so in the other field's; false when either is absent.
    case field(String, Placement, isCased: Bool)
}

/// `re` with the modifiers `i`, `m`, `s`.
package struct RegularExpression: Sendable, Hashable {
    package var source: String
    package var options: RegularExpressionOptions

    package init(_ source: String, options: RegularExpressionOptions = []) {
        (self.source, self.options) = (source, options)
    }
}

package struct RegularExpressionOptions: OptionSet, Sendable, Hashable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let ignoresCase = RegularExpressionOptions(rawValue: 1)
    package static let isMultiline = RegularExpressionOptions(rawValue: 2)
    package static let dotMatchesNewlines = RegularExpressionOptions(rawValue: 4)
}

package enum Comparison: String, Sendable, Hashable, CaseIterable {
    case less = "lt"
    case lessOrEqual = "lte"
    case greater = "gt"
    case greaterOrEqual = "gte"
    case equal = "eq"
    case notEqual = "neq"
}

package enum TimePart: String, Sendable, Hashable, CaseIterable {
    case minute, hour, day, week, month, year
}

/// Where in the other field's value.
package enum Placement: String, Sendable, Hashable, CaseIterable {
    case whole, prefix, suffix, within
}
