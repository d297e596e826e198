internal import AgentEnforce
internal import ArgumentParser
internal import CordonWire
internal import Glibc

/// `cordon-enforcer release`: break glass.
struct Release: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "End the isolation from the host itself, without an order. It goes into the journal, and is told as an alert.",
        discussion: """
            Root gives a reason. Anybody else gives one of the codes that root made with `cordon-enforcer codes`; each is good \
            once. After five that were wrong, wait a quarter of an hour.

            EXAMPLES
              cordon-enforcer release --reason 'the controller is gone'
              cordon-enforcer release --code -
            """)

    @OptionGroup var settingsOption: SettingsOption
    @Option(help: "Why, for the record.") var reason: String?
    @Option(help: "A one-time code; - reads it from standard input, where nobody sees it among the processes.")
    var code: String?

    func validate() throws {
        guard code != nil || !(reason ?? "").isEmpty else {
            throw ValidationError("Say why, with --reason, or give a --code.")
        }
    }

    func run() throws {
        guard let code else {
            let response = try LocalClient(settingsOption).ask { $0.localRelease.reason = reason ?? "" }
            return print(Status.text(response.status))
        }
        let given = code == "-" ? readLine(strippingNewline: true) ?? "" : code
        // Who is not root may be unable to read the settings.
        let settings = (try? EnforcerSettings.load(settingsOption.path)) ?? EnforcerSettings()
        _ = try LocalClient(socket: geteuid() == 0 ? settings.socket : settings.releaseSocket).ask {
            $0.localRelease.code = given
            $0.localRelease.reason = reason ?? ""
        }
        print("The isolation has ended; this code is used up.")
    }
}

/// `cordon-enforcer codes`: what is kept in a safe for the day that the controller is gone.
struct Codes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make one-time codes that end an isolation from the host itself. Root only; shown once.",
        discussion: """
            Those made before are worth nothing afterwards. Only their hashes stay on the host: keep the codes elsewhere. \
            `cordon-enforcer release --code CODE` uses one up, by whoever has it, without root and without a network.

            EXAMPLES
              cordon-enforcer codes --count 5
            """)

    @OptionGroup var settingsOption: SettingsOption
    @Option(help: "How many: 1 to 32.") var count: UInt32 = 5

    func run() throws {
        let response = try LocalClient(settingsOption).ask { $0.makeCodes.count = count }
        for code in response.done.codes { print(code) }
    }
}
