/// A watched host of a lab: the real agent as an unprivileged user, the real enforcer as root.
package final class LabHost: Sendable {
    package let space: Lab.Space
    package let lab: Lab
    package let folder: String
    let binaries: Binaries

    /// Writes the host's settings; `policy` is its owner's local policy.
    package init(_ space: Lab.Space, in lab: Lab, _ binaries: Binaries, policy: String = "", name: String? = nil) throws
    {
        self.space = space
        self.lab = lab
        self.binaries = binaries
        let place = name ?? space.rawValue
        folder = try lab.scratch.folder("hosts/\(place)")
        for part in ["etc/policy.d", "log", "run", "journal"] { try lab.scratch.folder("hosts/\(place)/\(part)") }
        try lab.scratch.folder("hosts/\(place)/agent", mode: 0o700)
        let owner = ["chown", "\(Lab.agentUser):\(Lab.agentUser)", "\(folder)/agent"]
        // The settings belong to the lab's root, which in a user namespace is this very user.
        try lab.command(owner).must()
        var random = SystemRandomNumberGenerator()
        let machine = String(UInt128.random(in: 1 << 124 ... .max, using: &random), radix: 16)
        try lab.scratch.file("hosts/\(place)/machine-id", machine + "\n")
        try lab.scratch.file("hosts/\(place)/etc/policy.d/50-owner.toml", policy)
        try lab.scratch.file("hosts/\(place)/log/auth.log", "")
        try lab.scratch.file("hosts/\(place)/agent.toml", agentSettings)
        try lab.scratch.file("hosts/\(place)/enforcer.toml", enforcerSettings)
    }

    /// Where the enforcer listens.
    package var socket: String { "\(folder)/run/enforcer.sock" }
    /// What the agent watches.
    package var authLog: String { "\(folder)/log/auth.log" }

    /// Where hunts look for a journal; empty at first.
    package var journal: String { "\(folder)/journal" }

    private var agentSettings: String {
        """
        [agent]
        state = "\(folder)/agent"
        enforcer_socket = "\(socket)"
        machine_id = "\(folder)/machine-id"

        [controller]
        # Answers while the host is not isolated, so that its silence proves something.
        canaries = ["\(Lab.Space.internet.ipv4):443"]

        [source.auth]
        path = "\(authLog)"
        start = "beginning"

        [journal]
        enabled = false
        folder = "\(journal)"
        """
    }

    private var enforcerSettings: String {
        """
        socket = "\(socket)"
        state_directory = "\(folder)/enforcer"
        policy_directory = "\(folder)/etc/policy.d"
        identity = "\(folder)/etc/identity.toml"
        policy_root = "\(folder)/etc/policy-root.pub"
        agent_user = "cordon"
        """
    }

    /// Enrols with a token, as root, from standard input.
    package func enrol(_ token: String, force: Bool = false) throws -> Command.Result {
        let words = [
            binaries["cordon-agent"], "enroll", "--config", "\(folder)/agent.toml", "--etc", "\(folder)/etc",
            "--token-file", "-",
        ]
        return try lab.command(
            words + (force ? ["--force"] : []), in: space, environment: binaries.environment, input: token + "\n"
        ).run()
    }

    /// The rights that the packaged unit leaves to the enforcer.
    package static let enforcerCapabilities = [
        "net_admin", "kill", "sys_ptrace", "dac_read_search", "dac_override", "chown", "fowner", "fsetid", "setfcap",
        "linux_immutable",
    ]

    /// Starts the enforcer with the rights that its unit leaves it; it takes orders when this returns.
    package func startEnforcer() throws -> Daemon {
        let log = "\(folder)/log/enforcer.log"
        try lab.command(["truncate", "-s", "0", log]).must()
        let bounds = (["-all"] + Self.enforcerCapabilities.map { "+\($0)" }).joined(separator: ",")
        let words = [
            "setpriv", "--no-new-privs", "--bounding-set=\(bounds)", binaries["cordon-enforcer"], "run", "--config",
            "\(folder)/enforcer.toml",
        ]
        return try lab.daemon(words, in: space, environment: binaries.environment, log: log).says("ready")
    }

    /// Starts the agent as its own user.
    package func startAgent() throws -> Daemon {
        let words = [binaries["cordon-agent"], "run", "--config", "\(folder)/agent.toml"]
        return try lab.daemon(
            words, in: space, user: Lab.agentUser, environment: binaries.environment, log: "\(folder)/log/agent.log")
    }

    /// A command of the enforcer's own tool, as root on the host.
    package func enforcer(_ words: String...) -> Command {
        lab.command(
            [binaries["cordon-enforcer"]] + words + ["--config", "\(folder)/enforcer.toml"], in: space,
            environment: binaries.environment)
    }
}
