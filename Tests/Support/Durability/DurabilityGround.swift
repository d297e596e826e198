/// A host and a controller to whom bad things happen.
final class DurabilityGround {
    let host: LabHost
    private let lab: Lab
    private let controller: LabController
    private var serving: Daemon
    private var agent: Daemon

    private var spool: String { "\(host.folder)/agent/spool" }

    /// Enrols the host and starts the agent, with its spool on a small file system of its own.
    init(_ lab: Lab, _ binaries: Binaries, _ controller: LabController) throws {
        self.lab = lab
        self.controller = controller
        serving = try controller.serve()
        let people = try Operator(controller)
        host = try LabHost(.web, in: lab, binaries)
        let words = try people.text("token", "create", "--uses", "1", "--expires", "1h")
        let enrolled = try host.enrol(words.split(separator: "\n").last.map(String.init) ?? "")
        guard enrolled.status == 0 else { throw TestFailure("the host could not enrol: \(enrolled.complaint)") }
        let folder = "\(host.folder)/agent/spool"
        try lab.command(["mkdir", "-p", folder]).must()
        let options = "size=512m,mode=700,uid=\(Lab.agentUser),gid=\(Lab.agentUser)"
        try lab.command(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]).must()
        agent = try host.startAgent()
    }

    func killAgent() throws {
        agent.kill()
        agent = try host.startAgent()
    }

    func killController() throws {
        serving.kill()
        serving = try controller.serve()
    }

    /// Packets to the controller's door are dropped without a word.
    func cutLink() throws {
        let rules = """
            table inet durability {
                chain input {
                    type filter hook input priority 0
                    tcp dport \(LabController.agentsPort) drop
                }
            }

            """
        try lab.command(["nft", "-f", "-"], in: .controller, input: rules).must()
    }

    func mendLink() throws { try lab.command(["nft", "delete table inet durability"], in: .controller).must() }

    func fillDisk() throws {
        _ = try lab.command(["dd", "if=/dev/zero", "of=\(spool)/ballast", "bs=64k"]).run()
    }

    func freeDisk() throws { try lab.command(["rm", "\(spool)/ballast"]).must() }

    /// Throws when a program ended by itself.
    func mustLive() throws {
        if let status = agent.ended { throw TestFailure("the agent ended with \(status): \(agent.tail)") }
        if let status = serving.ended { throw TestFailure("the controller ended with \(status): \(serving.tail)") }
    }
}
