internal import ArgumentParser

/// The unprivileged half of an agent: collects logs and talks to the controller.
@main
struct CordonAgent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon-agent",
        abstract: "Collects this host's logs, ships them to the controller, and passes its orders to cordon-enforcer.",
        discussion: """
            EXAMPLES
              cordon-agent enroll --token-file token
              cordon-agent check
              cordon-agent normalize --source sshd /var/log/auth.log
            """,
        version: Self.version,
        subcommands: [Run.self, Enroll.self, Status.self, Check.self, Normalize.self],
        defaultSubcommand: Run.self
    )

    static let version = "0.1.0"
}

/// The option that every command has.
struct SettingsOption: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: "The settings file; drop-ins are in the folder of the same name ending in .d. (default: \(Self.usual))")
    private var named: String?

    private static let usual = "/etc/cordon/agent.toml"

    var path: String { named ?? Self.usual }
    /// The usual file may be absent; one that somebody names must be there.
    var isNamed: Bool { named != nil }
}
