internal import CordonSigma

/// A `detection`, or the part of a `filter` that is one: search identifiers and a condition.
enum Detection {
    /// What it demands; `nil` where it has a fault, which is noted.
    /// - Parameter others: Keys of the map that are no search identifiers.
    static func condition(
        _ node: YamlNode, groups: [String: [String]], others: Set<String> = [], notes: inout DocumentNotes
    ) -> Condition? {
        guard let entries = node.map else {
            notes.fault(RuleFault(node.line, "A detection is a map, not \(node.kind).", .detection))
            return nil
        }
        let before = notes.faults.count
        var identifiers: [SearchIdentifier] = []
        for entry in entries where entry.key != "condition" && !others.contains(entry.key) {
            if let fault = fault(ofKey: entry) {
                notes.fault(fault)
            } else {
                identifiers.append(SearchIdentifier(entry, groups: groups, notes: &notes))
            }
        }
        guard let condition = node["condition"] else {
            notes.fault(RuleFault(node.line, "The detection has no condition.", .condition))
            return nil
        }
        var parser = ConditionParser(identifiers, line: condition.line)
        var parts: [Condition] = []
        for text in notes.attempt(try conditions(condition)) ?? [] {
            if let part = notes.attempt(try parser.condition(text)) { parts.append(part) }
        }
        guard notes.faults.count == before else { return nil }
        // One that begins with “_” is left out on purpose.
        for identifier in identifiers where !parser.used.contains(identifier.name) && !identifier.name.hasPrefix("_") {
            notes.warn([RuleFault(identifier.line, "The condition does not use “\(identifier.name)”.", .condition)])
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private static func fault(ofKey entry: YamlNode.Entry) -> RuleFault? {
        if entry.key == "timeframe" {
            return RuleFault(
                entry.line, "“timeframe” is of the obsolete aggregations; write a correlation rule.", .aggregation)
        }
        return entry.key.isEmpty ? RuleFault(entry.line, "A search identifier has no name.", .detection) : nil
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
