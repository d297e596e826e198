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
            let policy = try LocalPolicy.load(
                folder: settings.policyDirectory, namedAt: settings.policyDirectoryOrigin)
            let host = try HostIdentity.load(identity: settings.identity, policyRoot: settings.policyRoot)
            print("settings and local policy are valid; policy \(policy.hash.prefix(16))")
            for path in settings.files { print("settings      \(path)") }
            for path in policy.files { print("local policy  \(path)") }
            if policy.files.isEmpty { print("local policy  none in \(settings.policyDirectory): the defaults hold") }
            for path in settings.passedOver + policy.passedOver {
                print("passed over   \(path): its name does not end in .toml")
            }
            print(host.map { "enrolled as \($0.agent) in \($0.fleet)" } ?? "not enrolled yet: orders will be refused")
        } catch {
            throw Complaint(error)
        }
    }
}
