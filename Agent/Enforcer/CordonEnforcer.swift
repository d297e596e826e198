internal import ArgumentParser

/// The privileged half of an agent: no network, few capabilities, verifies every order itself.
@main
struct CordonEnforcer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon-enforcer",
        abstract: "Carries out signed containment orders on this host, within what its local policy allows.",
        discussion: """
            EXAMPLES
              cordon-enforcer status
              cordon-enforcer release --reason 'drill'
            """,
        version: Self.version,
        subcommands: [
            Run.self, Status.self, Check.self, Release.self, Codes.self, Upgrade.self, Leave.self, Guard.self,
        ],
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

    private static let usual = "/etc/cordon/enforcer.toml"

    var path: String { named ?? Self.usual }
    /// The usual file may be absent; one that somebody names must be there.
    var isNamed: Bool { named != nil }
}
