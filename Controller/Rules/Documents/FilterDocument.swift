internal import CordonSigma

/// A document with a `filter`: what is taken away from rules' matches (Filters, Global Filter).
struct FilterDocument {
    let title: String
    let line: Int
    /// Identifiers, names or titles; empty for every rule of its log source.
    let rules: [(reference: String, line: Int)]
    let logSource: LogSource
    let condition: Condition
    let warnings: [RuleFault]

    /// - Throws: ``RuleFaults`` with every fault that can be told from the others.
    init(_ document: YamlNode, groups: [String: [String]]) throws(RuleFaults) {
        var notes = DocumentNotes()
        var attributes = try Attributes(document)
        let title = notes.attempt(try attributes.title())
        notes.attempt(try attributes.checkTaxonomy())
        notes.attempt(try attributes.checkDates())
        notes.attempt(try attributes.identifier())
        let logSource = notes.attempt(try attributes.logSource())
        let filter = notes.attempt(try Self.filter(document, attributes.line("filter")))
        var rules: [(reference: String, line: Int)]?
        var condition: Condition?
        if let filter {
            rules = notes.attempt(try Self.rules(filter))
            condition = Detection.condition(filter, groups: groups, others: ["rules"], notes: &notes)
        }
        guard notes.faults.isEmpty, let title, let logSource, let rules, let condition else {
            throw RuleFaults(all: notes.faults)
        }
        (self.title, self.logSource, self.rules, self.condition) = (title, logSource, rules, condition)
        line = document.line
        warnings = attributes.warnings + notes.warnings
    }

    private static func filter(_ document: YamlNode, _ line: Int) throws(RuleFault) -> YamlNode {
        guard let filter = document["filter"], filter.map != nil else {
            throw RuleFault(line, "“filter” is no map.", .filter)
        }
        return filter
    }

    private static func rules(_ filter: YamlNode) throws(RuleFault) -> [(reference: String, line: Int)] {
        guard let list = filter["rules"] else {
            throw RuleFault(filter.line, "The filter does not say of which rules it is.", .filter)
        }
        let lines = list.list?.map(\.line) ?? [list.line]
        return Array(zip(try Attributes.texts(list, "rules", .filter), lines).map { (reference: $0, line: $1) })
    }
}
