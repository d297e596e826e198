import CordonScan
import CordonSigma
import CordonTesting
import Testing

@testable import ControllerRules

/// A rule file's content read, as `rules.yml`.
func read(_ yaml: String, groups: [String: [String]] = [:]) -> RuleSet {
    RuleSet.read(Array(yaml.utf8), file: "rules.yml", groups: groups)
}

/// A whole rule around a `detection`, whose lines are given without indentation.
func document(_ detection: String, more: String = "level: low") -> String {
    let indented = detection.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
    return
        "title: A rule\nid: 0e95725d-7320-415d-80f7-004da920fc11\n\(more)\nlogsource:\n  product: linux\ndetection:\n"
        + indented.joined(separator: "\n") + "\n"
}

/// The condition of a rule with that detection, which must be without fault.
func condition(_ detection: String, groups: [String: [String]] = [:]) throws -> Condition {
    let set = read(document(detection), groups: groups)
    guard set.faults.isEmpty, let rule = set.rules.first else {
        throw TestFailure("refused: \(set.faults.map(\.description))")
    }
    return rule.condition
}

/// The test of a single item `KEY: VALUE`.
func item(_ item: String, groups: [String: [String]] = [:]) throws -> Condition {
    try condition("s:\n  \(item)\ncondition: s", groups: groups)
}

/// Why a rule with that detection is refused; `nil` when it is not.
func refusal(_ detection: String, groups: [String: [String]] = [:]) -> RuleFinding? {
    read(document(detection), groups: groups).faults.first
}

/// Why a single item is refused.
func refusal(item: String, groups: [String: [String]] = [:]) -> RuleFinding? {
    refusal("s:\n  \(item)\ncondition: s", groups: groups)
}

/// Whether the rule's detection holds of an event, given as JSON.
func matches(_ detection: String, _ event: String, groups: [String: [String]] = [:]) throws -> Bool {
    let set = read(document(detection), groups: groups)
    guard set.faults.isEmpty else { throw TestFailure("refused: \(set.faults.map(\.description))") }
    guard case .object(let object) = try JSONValue.parse(event) else { throw TestFailure("no event: \(event)") }
    let record = SigmaRecord(object, logSources: [LogSource(product: "linux")])
    return try !SigmaEngine(set.rules).matches(record).isEmpty
}
