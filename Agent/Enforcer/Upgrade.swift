internal import AgentEnforce
internal import ArgumentParser
internal import CordonSignals
internal import Logging

/// `cordon-enforcer upgrade`: what cordon-upgrade.service runs.
struct Upgrade: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finish the upgrade that was begun: install it, look whether the host is well, or go back.",
        discussion: """
            cordon-upgrade.service runs this, once the packages of a release that the controller offered are here and were \
            verified. Run by hand it does the same: nothing, unless an upgrade was begun and not finished. Root only.

            EXAMPLES
              cordon-enforcer upgrade
            """)

    @OptionGroup var settingsOption: SettingsOption

    func run() throws {
        LogOutput.bootstrap(level: .info)
        do {
            let settings = try EnforcerSettings.load(settingsOption.path, required: settingsOption.isNamed)
            print(try Upgrader(settings, log: Logger(label: "upgrade")).run())
        } catch {
            throw Complaint(error)
        }
    }
}
