internal import CordonSigma

/// A document with a `correlation`; what it refers to is found when all documents are read.
struct CorrelationDocument {
    /// Its `rules`, and the rules of its aliases, are references still: identifiers or names.
    var rule: CorrelationRule
    let line: Int
    let rulesLine: Int
    let aliasLine: Int
    /// Whether it says its own level; inner ones of a chain need none.
    let hasLevel: Bool
    let warnings: [RuleFault]

    /// Seconds of the longest window: what has to be remembered so long is no window any more.
    static let longest = 366 * 86_400
    /// Rules of one correlation; fields of one group.
    static let mostRules = 100
    static let mostFields = 16

    init(_ document: YamlNode) throws(RuleFault) {
        var attributes = try Attributes(document)
        let title = try attributes.title()
        try attributes.checkTaxonomy()
        _ = try attributes.status()
        try attributes.checkDates()
        guard let node = document["correlation"], node.map != nil else {
            throw RuleFault(attributes.line("correlation"), "“correlation” is no map.", .correlation)
        }
        guard document["detection"] == nil else {
            throw RuleFault(document.line, "A rule has a detection or a correlation, not both.", .correlation)
        }
        let section = try CorrelationSection(node)
        let level = try attributes.level()
        rule = CorrelationRule(
            id: try attributes.identifier() ?? title, name: try attributes.name(), title: title,
            author: try attributes.author(), level: level ?? .informational,
            tags: try attributes.texts("tags", .fileStructure), kind: section.kind, rules: section.rules,
            groupBy: section.groupBy, timespan: section.timespan, conditions: section.bounds,
            aliases: section.aliases, generatesBaseAlerts: section.generates)
        attributes.warn(section.warnings)
        (line, rulesLine, aliasLine) = (document.line, section.rulesLine, section.aliasLine)
        hasLevel = level != nil
        warnings = attributes.warnings
    }
}

/// The map below `correlation`.
private struct CorrelationSection {
    let kind: CorrelationRule.Kind
    let rules: [String]
    let rulesLine: Int
    let groupBy: [String]
    let timespan: Int
    let bounds: [CorrelationRule.Bound]
    let aliases: [String: [String: String]]
    let aliasLine: Int
    let generates: Bool
    var warnings: [RuleFault] = []

    init(_ node: YamlNode) throws(RuleFault) {
        let known: Set = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"]
        for entry in node.map ?? [] where !known.contains(entry.key) {
            throw RuleFault(entry.line, "A correlation has no “\(entry.key.prefix(64))”.", .correlation)
        }
        guard let list = node["rules"] else {
            throw RuleFault(node.line, "The correlation refers to no rules.", .correlationRules)
        }
        rules = try Attributes.texts(list, "rules", .correlationRules)
        rulesLine = list.line
        guard !rules.isEmpty, rules.count <= CorrelationDocument.mostRules else {
            throw RuleFault(
                list.line, "A correlation refers to 1 to \(CorrelationDocument.mostRules) rules.", .correlationRules)
        }
        groupBy =
            try node["group-by"].map { node throws(RuleFault) in
                try Attributes.texts(node, "group-by", .grouping).map { $0.filter { $0 != " " } }
            } ?? []
        guard groupBy.count <= CorrelationDocument.mostFields else {
            throw RuleFault(node.line, "A group has more than \(CorrelationDocument.mostFields) fields.", .limits)
        }
        if groupBy.isEmpty {
            warnings.append(
                RuleFault(node.line, "Without “group-by” everything is one group.", .grouping))
        }
        timespan = try Self.timespan(node)
        let condition = try CorrelationCondition(node)
        (kind, bounds) = (condition.kind, condition.bounds)
        warnings += condition.warnings
        aliases = try Self.aliases(node["aliases"])
        aliasLine = node["aliases"]?.line ?? node.line
        guard let flag = node["generate"] else {
            generates = false
            return
        }
        guard let value = flag.scalar?.flag else {
            throw RuleFault(flag.line, "“generate” is true or false.", .generate)
        }
        generates = value
    }

    private static func timespan(_ node: YamlNode) throws(RuleFault) -> Int {
        guard let value = node["timespan"] else {
            throw RuleFault(node.line, "The correlation has no timespan.", .timespan)
        }
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let text = value.scalar?.text, let unit = text.last, let size = units[unit], text.utf8.count <= 10,
            text.dropLast().allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(text.dropLast()), count > 0
        else {
            throw RuleFault(value.line, "A timespan is a number and one of s, m, h, d: “90m”.", .timespan)
        }
        guard count * size <= CorrelationDocument.longest else {
            throw RuleFault(value.line, "The timespan is longer than 366 days.", .limits)
        }
        return count * size
    }

    private static func aliases(_ node: YamlNode?) throws(RuleFault) -> [String: [String: String]] {
        guard let node else { return [:] }
        guard let entries = node.map else { throw RuleFault(node.line, "“aliases” is no map.", .aliases) }
        var aliases: [String: [String: String]] = [:]
        for entry in entries {
            guard let fields = entry.value.map, !fields.isEmpty else {
                throw RuleFault(entry.line, "An alias maps rules to fields.", .aliases)
            }
            for field in fields {
                guard let name = field.value.scalar, !name.isNull, !name.text.isEmpty else {
                    throw RuleFault(field.line, "An alias names a field.", .aliases)
                }
                aliases[entry.key, default: [:]][field.key] = name.text.filter { $0 != " " }
            }
        }
        return aliases
    }
}
