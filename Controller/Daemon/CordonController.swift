internal import ArgumentParser

/// The controller: makes a fleet, and serves its agents and its people.
@main
struct CordonController: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon-controller",
        abstract: "Runs a fleet: takes in its alerts, runs its playbooks, orders its agents, and serves its people.",
        discussion: """
            A first start in two commands:
              cordon-controller init --name hospital --address soc.example.org
              cordon-controller serve
            """,
        version: Self.version,
        subcommands: [Init.self, Serve.self, Check.self])

    static let version = "0.1.0"
}

/// The options that every command has.
struct DataOptions: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: "The settings file; drop-ins are in the folder of the same name ending in .d. (default: \(Self.usual))")
    var config: String?

    private static let usual = "/etc/cordon/controller.toml"

    @Option(help: "The data folder; the settings file's, or /var/lib/cordon-controller, where it is not given.")
    var data: String?

    /// The settings, with what the command line says put over them. The usual file may be absent; one that somebody names
    /// must be there.
    func settings() throws -> ControllerSettings {
        var settings = try ControllerSettings.load(config ?? Self.usual, required: config != nil)
        if let data { settings.data = data }
        return settings
    }
}
