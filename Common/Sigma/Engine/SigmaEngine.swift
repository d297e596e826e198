internal import CordonMatch
internal import Synchronization

/// Sigma rules, compiled once (specification 2.1.0). Immutable for all who use it; every user has a ``SigmaMatcher`` of
/// its own. Rules are sorted by what kinds of event they apply to, and the index for a kind is made when the first event
/// of it comes.
package final class SigmaEngine: Sendable {
    /// In the order in which they were given.
    package let rules: [SigmaRule]
    private let expressions: [RegularExpression: Expression]
    private let indexes = Mutex<[[Int]: RuleIndex]>([:])

    /// Indexes that are kept; kinds of event are few.
    private static let kept = 128

    /// - Throws: An error that names the rule whose regular expression does not compile, or rules that are too large.
    package init(_ rules: [SigmaRule]) throws {
        self.rules = rules
        var expressions: [RegularExpression: Expression] = [:]
        for rule in rules {
            for expression in rule.condition.expressions where expressions[expression] == nil {
                do {
                    let options = Expression.Options(rawValue: expression.options.rawValue)
                    expressions[expression] = try Expression(expression.source, options: options)
                } catch {
                    throw SigmaError("expression", "Rule \(rule.id): \(error.message)", remedy: error.remedy)
                }
            }
        }
        self.expressions = expressions
        try Self.checkSize(rules)
    }

    /// Now rather than at an event: what is too large is refused whole.
    private static func checkSize(_ rules: [SigmaRule]) throws(SigmaError) {
        var literals: [String: Int] = [:]
        for rule in rules { rule.condition.addLiterals(to: &literals) }
        guard let (field, bytes) = literals.max(by: { $0.value < $1.value }), bytes > LiteralAutomaton.capacity else {
            return
        }
        let place = field.isEmpty ? "keywords" : "field \(field)"
        throw SigmaError("size", "The rules look for \(bytes) bytes of text in \(place), which is too much.")
    }

    /// The rules that hold of one event. For many events, keep a ``SigmaMatcher``: it costs less by far.
    package func matches(_ record: SigmaRecord) -> [SigmaMatch] {
        var matcher = SigmaMatcher(self)
        return matcher.matches(record)
    }

    /// Searches of regular expressions that were given up for their cost.
    package var abandonedSearches: Int { expressions.values.reduce(0) { $0 + $1.abandoned } }

    /// The rules that apply to any of the log sources; all where it is `nil`.
    func places(for logSources: [LogSource]?) -> [Int] {
        guard let logSources else { return Array(rules.indices) }
        return rules.indices.filter { place in logSources.contains { rules[place].logSource.applies(to: $0) } }
    }

    func index(_ places: [Int]) throws(MatchError) -> RuleIndex {
        if let known = indexes.withLock({ $0[places] }) { return known }
        let index = try RuleIndex(rules, at: places, expressions: expressions)
        indexes.withLock { indexes in
            if indexes.count >= Self.kept { indexes.removeAll() }
            indexes[places] = index
        }
        return index
    }
}

extension LogSource {
    /// Whether a rule with this log source applies to an event of that one.
    package func applies(to event: LogSource) -> Bool {
        (product == nil || product == event.product) && (category == nil || category == event.category)
            && (service == nil || service == event.service)
    }
}

extension Condition {
    /// Adds the bytes of its literals by field; keywords count for the empty name.
    fileprivate func addLiterals(to sums: inout [String: Int]) {
        switch self {
        case .all(let parts), .any(let parts): for part in parts { part.addLiterals(to: &sums) }
        case .not(let part): part.addLiterals(to: &sums)
        case .field(let name, .pattern(let pattern, let isCased)):
            sums[name, default: 0] += Hint(pattern, isCased: isCased)?.literal.count ?? 0
        case .keyword(let pattern, let isCased):
            sums["", default: 0] += Hint(pattern, isCased: isCased)?.literal.count ?? 0
        case .field: break
        }
    }

    /// Every regular expression in it.
    var expressions: [RegularExpression] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.expressions)
        case .not(let part): part.expressions
        case .field(_, .expression(let expression)): [expression]
        case .field, .keyword: []
        }
    }
}
