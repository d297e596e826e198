internal import ArgumentParser
internal import ControllerRules

/// `cordon sigma`
struct SigmaVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sigma", abstract: "Sigma rules (specification 2.1): check them, try them on events.",
        discussion: """
            EXAMPLES
              cordon sigma check rules/
              cordon sigma eval --rules rules/ --events events.jsonl
            """,
        subcommands: [SigmaCheck.self, SigmaEval.self]
    )
}

/// What both verbs take.
struct RuleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A value of the placeholder %name%; may be repeated. The controller fills them from its asset groups.",
            valueName: "name=value"))
    var group: [String] = []

    func validate() throws {
        guard group.allSatisfy({ $0.contains("=") }) else { throw ValidationError("A group is NAME=VALUE.") }
    }

    /// Reads the rules.
    /// - Throws: ``Complaint`` where a path does not exist or cannot be read.
    func load(_ paths: [String]) throws -> RuleSet {
        var groups: [String: [String]] = [:]
        for pair in group {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            groups[String(parts[0]), default: []].append(String(parts[1]))
        }
        do { return try RuleSet.load(paths, groups: groups) } catch let error as RulesError {
            throw Complaint(.usage, error.message, error.remedy)
        }
    }
}
