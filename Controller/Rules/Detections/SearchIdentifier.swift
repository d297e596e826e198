internal import CordonSigma

/// One search identifier of a detection: a map, a list of maps, keywords, or a mixture of the last two.
struct SearchIdentifier: Sendable {
    let name: String
    let line: Int
    let condition: Condition
    /// Tests in it: what it costs to use it.
    let size: Int

    /// Faults are noted; what has one demands nothing, and is there for the condition to name.
    init(_ entry: YamlNode.Entry, groups: [String: [String]], notes: inout DocumentNotes) {
        (name, line) = (entry.key, entry.line)
        condition = Self.condition(entry.value, groups, &notes) ?? .all([])
        size = condition.size
    }

    private static func condition(
        _ node: YamlNode, _ groups: [String: [String]], _ notes: inout DocumentNotes
    ) -> Condition? {
        switch node.content {
        case .map(let entries): return map(entries, node.line, groups, &notes)
        case .scalar:
            // A keyword is an entry with no field.
            return item(YamlNode.Entry(key: "", line: node.line, value: node), groups, &notes)
        case .list(let list):
            guard !list.isEmpty else {
                notes.fault(RuleFault(node.line, "A search identifier is an empty list.", .lists))
                return nil
            }
            var parts: [Condition] = []
            for element in list {
                guard element.list == nil else {
                    notes.fault(RuleFault(element.line, "A list holds a list.", .lists))
                    continue
                }
                if let part = condition(element, groups, &notes) { parts.append(part) }
            }
            return parts.count == 1 ? parts[0] : .any(parts)
        }
    }

    private static func map(
        _ entries: [YamlNode.Entry], _ line: Int, _ groups: [String: [String]], _ notes: inout DocumentNotes
    ) -> Condition? {
        guard !entries.isEmpty else {
            notes.fault(RuleFault(line, "A search identifier is an empty map.", .maps))
            return nil
        }
        var parts: [Condition] = []
        for entry in entries {
            if let part = item(entry, groups, &notes) { parts.append(part) }
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private static func item(
        _ entry: YamlNode.Entry, _ groups: [String: [String]], _ notes: inout DocumentNotes
    ) -> Condition? {
        guard var item = notes.attempt(try FieldItem(entry, groups: groups)) else { return nil }
        var warnings: [RuleFault] = []
        defer { notes.warn(warnings) }
        return notes.attempt(try item.condition(entry.value, warnings: &warnings))
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
