internal import ArgumentParser
internal import ControllerRules
internal import CordonModel
internal import CordonScan
internal import CordonSigma

/// `cordon sigma eval`
struct SigmaEval: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Print which rules hold of which events; needs no controller.",
        discussion: """
            The events are JSON objects, one a line. A line {"logsource": {"product": …, "category": …, "service": …}, \
            "event": {…}} says which log source its event is of. What `cordon-agent normalize` printed is routed and matched \
            as on the agent. Any other line is the event itself, of no log source, for --no-routing. A rule that a correlation refers to is not printed by itself unless that says \
            “generate: true”; a correlation is printed at the event that completes it, by the events' own times \
            (@timestamp, timestamp or UtcTime).

            OUTPUT
              EVENT  the line of the events file, counted from 0
              RULE   the identifier of the rule or correlation
              LEVEL  how serious the rule's author takes it
              TITLE  the rule's title, and its author
              --json prints {"event": N, "rule": "ID"} for each instead.

            EXIT CODES
              0  every event was looked at
              1  some lines are no events, a regular expression was given up, or every rule is refused
              2  usage, a file that cannot be read, or no rule was found

            EXAMPLES
              cordon-agent normalize --source sshd auth.log | cordon sigma eval --rules rules/ --events -
              cordon sigma eval --rules rules/ --events events.jsonl --json | jq -s 'group_by(.rule)'
            """
    )
    @Option(help: "A folder or file of rules; may be repeated.", completion: .file())
    var rules: [String]
    @Option(help: "The events, or - for standard input.", completion: .file(extensions: ["jsonl"]))
    var events: String
    @Flag(help: "Try every rule on every event, whatever their log sources.")
    var noRouting = false
    @OptionGroup var options: RuleOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let set = try options.load(rules)
        try SigmaCheck.refuseNothing(set, rules)
        guard !set.rules.isEmpty || !set.correlations.isEmpty else {
            throw Complaint(
                .failed, "No rule is left: \(set.refused) are refused.", "`cordon sigma check` names every fault.")
        }
        if !set.faults.isEmpty {
            Terminal.complain("\(set.refused) rules are refused and left out; `cordon sigma check` names them.")
        }
        var evaluation = try SigmaEvaluation(set, isRouting: !noRouting)
        var lines = try EventLines(events)
        var hasHeader = output.json
        while let line = try lines.next() {
            for match in evaluation.matches(line, number: lines.number) {
                if !hasHeader { Terminal.print("EVENT  RULE  LEVEL  TITLE (AUTHOR)") }
                hasHeader = true
                show(match, lines.number)
            }
        }
        for complaint in evaluation.complaints { Terminal.complain(complaint) }
        if evaluation.hasFailed { throw ExitCode(Exit.failed.rawValue) }
    }

    private func show(_ match: SigmaEvaluation.Match, _ number: Int) {
        if output.json {
            Terminal.print(["event": .integer(Int64(number)), "rule": .text(match.id)])
        } else {
            // The rules' licence asks for the author wherever a match is shown.
            let author = match.author.map { " (\($0))" } ?? ""
            Terminal.print(Terminal.safe("\(number)  \(match.id)  \(match.level)  \(match.title)\(author)"))
        }
    }
}
