internal import ArgumentParser
internal import ControllerFleet
internal import CordonModel
internal import CordonSignals
internal import CordonTrust
internal import Glibc
internal import Logging

/// `cordon-controller serve`: the daemon.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve agents and people until told to stop.",
        discussion: """
            The data folder must hold a fleet: `cordon-controller init` makes one. With --init it is made first where there \
            is none, as `init` with its defaults does; where standard error is no terminal, the first password then goes into \
            the file first-password of the data folder, and is not shown.

            EXAMPLES
              cordon-controller serve
              cordon-controller serve --data ./data --link 127.0.0.1:7443 --api 127.0.0.1:8443
            """)

    @OptionGroup var options: DataOptions

    @Flag(
        name: .customLong("init"),
        help: "Make a fleet where the data folder holds none. Without this such a folder is refused.")
    var makesFleet = false

    @Option(name: .customLong("link"), help: "Where agents connect, as 0.0.0.0:7443; overrides the settings file.")
    var agents: String?

    @Option(
        name: .customLong("api"),
        help: "Where people and their programs connect, as 127.0.0.1:8443; overrides the settings file.")
    var people: String?

    func run() async throws {
        _ = signal(SIGPIPE, SIG_IGN)
        // Whatever library writes a file here: what the controller keeps is its own.
        _ = umask(0o077)
        do {
            let settings = try settings()
            LogOutput.bootstrap(level: settings.logLevel)
            let logger = Logger(label: "cordon.controller")
            let keys = try await keys(settings)
            try await Controller.build(keys: keys, settings: settings, logger: logger).run()
            logger.notice("stopped")
        } catch {
            throw Complaint.fail(error)
        }
    }

    private func settings() throws -> ControllerSettings {
        var settings = try options.settings()
        if let agents { settings.agents = try Self.endpoint(agents, "--link") }
        if let people { settings.people = try Self.endpoint(people, "--api") }
        return settings
    }

    /// The fleet of the folder; a new one where there is none and one may be made.
    private func keys(_ settings: ControllerSettings) async throws -> FleetKeys {
        guard makesFleet, !KeyFile.exists("\(settings.data)/\(FleetKeys.File.fleet)") else {
            return try FleetKeys.load(folder: settings.data)
        }
        let made = try await FleetStart.make(
            in: settings.data, name: "cordon", addresses: [], rootKeyFile: nil, admin: "admin", password: nil)
        Complaint.write(made.summary(password: try made.password.map { try hand($0, data: settings.data) }) + "\n\n")
        return made.keys
    }

    /// How the summary tells the first password: at a terminal as it is; anywhere else, as in a journal that others read
    /// and that is kept, only the file where it is.
    private func hand(_ password: String, data: String) throws -> String {
        guard isatty(STDERR_FILENO) != 1 else { return "\(password) (shown this once)" }
        let file = "\(data)/first-password"
        try KeyFile.write(Array((password + "\n").utf8), to: file)
        return "in \(file): sign in with it, then delete the file"
    }

    private static func endpoint(_ text: String, _ option: String) throws -> Endpoint {
        guard let endpoint = Endpoint(text) else {
            throw ControllerError(
                "options.listen", "\(option) must be an address and port, as 0.0.0.0:7443 or [::]:7443; \(text) is not."
            )
        }
        return endpoint
    }
}

/// `cordon-controller check`: whether the settings and the data folder can be served.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Read settings, keys, certificates and authorities as `serve` does; say what is wrong, change nothing.",
        discussion: """
            The database is not opened: a controller may be using it.

            EXAMPLES
              cordon-controller check
            """
    )

    @OptionGroup var options: DataOptions

    func run() async throws {
        do {
            let settings = try options.settings()
            let keys = try FleetKeys.load(folder: settings.data)
            _ = try Preparations(keys: keys, settings: settings)
            print(
                "The fleet \(keys.fleet) in \(settings.data) can be served: agents on \(settings.agents), people on \(settings.people)."
            )
        } catch {
            throw Complaint.fail(error)
        }
    }
}
