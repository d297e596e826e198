package import CordonModel
internal import CordonSettings

/// The settings of cordon-enforcer, from `/etc/cordon/enforcer.toml` and its drop-ins.
package struct EnforcerSettings: Sendable {
    package static let defaultPath = "/etc/cordon/enforcer.toml"

    /// Where the agent connects.
    package var socket = "/run/cordon/enforcer.sock"
    /// Where anybody on this host connects who has a one-time code; empty: nowhere.
    package var releaseSocket = "/run/cordon/\(releaseSocketName)"
    private static let releaseSocketName = "release.sock"
    /// What cordon-guard says of itself: beside the socket.
    package var guardReport = "/run/cordon/\(guardReportName)"
    private static let guardReportName = "guard"
    /// Where the journal and the order keys are; root's alone.
    package var stateDirectory = "/var/lib/cordon-enforcer"
    package var policyDirectory = "/etc/cordon/policy.d"
    /// `file:line` where somebody named that folder, which must be there then; `nil` for the default.
    package var policyDirectoryOrigin: String?
    /// The files that these settings were read from, in order, and what else lies in their folder and was not read.
    package var files: [String] = []
    package var passedOver: [String] = []
    /// Written at enrolment: `fleet`, `agent`, and optionally `controllers`.
    package var identity = "/etc/cordon/identity.toml"
    /// Written at enrolment: the policy root's public key, 64 hexadecimal characters.
    package var policyRoot = "/etc/cordon/policy-root.pub"
    /// Where passwd, group and shadow are.
    package var accounts = "/etc"
    /// Name or number of the user that cordon-agent runs as.
    package var agentUser = "cordon"
    /// In which rules of YARA are compiled and matched; the package cordon-yara has it.
    package var yaraProgram = YaraChild.usualPath
    /// Controllers that an isolated host may reach, by address.
    package var controllers: [Endpoint] = []

    /// The defaults.
    package init() {}

    /// Reads the file and `NAME.d/*.toml` beside it; only root may have written them.
    /// - Parameter required: Whether the file must be there.
    package static func load(_ path: String, required: Bool = true) throws -> EnforcerSettings {
        let dropIns = path.hasSuffix(".toml") ? String(path.dropLast(5)) + ".d" : path + ".d"
        try RootOwned.check(path)
        try RootOwned.check(dropIns)
        let document = try Settings.load(file: path, dropIns: dropIns, required: required)
        for source in document.sources { try RootOwned.check(source.path) }
        var section = document.section("")
        var settings = EnforcerSettings()
        settings.socket = try section.text("socket", default: settings.socket)
        let folder = settings.socket.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        settings.releaseSocket = try section.text(
            "release_socket", default: folder.joined(separator: "/") + "/\(releaseSocketName)")
        settings.guardReport = folder.joined(separator: "/") + "/\(guardReportName)"
        settings.stateDirectory = try section.text("state_directory", default: settings.stateDirectory)
        settings.policyDirectory = try section.text("policy_directory", default: settings.policyDirectory)
        if section.has("policy_directory") { settings.policyDirectoryOrigin = section.origin(of: "policy_directory") }
        (settings.files, settings.passedOver) = (document.sources.map(\.path), document.passedOver)
        settings.identity = try section.text("identity", default: settings.identity)
        settings.policyRoot = try section.text("policy_root", default: settings.policyRoot)
        settings.accounts = try section.text("accounts", default: settings.accounts)
        settings.yaraProgram = try section.text("yara_program", default: settings.yaraProgram)
        settings.controllers = try section.endpoints("controllers", default: [])
        if section.has("agent_user") { settings.agentUser = try section.text("agent_user") }
        let origin = section.origin(of: "agent_user")
        try document.finish(section)
        guard let user = LocalPolicy.userID(settings.agentUser) else {
            throw EnforceError(
                "settings.agent_user", "\(origin): there is no user \(settings.agentUser) on this host.",
                remedy: "Make it (the package does), or set agent_user in \(path).")
        }
        guard user != 0 else {
            throw EnforceError(
                "settings.agent_user",
                "\(origin): agent_user is root; the agent must be an unprivileged user.",
                remedy: "Name the user that cordon-agent runs as; the package makes cordon.")
        }
        return settings
    }

    /// What the enforcer is made of.
    package func configuration(version: String) throws(EnforceError) -> Enforcer.Configuration {
        guard let user = LocalPolicy.userID(agentUser) else {
            throw EnforceError("settings.agent_user", "There is no user \(agentUser) on this host.")
        }
        var configuration = Enforcer.Configuration(
            stateDirectory: stateDirectory, policyDirectory: policyDirectory, identityPath: identity,
            policyRootPath: policyRoot, agentUser: user, controllers: controllers, version: version)
        configuration.accountsDirectory = accounts
        configuration.yaraProgram = yaraProgram
        configuration.guardReport = guardReport
        configuration.policyDirectoryOrigin = policyDirectoryOrigin
        return configuration
    }
}
