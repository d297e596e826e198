internal import CordonScan
internal import CordonTesting
internal import Glibc

/// A lab with a controller and one host that it watches, whose agent and enforcer are measured.
final class Watched {
    let host: LabHost
    private let people: Operator
    private let serving: Daemon
    private let enforcer: Daemon
    private var inLab: Daemon?
    private var onMachine: (agent: Child, relay: Daemon)?

    /// Starts all, and returns when the agent is connected.
    init(binaries folder: String) throws {
        let lab = try Lab()
        let programs = try Binaries(in: folder, for: lab)
        let controller = try LabController(lab, programs)
        serving = try controller.serve()
        people = try Operator(controller)
        host = try LabHost(.web, in: lab, programs)
        let words = try people.text("token", "create", "--uses", "1", "--expires", "1h")
        let result = try host.enrol(words.split(separator: "\n").last.map(String.init) ?? "")
        guard result.status == 0 else { throw TestFailure("the host could not enrol: \(result.complaint)") }
        enforcer = try host.startEnforcer()
        inLab = try host.startAgent()
        try awaitConnection()
    }

    /// The agent's process, and the enforcer's.
    func processes() throws -> [Int32] {
        guard let agent = try onMachine?.agent.pid ?? inLab?.process() else { throw TestFailure("no agent runs") }
        return [agent, try enforcer.process()]
    }

    /// Stages all rules of a folder, and waits until they are in force.
    /// - Returns: How many there are.
    func load(rules folder: String) throws -> Int64 {
        let pack = try people.look("rules", "publish", folder, "--name", "linux").first
        guard let version = pack?["version"]?.integer, let count = pack?["rules"]?.integer else {
            throw TestFailure("\(folder) could not be published")
        }
        _ = try people.look("rules", "stage", "\(version)")
        _ = try Waiting.until("the rules at the host", within: .seconds(60)) {
            try people.look("host", "show", "web").first?["rules"]?["version"]?.integer == version ? true : nil
        }
        return count
    }

    /// Starts the agent anew, outside of the lab: in its own namespaces the kernel tells of no processes.
    func watchMachine() throws {
        inLab?.stop()
        inLab = nil
        onMachine = try host.startAgentOnMachine(
            rights: ["sys_ptrace", "dac_read_search"], settings: "[processes]\n[sockets]")
        try awaitConnection()
    }

    /// The connection, of an agent that just started.
    private func awaitConnection() throws {
        let process = try processes()[0]
        _ = try Waiting.until("the agent's connection", within: .seconds(60)) {
            let log = Scratch.text(of: "\(host.folder)/log/agent.log")
            guard kill(process, 0) == 0 else { throw TestFailure("the agent ended: \(log.suffix(500))") }
            return log.split(separator: " Starting.").last?.contains("Connected to the controller") == true ? true : nil
        }
    }
}
