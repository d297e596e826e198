internal import CordonSigma

/// A document with a `detection`: one rule.
struct DetectionDocument {
    var rule: SigmaRule
    var warnings: [RuleFault]

    /// - Throws: ``RuleFaults`` with every fault that can be told from the others.
    init(_ document: YamlNode, groups: [String: [String]]) throws(RuleFaults) {
        var notes = DocumentNotes()
        var attributes = try Attributes(document)
        let title = notes.attempt(try attributes.title())
        notes.attempt(try attributes.checkTaxonomy())
        notes.attempt(try attributes.checkDates())
        let id = notes.attempt(try attributes.identifier())
        let name = notes.attempt(try attributes.name())
        let author = notes.attempt(try attributes.author())
        let level = notes.attempt(try attributes.level())
        let status = notes.attempt(try attributes.status())
        let summary = notes.attempt(try attributes.text("description", longest: 65_535, .description))
        let tags = notes.attempt(try attributes.texts("tags", .fileStructure))
        let references = notes.attempt(try attributes.texts("references", .fileStructure))
        let falsePositives = notes.attempt(try attributes.texts("falsepositives", .fileStructure))
        let logSource = notes.attempt(try attributes.logSource())
        let condition = notes.attempt(try Self.detection(document)).flatMap {
            Detection.condition($0, groups: groups, notes: &notes)
        }
        guard notes.faults.isEmpty, let title, let id, let name, let author, let level, let status, let summary,
            let tags, let references, let falsePositives, let logSource, let condition
        else { throw RuleFaults(all: notes.faults) }
        rule = SigmaRule(
            id: id ?? title, name: name, title: title, author: author, level: level ?? .informational, status: status,
            summary: summary, tags: tags, references: references, falsePositives: falsePositives,
            logSource: logSource, condition: condition)
        warnings = attributes.warnings + notes.warnings
    }

    private static func detection(_ document: YamlNode) throws(RuleFault) -> YamlNode {
        guard let node = document["detection"] else {
            throw RuleFault(document.line, "The rule has no detection.", .detection)
        }
        return node
    }
}
