/// What an agent says of its host. Untrusted: bind no authorisation to any of it.
package struct HostFacts: Sendable, Hashable, Codable {
    package var hostname: String
    package var kernel: String
    package var operatingSystem: String
    package var agentVersion: String
    package var enforcerVersion: String
    /// Whether nf_tables takes tables with owner and persist flags (kernel 6.9 and later).
    package var ownedTables: Bool
    /// SHA-256 of the local policy's files, lower-case hex.
    package var policyHash: String
    /// What the enforcer holds in force now.
    package var containment: ContainmentState

    package init(
        hostname: String, kernel: String, operatingSystem: String, agentVersion: String, enforcerVersion: String,
        ownedTables: Bool, policyHash: String, containment: ContainmentState
    ) {
        self.hostname = hostname
        self.kernel = kernel
        self.operatingSystem = operatingSystem
        self.agentVersion = agentVersion
        self.enforcerVersion = enforcerVersion
        self.ownedTables = ownedTables
        self.policyHash = policyHash
        self.containment = containment
    }
}

/// What is in force on a host.
package struct ContainmentState: Sendable, Hashable, Codable {
    /// When the isolation ends by itself; `nil` when the host is not isolated.
    package var isolatedUntil: Timestamp?
    package var isolatedBy: OrderID?
    /// Blocked networks and when each ends.
    package var blocks: [Block]

    package struct Block: Sendable, Hashable, Codable {
        package var network: Network
        package var until: Timestamp

        package init(network: Network, until: Timestamp) {
            self.network = network
            self.until = until
        }
    }

    package init(isolatedUntil: Timestamp? = nil, isolatedBy: OrderID? = nil, blocks: [Block] = []) {
        self.isolatedUntil = isolatedUntil
        self.isolatedBy = isolatedBy
        self.blocks = blocks
    }
}
