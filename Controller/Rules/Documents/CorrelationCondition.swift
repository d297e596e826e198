internal import CordonSigma

/// `type` and `condition` of a correlation: what is counted, and when that is a match.
struct CorrelationCondition {
    let kind: CorrelationRule.Kind
    let bounds: [CorrelationRule.Bound]
    private(set) var warnings: [RuleFault] = []

    init(_ node: YamlNode) throws(RuleFault) {
        guard let type = node["type"]?.scalar?.text else {
            throw RuleFault(node.line, "The correlation has no type.", .correlationType)
        }
        let line = node["condition"]?.line ?? node.line
        let parts = try Self.parts(node["condition"])
        bounds = parts.bounds
        kind = try Self.kind(type, parts, node["type"]?.line ?? node.line, line)
        if case .valuePercentile = kind, parts.percentile == nil {
            warnings.append(RuleFault(line, "Without “percentile” it is the median.", .correlationCondition))
        }
        let isTemporal = kind == .temporal || kind == .temporalOrdered
        guard isTemporal || !bounds.isEmpty else {
            throw RuleFault(line, "The correlation has no condition, as gte: 10.", .correlationCondition)
        }
        // Nothing happens when nothing happens: such a match would have to come from a clock, of groups nobody knows.
        guard bounds.isEmpty || !kind.isCount || !bounds.allSatisfy({ $0.holds(0) }) else {
            throw RuleFault(
                line, "The condition would hold of no events at all; give it a lower bound.", .correlationCondition)
        }
    }

    // MARK: - Reading

    private struct Parts {
        var bounds: [CorrelationRule.Bound] = []
        var fields: [String] = []
        var percentile: Double?
    }

    private static func parts(_ node: YamlNode?) throws(RuleFault) -> Parts {
        var parts = Parts()
        guard let node else { return parts }
        guard let entries = node.map else {
            throw RuleFault(node.line, "The condition of a correlation is a map.", .correlationCondition)
        }
        for entry in entries {
            if entry.key == "field" {
                parts.fields = try Attributes.texts(entry.value, "field", .correlationCondition)
                    .map { $0.filter { $0 != " " } }
                continue
            }
            guard let number = entry.value.scalar?.number else {
                throw RuleFault(entry.line, "“\(entry.key.prefix(64))” wants a number.", .correlationCondition)
            }
            if entry.key == "percentile" {
                parts.percentile = number
            } else if let comparison = Comparison(rawValue: entry.key) {
                parts.bounds.append(CorrelationRule.Bound(comparison, number))
            } else {
                throw RuleFault(
                    entry.line, "A condition has no “\(entry.key.prefix(64))”: gt, gte, lt, lte, eq, neq, field.",
                    .correlationCondition)
            }
        }
        return parts
    }

    private static func kind(
        _ type: String, _ parts: Parts, _ typeLine: Int, _ line: Int
    ) throws(RuleFault) -> CorrelationRule.Kind {
        guard type.hasPrefix("value_") || (parts.fields.isEmpty && parts.percentile == nil) else {
            throw RuleFault(line, "“\(type)” counts no values, and takes no field.", .correlationCondition)
        }
        guard type == "value_percentile" || parts.percentile == nil else {
            throw RuleFault(line, "Only value_percentile has a “percentile”.", .correlationCondition)
        }
        switch type {
        case "event_count": return .eventCount
        case "temporal": return .temporal
        case "temporal_ordered": return .temporalOrdered
        case "value_count":
            guard !parts.fields.isEmpty, parts.fields.count <= CorrelationDocument.mostFields else {
                throw RuleFault(line, "“value_count” wants a field.", .correlationCondition)
            }
            return .valueCount(parts.fields)
        case "value_sum": return .valueSum(try field(type, parts, line))
        case "value_avg": return .valueAverage(try field(type, parts, line))
        case "value_percentile":
            let percentile = parts.percentile ?? 50
            guard (0...100).contains(percentile) else {
                throw RuleFault(line, "A percentile is 0 to 100.", .correlationCondition)
            }
            return .valuePercentile(try field(type, parts, line), percentile: percentile)
        default:
            throw RuleFault(typeLine, "There is no type of correlation “\(type.prefix(64))”.", .correlationType)
        }
    }

    private static func field(_ type: String, _ parts: Parts, _ line: Int) throws(RuleFault) -> String {
        guard parts.fields.count == 1, !parts.fields[0].isEmpty else {
            throw RuleFault(line, "“\(type)” wants one field.", .correlationCondition)
        }
        return parts.fields[0]
    }
}

extension CorrelationRule.Kind {
    /// Whether its figure is 0 where nothing happens.
    fileprivate var isCount: Bool {
        switch self {
        case .eventCount, .valueCount, .temporal, .temporalOrdered: true
        case .valueSum, .valueAverage, .valuePercentile: false
        }
    }
}

extension CorrelationRule.Bound {
    fileprivate func holds(_ figure: Double) -> Bool {
        switch comparison {
        case .less: figure < value
        case .lessOrEqual: figure <= value
        case .greater: figure > value
        case .greaterOrEqual: figure >= value
        case .equal: figure == value
        case .notEqual: figure != value
        }
    }
}
