internal import CordonSigma

/// A `detection`, or the part of a `filter` that is one: search identifiers and a condition.
struct Detection {
    let condition: Condition
    var warnings: [RuleFault] = []

    /// - Parameter others: Keys of the map that are no search identifiers.
    init(_ node: YamlNode, groups: [String: [String]], others: Set<String> = []) throws(RuleFault) {
        guard let entries = node.map else {
            throw RuleFault(node.line, "A detection is a map, not \(node.kind).", .detection)
        }
        var warnings: [RuleFault] = []
        var identifiers: [SearchIdentifier] = []
        for entry in entries where entry.key != "condition" && !others.contains(entry.key) {
            guard entry.key != "timeframe" else {
                throw RuleFault(
                    entry.line, "“timeframe” is of the obsolete aggregations; write a correlation rule.", .aggregation)
            }
            guard !entry.key.isEmpty else {
                throw RuleFault(entry.line, "A search identifier has no name.", .detection)
            }
            identifiers.append(try SearchIdentifier(entry, groups: groups, warnings: &warnings))
        }
        guard let condition = node["condition"] else {
            throw RuleFault(node.line, "The detection has no condition.", .condition)
        }
        var parser = ConditionParser(identifiers, line: condition.line)
        var parts: [Condition] = []
        for text in try Self.conditions(condition) { parts.append(try parser.condition(text)) }
        self.condition = parts.count == 1 ? parts[0] : .any(parts)
        // One that begins with “_” is left out on purpose.
        for identifier in identifiers where !parser.used.contains(identifier.name) && !identifier.name.hasPrefix("_") {
            warnings.append(
                RuleFault(identifier.line, "The condition does not use “\(identifier.name)”.", .condition))
        }
        self.warnings = warnings
    }

    /// A list of conditions is linked with or.
    private static func conditions(_ node: YamlNode) throws(RuleFault) -> [String] {
        var texts: [String] = []
        for element in node.list ?? [node] {
            guard let scalar = element.scalar, !scalar.isNull else {
                throw RuleFault(element.line, "A condition is a text, not \(element.kind).", .condition)
            }
            texts.append(scalar.text)
        }
        guard !texts.isEmpty else { throw RuleFault(node.line, "The list of conditions is empty.", .condition) }
        return texts
    }
}
