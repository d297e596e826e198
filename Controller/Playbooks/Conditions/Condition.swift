/// A boolean expression of CACAO conditions: the comparison expression of STIX patterning (STIX 2.1 §9.6), whose
/// object paths are variables.
package indirect enum Condition: Sendable, Hashable {
    case or(Condition, Condition)
    case and(Condition, Condition)
    case compare(Operand, Operator, Operand, negated: Bool)
    case within(Operand, [Operand], negated: Bool)
    /// Whether the variable has a value.
    case exists(String, negated: Bool)
    /// A variable alone, which must be true or false.
    case truth(String)

    package enum Operator: String, Sendable, Hashable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case like = "LIKE"
        case matches = "MATCHES"
        case isSubset = "ISSUBSET"
        case isSuperset = "ISSUPERSET"
    }

    package enum Operand: Sendable, Hashable {
        case variable(String)
        case text(String)
        case number(String)
        case flag(Bool)
        /// `t'…'`, `h'…'` and `b'…'`: the letter and what stands between the quotes.
        case tagged(Character, String)
        /// A word without quotes, which STIX does not have but authors write.
        case bare(String)
    }

    /// The variables that it names, in order.
    package var variables: [String] {
        switch self {
        case .or(let left, let right), .and(let left, let right): left.variables + right.variables
        case .compare(let left, _, let right, _): left.names + right.names
        case .within(let left, let set, _): left.names + set.flatMap(\.names)
        case .exists(let name, _), .truth(let name): [name]
        }
    }

    /// Whether it asks for a regular expression, which this version does not evaluate.
    package var usesMatches: Bool {
        switch self {
        case .or(let left, let right), .and(let left, let right): left.usesMatches || right.usesMatches
        case .compare(_, let operation, _, _): operation == .matches
        case .within, .exists, .truth: false
        }
    }
}

extension Condition.Operand {
    fileprivate var names: [String] { if case .variable(let name) = self { [name] } else { [] } }
}
