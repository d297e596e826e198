package import CordonModel
internal import CordonSettings
package import CordonTrust

/// Who this host is in its fleet, as enrolment wrote it down, and the policy root that was pinned then.
package struct HostIdentity: Sendable {
    package let fleet: String
    package let agent: AgentID
    /// Controllers that enrolment wrote down; may be none.
    package let controllers: [Endpoint]
    package let policyRoot: VerifyingKey

    package init(fleet: String, agent: AgentID, controllers: [Endpoint] = [], policyRoot: VerifyingKey) {
        self.fleet = fleet
        self.agent = agent
        self.controllers = controllers
        self.policyRoot = policyRoot
    }

    /// Reads the two files of enrolment; `nil` while one of them is not there. Keys of the identity file that belong to
    /// others are left to them.
    package static func load(identity: String, policyRoot: String) throws -> HostIdentity? {
        guard KeyFile.exists(identity), KeyFile.exists(policyRoot) else { return nil }
        try RootOwned.check(identity)
        try RootOwned.check(policyRoot)
        let settings = try Settings.load(file: identity, required: true)
        var section = settings.section("")
        let name = try section.text("agent")
        guard let agent = AgentID(name) else {
            throw EnforceError(
                "identity.malformed",
                "\(section.origin(of: "agent")): agent must be an identifier; it is \(name.prefix(64)).",
                remedy: "Enrol this host again.")
        }
        return HostIdentity(
            fleet: try section.text("fleet"), agent: agent,
            controllers: try section.endpoints("controllers", default: []),
            policyRoot: try KeyFile.verifyingKey(at: policyRoot))
    }
}
