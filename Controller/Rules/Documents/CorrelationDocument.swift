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

    /// - Throws: ``RuleFaults`` with every fault that can be told from the others.
    init(_ document: YamlNode) throws(RuleFaults) {
        var notes = DocumentNotes()
        var attributes = try Attributes(document)
        let title = notes.attempt(try attributes.title())
        notes.attempt(try attributes.checkTaxonomy())
        notes.attempt(try attributes.status())
        notes.attempt(try attributes.checkDates())
        let level = notes.attempt(try attributes.level())
        let id = notes.attempt(try attributes.identifier())
        let name = notes.attempt(try attributes.name())
        let author = notes.attempt(try attributes.author())
        let tags = notes.attempt(try attributes.texts("tags", .fileStructure))
        let node = notes.attempt(try Self.section(document, attributes.line("correlation")))
        let section = node.flatMap { CorrelationSection($0, notes: &notes) }
        guard notes.faults.isEmpty, let title, let level, let id, let name, let author, let tags, let section else {
            throw RuleFaults(all: notes.faults)
        }
        rule = CorrelationRule(
            id: id ?? title, name: name, title: title, author: author, level: level ?? .informational, tags: tags,
            kind: section.condition.kind, rules: section.rules, groupBy: section.groupBy, timespan: section.timespan,
            conditions: section.condition.bounds, aliases: section.aliases, generatesBaseAlerts: section.generates)
        (line, rulesLine, aliasLine) = (document.line, section.rulesLine, section.aliasLine)
        hasLevel = level != nil
        warnings = attributes.warnings + notes.warnings
    }

    private static func section(_ document: YamlNode, _ line: Int) throws(RuleFault) -> YamlNode {
        guard let node = document["correlation"], node.map != nil else {
            throw RuleFault(line, "“correlation” is no map.", .correlation)
        }
        guard document["detection"] == nil else {
            throw RuleFault(document.line, "A rule has a detection or a correlation, not both.", .correlation)
        }
        return node
    }
}

/// The map below `correlation`.
private struct CorrelationSection {
    let condition: CorrelationCondition
    let rules: [String]
    let rulesLine: Int
    let groupBy: [String]
    let timespan: Int
    let aliases: [String: [String: String]]
    let aliasLine: Int
    let generates: Bool

    /// `nil` where it has a fault, which is noted.
    init?(_ node: YamlNode, notes: inout DocumentNotes) {
        let known: Set = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"]
        for entry in node.map ?? [] where !known.contains(entry.key) {
            notes.fault(RuleFault(entry.line, "A correlation has no “\(entry.key.prefix(64))”.", .correlation))
        }
        let rules = notes.attempt(try Self.rules(node))
        let groupBy = notes.attempt(try Self.groupBy(node))
        let timespan = notes.attempt(try Self.timespan(node))
        let condition = notes.attempt(try CorrelationCondition(node))
        let aliases = notes.attempt(try Self.aliases(node["aliases"]))
        let generates = notes.attempt(try Self.generates(node["generate"]))
        guard let rules, let groupBy, let timespan, let condition, let aliases, let generates else { return nil }
        (self.rules, self.groupBy, self.timespan, self.condition) = (rules, groupBy, timespan, condition)
        (self.aliases, self.generates) = (aliases, generates)
        rulesLine = node["rules"]?.line ?? node.line
        aliasLine = node["aliases"]?.line ?? node.line
        if groupBy.isEmpty {
            notes.warn([RuleFault(node.line, "Without “group-by” everything is one group.", .grouping)])
        }
        notes.warn(condition.warnings)
    }

    private static func rules(_ node: YamlNode) throws(RuleFault) -> [String] {
        guard let list = node["rules"] else {
            throw RuleFault(node.line, "The correlation refers to no rules.", .correlationRules)
        }
        let rules = try Attributes.texts(list, "rules", .correlationRules)
        guard !rules.isEmpty, rules.count <= CorrelationDocument.mostRules else {
            throw RuleFault(
                list.line, "A correlation refers to 1 to \(CorrelationDocument.mostRules) rules.", .correlationRules)
        }
        return rules
    }

    private static func groupBy(_ node: YamlNode) throws(RuleFault) -> [String] {
        guard let list = node["group-by"] else { return [] }
        let fields = try Attributes.texts(list, "group-by", .grouping).map { $0.filter { $0 != " " } }
        guard fields.count <= CorrelationDocument.mostFields else {
            throw RuleFault(node.line, "A group has more than \(CorrelationDocument.mostFields) fields.", .limits)
        }
        return fields
    }

    private static func generates(_ node: YamlNode?) throws(RuleFault) -> Bool {
        guard let node else { return false }
        guard let value = node.scalar?.flag else {
            throw RuleFault(node.line, "“generate” is true or false.", .generate)
        }
        return value
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
