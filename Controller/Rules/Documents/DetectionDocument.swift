internal import CordonSigma

/// A document with a `detection`: one rule.
struct DetectionDocument {
    var rule: SigmaRule
    var warnings: [RuleFault]

    init(_ document: YamlNode, groups: [String: [String]]) throws(RuleFault) {
        var attributes = try Attributes(document)
        let title = try attributes.title()
        try attributes.checkTaxonomy()
        let status = try attributes.status()
        guard let node = document["detection"] else {
            throw RuleFault(document.line, "The rule has no detection.", .detection)
        }
        let detection = try Detection(node, groups: groups)
        attributes.warn(detection.warnings)
        try attributes.checkDates()
        rule = SigmaRule(
            id: try attributes.identifier() ?? title, name: try attributes.name(), title: title,
            author: try attributes.author(), level: try attributes.level() ?? .informational, status: status,
            summary: try attributes.text("description", longest: 65_535, .description),
            tags: try attributes.texts("tags", .fileStructure),
            references: try attributes.texts("references", .fileStructure),
            falsePositives: try attributes.texts("falsepositives", .fileStructure),
            logSource: try attributes.logSource(), condition: detection.condition)
        warnings = attributes.warnings
    }
}
