internal import ArgumentParser
internal import CordonTesting
internal import Glibc

/// `./dev bench durability`: whether lines get lost or come twice when everything that can fail does.
@main
struct DurabilityBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon-bench-durability",
        abstract: "Write numbered lines, kill agent and controller, and count what arrived.")

    @Option(help: "Lines written.") var lines = 1_000_000
    @Option(help: "Times that the agent or the controller is killed with SIGKILL.") var kills = 50
    @Option(help: "Of the random moments.") var seed: UInt64 = 1
    @Option(help: "The folder with the programs; this one's own by default.") var binaries: String?
    @Flag(help: "One JSON object.") var json = false

    func validate() throws {
        guard lines >= 1000, lines < 1_000_000_000, kills >= 0 else { throw ValidationError("At least 1000 lines.") }
    }

    func run() throws {
        let run = DurabilityRun(lines: lines, kills: kills, seed: seed, patience: .seconds(3600)) { text in
            var error = StandardError()
            print(text, to: &error)
        }
        let verdict = try run.run(binaries: binaries ?? Binaries.besideThisProcess)
        if json {
            print(verdict.json)
        } else {
            print(
                """
                lines          \(verdict.lines)
                kills          \(verdict.kills)
                lost           \(verdict.lost)
                duplicated     \(verdict.duplicated)
                gaps reported  \(verdict.gapsReported)
                """)
        }
        guard verdict.lost == 0, verdict.duplicated == 0 else { throw ExitCode(1) }
    }
}

/// Progress goes where it does not disturb the result.
struct StandardError: TextOutputStream {
    mutating func write(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
