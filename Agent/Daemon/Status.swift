internal import ArgumentParser
internal import CordonModel
internal import CordonSignals
internal import CordonTrust

/// `cordon-agent status`: how the daemon is.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Say how the daemon is. Exits with 0 when it is connected, 3 when it runs without a connection, 4 when it does not run.",
        discussion: """
            EXAMPLES
              cordon-agent status
              cordon-agent status --json | jq '.waiting'
            """
    )

    @OptionGroup var settingsOption: SettingsOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let report: AgentReport
        do {
            let settings = try AgentSettings.load(settingsOption.path, required: settingsOption.isNamed)
            guard KeyFile.exists(settings.statusFile) else {
                print("cordon-agent does not run, or never did.")
                throw ExitCode(4)
            }
            report = try AgentReport(file: settings.statusFile)
        } catch let code as ExitCode {
            throw code
        } catch {
            print("cordon-agent: \(error)", to: &standardError)
            throw ExitCode(1)
        }
        try show(report)
    }

    private func show(_ last: AgentReport) throws {
        var report = last
        if !report.isLive(at: Surroundings.live.now()) { report.link = "stopped" }
        print(json ? try report.json() : text(report))
        switch report.link {
        case "connected": return
        case "stopped": throw ExitCode(4)
        default: throw ExitCode(3)
        }
    }

    private func text(_ report: AgentReport) -> String {
        // Only the enforcer knows what is in force.
        let isKnown = report.enforcer != nil
        let blocks = (report.blockCount ?? report.containment.blocks.count) + report.containment.blockEffects.count
        var lines = [
            "agent       \(report.agent) of \(report.fleet)",
            "controller  \(report.controller), \(report.link)" + (report.connectedSince.map { " since \($0)" } ?? ""),
            "enforcer    \(report.enforcer.map { "answers, version \($0)" } ?? "does not answer")",
            "isolated    \(report.containment.isolatedUntil.map { "until \($0)" } ?? (isKnown ? "no" : "unknown"))",
            "blocks      \(isKnown ? "\(blocks)" : "unknown")",
            "waiting     \(report.waiting) items, \(report.spoolBytes) bytes",
            "certificate until \(report.certificateUntil)",
        ]
        if let reason = report.reason { lines.insert("            \(reason)", at: 2) }
        lines += report.sources.map { "source      \($0.source)\($0.fault.map { ": \($0)" } ?? ", read")" }
        return lines.joined(separator: "\n")
    }
}
