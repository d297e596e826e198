extension LabHost {
    /// Starts the agent of this host outside of the lab, on the machine itself: only there the kernel tells of processes.
    /// It is the agent's user still, with the rights that a drop-in for the packaged unit would give it. The controller
    /// is reached through a relay on the machine's loopback address. Needs the machine's root.
    ///
    /// - Parameters:
    ///   - rights: as setpriv(1) names them: `sys_ptrace`.
    ///   - settings: more sections of `agent.toml`.
    package func startAgentOnMachine(rights: [String], settings: String) throws -> (agent: Child, relay: Daemon) {
        let listener = try LoopbackListener()
        let relay = try lab.daemon(
            [binaries["cordon-demo"], "relay", "3", Lab.Space.controller.ipv4, "\(LabController.agentsPort)"],
            in: .controller, environment: binaries.environment, log: "\(folder)/log/relay.log",
            handing: listener.descriptor)
        let name = folder.split(separator: "/").last ?? ""
        try lab.scratch.folder("hosts/\(name)/agent.d")
        try lab.scratch.file(
            "hosts/\(name)/agent.d/50-machine.toml",
            "[controller]\naddress = \"127.0.0.1:\(listener.port)\"\n\(settings)\n")
        let given = rights.map { "+\($0)" }.joined(separator: ",")
        let words = [
            "setpriv", "--reuid=\(Lab.agentUser)", "--regid=\(Lab.agentUser)", "--clear-groups", "--no-new-privs",
            "--inh-caps=-all,\(given)", "--ambient-caps=-all,\(given)", "--bounding-set=-all,\(given)",
            "\(binaries.folder)/cordon-agent", "run", "--config", "\(folder)/agent.toml",
        ]
        let agent = try Child(words, environment: [:], streams: .log("\(folder)/log/agent.log"))
        return (agent, relay)
    }
}
