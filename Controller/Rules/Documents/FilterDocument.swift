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

    init(_ document: YamlNode, groups: [String: [String]]) throws(RuleFault) {
        var attributes = try Attributes(document)
        title = try attributes.title()
        try attributes.checkTaxonomy()
        try attributes.checkDates()
        _ = try attributes.identifier()
        guard let filter = document["filter"], filter.map != nil else {
            throw RuleFault(attributes.line("filter"), "“filter” is no map.", .filter)
        }
        guard let list = filter["rules"] else {
            throw RuleFault(filter.line, "The filter does not say of which rules it is.", .filter)
        }
        let references = try Attributes.texts(list, "rules", .filter)
        let lines = list.list?.map(\.line) ?? [list.line]
        rules = Array(zip(references, lines).map { (reference: $0, line: $1) })
        let detection = try Detection(filter, groups: groups, others: ["rules"])
        attributes.warn(detection.warnings)
        logSource = try attributes.logSource()
        line = document.line
        condition = detection.condition
        warnings = attributes.warnings
    }
}
