internal import AgentCollect
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
        discussion: """
            Three times: as it is installed, with the Linux rules of Sigma, and with processes and sockets watched too. The last \
            is of this machine itself: what others start here counts.

            Ends with 1 when the idle agent is above what ARCHITECTURE.md allows it: 30 MB resident.
            """)

    /// KiB.
    private static let residentLimit = 30_000_000 / 1024

    @Option(help: "Seconds of each measurement.") var seconds: UInt32 = 60
    @Option(help: "Lines a second of the load.") var rate = 5000
    @Option(help: "The folder with the programs; this one's own by default.") var binaries: String?
    @Option(help: "A folder of Sigma rules; those of the corpora by default.") var rules: String?
    @Flag(help: "As it is installed only, and without the load.") var idle = false
    @Flag(help: "One JSON object a line.") var json = false

    func validate() throws {
        guard seconds >= 5, rate >= 1 else { throw ValidationError("At least 5 seconds, and a line a second.") }
    }

    func run() throws {
        let watched = try Watched(binaries: binaries ?? Binaries.besideThisProcess)
        var isWithin = try measure(watched, with: "")
        defer { fflush(nil) }
        if !idle { isWithin = try measureAdditions(watched) && isWithin }
        guard isWithin else { throw ExitCode(1) }
    }

    /// The same with rules, and with processes and sockets; whether all of it was within the law.
    private func measureAdditions(_ watched: Watched) throws -> Bool {
        var isWithin = true
        var additions = ""
        if let folder = rules ?? Corpora.folder.map({ "\($0)/sigma/rules/rules/linux" }) {
            additions = ", \(try watched.load(rules: folder)) rules"
            isWithin = try measure(watched, with: additions)
        } else {
            skip("rules", Corpora.obstacle)
        }
        if let obstacle = Self.watchingObstacle {
            skip("processes and sockets", obstacle)
            return isWithin
        }
        try watched.watchMachine()
        return try measure(watched, with: additions + ", processes and sockets") && isWithin
    }

    /// Idle, then under load; whether the idle agent was within the law.
    private func measure(_ watched: Watched, with additions: String) throws -> Bool {
        // What starting took is not what idling takes.
        sleep(10)
        let processes = try watched.processes()
        let resting = try Footprint.measure("idle\(additions)", processes) { sleep(seconds) }
        show(resting)
        let isWithin = resting.resident <= Self.residentLimit
        if !isWithin {
            complain("Over the law: \(resting.resident) KiB resident, \(Self.residentLimit) allowed, idle\(additions).")
        }
        guard !idle else { return isWithin }
        let load = Load(path: watched.host.authLog, rate: rate, seconds: Int(seconds))
        show(try Footprint.measure("\(rate) events/s\(additions)", processes) { try load.run() })
        return isWithin
    }

    /// Why processes and sockets of this machine cannot be watched.
    private static var watchingObstacle: String? {
        guard Abilities.isRoot else { return "only root can give an agent on the machine its rights" }
        return (ProcessSource.obstacle ?? SocketSource.obstacle).map { "\($0)" }
    }

    private func show(_ footprint: Footprint) {
        print(json ? footprint.json : footprint.line)
        fflush(nil)
    }

    private func skip(_ what: String, _ why: String?) {
        complain("Skipped: \(what): \(why ?? "no reason given").")
    }

    private func complain(_ sentence: String) {
        let words = Array("\(sentence)\n".utf8)
        unsafe _ = write(STDERR_FILENO, words, words.count)
    }
}
