internal import ArgumentParser
internal import ControllerRules
internal import CordonScan

/// `cordon sigma check`
struct SigmaCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check Sigma rules; needs no controller.",
        discussion: """
            Of a folder every *.yml and *.yaml below it is read. Every fault is named with its file, its line, and the \
            chapter of the specification; a rule with a fault is refused, and stops no other.

            EXIT CODES
              0  all of them can be used; warnings are allowed
              1  there are faults
              2  a path cannot be read, or no rule was found

            EXAMPLES
              cordon sigma check rules/
              cordon sigma check rules/ --group Servers='srv*' --json | jq -r '.faults[].file'
            """
    )
    @Argument(help: "Folders and files.", completion: .file())
    var paths: [String]
    @OptionGroup var rules: RuleOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let set = try rules.load(paths)
        try Self.refuseNothing(set, paths)
        output.show(Self.report(set)) { _ in Self.lines(set) }
        guard set.faults.isEmpty else { throw ExitCode(Exit.failed.rawValue) }
    }

    /// - Throws: ``Complaint`` where there is no file of rules.
    static func refuseNothing(_ set: RuleSet, _ paths: [String]) throws {
        guard set.files == 0 else { return }
        throw Complaint(
            .usage, "There is no *.yml and no *.yaml in \(paths.joined(separator: ", ")).",
            "Name the folder of your rules.")
    }

    private static func report(_ set: RuleSet) -> JSONValue {
        [
            "valid": .flag(set.faults.isEmpty), "files": .integer(Int64(set.files)),
            "rules": .integer(Int64(set.rules.count)), "correlations": .integer(Int64(set.correlations.count)),
            "filters": .integer(Int64(set.filters)), "faults": .array(set.faults.map(json)),
            "warnings": .array(set.warnings.map(json)),
        ]
    }

    private static func json(_ finding: RuleFinding) -> JSONValue {
        [
            "file": .text(finding.file), "line": .integer(Int64(finding.line)),
            "rule": finding.rule.map(JSONValue.text) ?? .null, "reason": .text(finding.reason),
            "specification": .text(finding.place),
        ]
    }

    private static func lines(_ set: RuleSet) -> [String] {
        let findings = set.findings.map { finding in
            Terminal.safe("\(finding.file):\(finding.line): ")
                + Terminal.paint(finding.weight.rawValue, finding.weight == .fault ? .red : .yellow)
                + Terminal.safe(": \(finding.reason) (\(finding.place))")
        }
        let counts =
            "\(set.files) files: \(set.rules.count) rules, \(set.correlations.count) correlations, \(set.filters) filters"
        return findings + [
            "\(counts); \(set.refused) refused, \(set.faults.count) faults, \(set.warnings.count) warnings."
        ]
    }
}
