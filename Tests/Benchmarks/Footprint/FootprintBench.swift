internal import ArgumentParser
internal import CordonTesting
internal import Glibc

/// `./dev bench footprint`: what the agent and the enforcer together take from the host that they watch, idle and under
/// load.
@main
struct FootprintBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon-bench-footprint",
        abstract: "Measure memory and processor time of agent and enforcer, idle and under load.",
        discussion: "Ends with 1 when the idle agent is above what ARCHITECTURE.md allows it: 30 MB resident.")

    /// KiB.
    private static let residentLimit = 30_000_000 / 1024

    @Option(help: "Seconds of each measurement.") var seconds: UInt32 = 60
    @Option(help: "Lines a second of the load.") var rate = 5000
    @Option(help: "The folder with the programs; this one's own by default.") var binaries: String?
    @Flag(help: "Without the load.") var idle = false
    @Flag(help: "One JSON object a line.") var json = false

    func validate() throws {
        guard seconds >= 5, rate >= 1 else { throw ValidationError("At least 5 seconds, and a line a second.") }
    }

    func run() throws {
        let lab = try Lab()
        let programs = try Binaries(in: binaries ?? Binaries.besideThisProcess, for: lab)
        let controller = try LabController(lab, programs)
        let serving = try controller.serve()
        defer { withExtendedLifetime(serving) {} }
        let host = try LabHost(.web, in: lab, programs)
        let words = try Operator(controller).text("token", "create", "--uses", "1", "--expires", "1h")
        try enrol(host, words.split(separator: "\n").last.map(String.init) ?? "")
        let enforcer = try host.startEnforcer()
        let agent = try host.startAgent()
        let folder = host.folder
        _ = try Waiting.until("the agent's connection", within: .seconds(60)) {
            Scratch.text(of: "\(folder)/log/agent.log").contains("Connected to the controller") ? true : nil
        }
        let parts = [agent, enforcer]
        // What starting took is not what idling takes.
        sleep(10)
        let resting = try Footprint.measure("idle", parts) { sleep(seconds) }
        show(resting)
        guard resting.resident <= Self.residentLimit else { throw ExitCode(1) }
        guard !idle else { return }
        let load = Load(path: host.authLog, rate: rate, seconds: Int(seconds))
        let loaded = try Footprint.measure("\(rate) events/s", parts) { try load.run() }
        show(loaded)
    }

    private func enrol(_ host: LabHost, _ token: String) throws {
        let result = try host.enrol(token)
        guard result.status == 0 else { throw TestFailure("the host could not enrol: \(result.complaint)") }
    }

    private func show(_ footprint: Footprint) { print(json ? footprint.json : footprint.line) }
}
