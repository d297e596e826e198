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
    /// What isolating the host would do to it; `nil` from an enforcer that does not say.
    package var isolation: IsolationPreflight?
    /// What the kernel and the agent's rights allow, as names: `journal`, `audit_log`, `cgroup2`, `pidfd`, …
    package var abilities: [String]
    /// The version of the standing orders that the enforcer took last; `nil` for none.
    package var standingVersion: UInt64?
    /// How the agent itself is doing; `nil` from one that does not say.
    package var health: AgentHealth?

    package init(
        hostname: String, kernel: String, operatingSystem: String, agentVersion: String, enforcerVersion: String,
        ownedTables: Bool, policyHash: String, containment: ContainmentState,
        isolation: IsolationPreflight? = nil, abilities: [String] = [], health: AgentHealth? = nil
    ) {
        self.hostname = hostname
        self.kernel = kernel
        self.operatingSystem = operatingSystem
        self.agentVersion = agentVersion
        self.enforcerVersion = enforcerVersion
        self.ownedTables = ownedTables
        self.policyHash = policyHash
        self.containment = containment
        self.isolation = isolation
        self.abilities = abilities
        self.health = health
    }
}

/// What isolating a host would do to it, said before anybody needs to know.
package struct IsolationPreflight: Sendable, Hashable, Codable {
    package enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
        /// It is cut off, stays in hand, and comes back.
        case safe
        /// It can be isolated; the reasons say what would not be as it should.
        case degraded
        /// Its enforcer would refuse.
        case refused
    }

    package var verdict: Verdict
    /// Sentences for people.
    package var reasons: [String]

    package init(verdict: Verdict, reasons: [String] = []) {
        self.verdict = verdict
        self.reasons = reasons
    }
}

/// How an agent is doing. Its values are rounded, so that they differ when they have changed much.
package struct AgentHealth: Sendable, Hashable, Codable {
    /// Anonymous memory of the agent's process.
    package var memoryBytes: Int64
    /// Thousandths of one core since it was looked at last.
    package var cpuPermille: Int
    /// Items that the controller does not have yet.
    package var waiting: Int64
    /// What the spool takes on the disk.
    package var spoolBytes: Int64
    /// Items lost since the agent began, as far as it knows.
    package var lost: Int64
    /// Orders refused since the agent began.
    package var refused: Int
    /// What it collects from, and what of that it cannot read now.
    package var sources: [SourceState]

    package init(
        memoryBytes: Int64, cpuPermille: Int, waiting: Int64, spoolBytes: Int64, lost: Int64, refused: Int,
        sources: [SourceState] = []
    ) {
        self.memoryBytes = memoryBytes
        self.cpuPermille = cpuPermille
        self.waiting = waiting
        self.spoolBytes = spoolBytes
        self.lost = lost
        self.refused = refused
        self.sources = sources
    }

    /// What an older version wrote down has no sources.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        memoryBytes = try values.decode(Int64.self, forKey: .memoryBytes)
        cpuPermille = try values.decode(Int.self, forKey: .cpuPermille)
        waiting = try values.decode(Int64.self, forKey: .waiting)
        spoolBytes = try values.decode(Int64.self, forKey: .spoolBytes)
        lost = try values.decode(Int64.self, forKey: .lost)
        refused = try values.decode(Int.self, forKey: .refused)
        sources = try values.decodeIfPresent([SourceState].self, forKey: .sources) ?? []
    }
}

/// One of the logs that an agent collects from.
package struct SourceState: Sendable, Hashable, Codable {
    /// As events' gaps name it: `file:/var/log/auth.log`, `journal`, `processes`.
    package var source: String
    /// What of it cannot be read now, and what to do, for people; `nil` when all is well.
    package var fault: String?

    package init(source: String, fault: String? = nil) {
        self.source = source
        self.fault = fault
    }
}

/// What is in force on a host.
package struct ContainmentState: Sendable, Hashable, Codable {
    /// When the isolation ends by itself; `nil` when the host is not isolated.
    package var isolatedUntil: Timestamp?
    package var isolatedBy: OrderID?
    /// Blocked networks and when each ends.
    package var blocks: [Block]
    /// What else is in force: frozen processes, quarantined files.
    package var effects: [Effect]

    package struct Block: Sendable, Hashable, Codable {
        package var network: Network
        package var until: Timestamp

        package init(network: Network, until: Timestamp) {
            self.network = network
            self.until = until
        }
    }

    /// One effect of an order that can be undone.
    package struct Effect: Sendable, Hashable, Codable {
        /// Of the action that brought it about.
        package var kind: ActionKind
        /// What it is about, for people.
        package var subject: String
        /// Which order it was.
        package var order: OrderID
        /// When it ends by itself; `nil` when it lasts until it is undone.
        package var until: Timestamp?

        package init(kind: ActionKind, subject: String, order: OrderID, until: Timestamp? = nil) {
            self.kind = kind
            self.subject = subject
            self.order = order
            self.until = until
        }
    }

    package init(
        isolatedUntil: Timestamp? = nil, isolatedBy: OrderID? = nil, blocks: [Block] = [], effects: [Effect] = []
    ) {
        self.isolatedUntil = isolatedUntil
        self.isolatedBy = isolatedBy
        self.blocks = blocks
        self.effects = effects
    }

    /// Effects that keep packets from passing, as blocks of networks do: those by port or direction, lists, users whose
    /// network is cut, sinkholed domains.
    package var blockEffects: [Effect] {
        effects.filter { [.blockAddress, .blockAddresses, .cutUserNetwork, .sinkholeDomain].contains($0.kind) }
    }

    /// What an older version wrote down has no effects.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        isolatedUntil = try values.decodeIfPresent(Timestamp.self, forKey: .isolatedUntil)
        isolatedBy = try values.decodeIfPresent(OrderID.self, forKey: .isolatedBy)
        blocks = try values.decode([Block].self, forKey: .blocks)
        effects = try values.decodeIfPresent([Effect].self, forKey: .effects) ?? []
    }
}
