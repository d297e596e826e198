internal import CordonSigma

/// One search identifier of a detection: a map, a list of maps, keywords, or a mixture of the last two.
struct SearchIdentifier: Sendable {
    let name: String
    let line: Int
    let condition: Condition
    /// Tests in it: what it costs to use it.
    let size: Int

    init(
        _ entry: YamlNode.Entry, groups: [String: [String]], warnings: inout [RuleFault]
    ) throws(RuleFault) {
        (name, line) = (entry.key, entry.line)
        condition = try Self.condition(entry.value, groups, &warnings)
        size = condition.size
    }

    private static func condition(
        _ node: YamlNode, _ groups: [String: [String]], _ warnings: inout [RuleFault]
    ) throws(RuleFault) -> Condition {
        switch node.content {
        case .map(let entries): return try map(entries, node.line, groups, &warnings)
        case .scalar: return try keyword(node, groups, &warnings)
        case .list(let list):
            guard !list.isEmpty else { throw RuleFault(node.line, "A search identifier is an empty list.", .lists) }
            var parts: [Condition] = []
            for element in list {
                guard element.list == nil else { throw RuleFault(element.line, "A list holds a list.", .lists) }
                parts.append(try condition(element, groups, &warnings))
            }
            return parts.count == 1 ? parts[0] : .any(parts)
        }
    }

    private static func map(
        _ entries: [YamlNode.Entry], _ line: Int, _ groups: [String: [String]], _ warnings: inout [RuleFault]
    ) throws(RuleFault) -> Condition {
        guard !entries.isEmpty else { throw RuleFault(line, "A search identifier is an empty map.", .maps) }
        var parts: [Condition] = []
        for entry in entries {
            var item = try FieldItem(entry, groups: groups)
            parts.append(try item.condition(entry.value, warnings: &warnings))
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private static func keyword(
        _ node: YamlNode, _ groups: [String: [String]], _ warnings: inout [RuleFault]
    ) throws(RuleFault) -> Condition {
        // A keyword is an entry with no field.
        let entry = YamlNode.Entry(key: "", line: node.line, value: node)
        var item = try FieldItem(entry, groups: groups)
        return try item.condition(node, warnings: &warnings)
    }
}

extension Condition {
    /// Tests of fields and keywords in it.
    var size: Int {
        switch self {
        case .all(let parts), .any(let parts): parts.reduce(0) { $0 + $1.size }
        case .not(let part): part.size
        case .field, .keyword: 1
        }
    }
}
