internal import AgentEnforce
internal import ArgumentParser

/// `cordon-enforcer check`: whether it would start with these files.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the settings and the local policy, and change nothing.",
        discussion: """
            EXAMPLES
              cordon-enforcer check
            """
    )

    @OptionGroup var settingsOption: SettingsOption

    func run() throws {
        do {
            let settings = try EnforcerSettings.load(settingsOption.path, required: settingsOption.isNamed)
            let policy = try LocalPolicy.load(folder: settings.policyDirectory)
            let host = try HostIdentity.load(identity: settings.identity, policyRoot: settings.policyRoot)
            print("settings and local policy are valid; policy \(policy.hash.prefix(16))")
            print(host.map { "enrolled as \($0.agent) in \($0.fleet)" } ?? "not enrolled yet: orders will be refused")
        } catch {
            throw Complaint(error)
        }
    }
}
