package import CordonModel
package import CordonTrust

/// What the uplink must be told.
package struct UplinkSettings: Sendable {
    /// Holds the identity, the orders and the key set.
    package var stateFolder: String
    /// The enforcer's Unix socket.
    package var enforcerSocket: String
    /// The text of `/etc/machine-id`.
    package var machineID: String
    /// Where the controller is, if not where the token said.
    package var controller: ControllerAddress?
    /// What must not answer while the host is isolated. The default is a documentation address (RFC 5737) that nothing
    /// answers anyway: name one of yours that does, and the proof of isolation is worth more.
    package var canaries: [Endpoint] = [Endpoint(.v4(0xC000_0201), port: 443)]
    /// How long a canary may take.
    package var canaryPatience: Duration = .seconds(1)
    /// How often the enforcer is asked what is in force.
    package var statusInterval: Duration = .seconds(30)
    /// A controller that is silent for so long cannot be reached: standing orders are carried out from then on.
    package var lostAfter: Duration = .seconds(30)
    package var timing = LinkTiming()
    /// Of this agent.
    package var version: String

    package init(stateFolder: String, enforcerSocket: String, machineID: String, version: String) {
        self.stateFolder = stateFolder
        self.enforcerSocket = enforcerSocket
        self.machineID = machineID
        self.version = version
    }

    /// Key, certificate, authority.
    package var identityFile: String { "\(stateFolder)/identity.pem" }
    /// The order keys as signed by the policy root, for the enforcer.
    package var keySetFile: String { "\(stateFolder)/order-keys.bin" }
    /// Where the controller was last found, for when names do not resolve.
    package var endpointFile: String { "\(stateFolder)/controller.endpoint" }
    /// The rules in force, as signed by the controller.
    package var rulePackFile: String { "\(stateFolder)/rules.signed" }
    /// Orders and results that are not settled.
    package var ordersFolder: String { "\(stateFolder)/orders" }
}
