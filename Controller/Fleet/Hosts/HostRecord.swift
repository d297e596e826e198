package import CordonModel
package import CordonTrust

/// One enrolled host, as the registry keeps it.
package struct HostRecord: Sendable, Hashable {
    package var id: AgentID
    /// The name it enrolled with; for people, not for authorisation. Hostile text.
    package var hostname: String
    /// The enrolment token's group; empty for none.
    package var group: String
    /// The machine it enrolled from. The same key on another machine is a clone.
    package var machine: Fingerprint
    package var enrolledAt: Timestamp
    /// The token it enrolled with.
    package var token: TokenID
    /// What the host last said of itself; `nil` until it first connects. Untrusted.
    package var facts: HostFacts?
    package var revocation: Revocation?
    /// When another machine last showed this host's key; `nil` when none did.
    package var cloneSeenAt: Timestamp?
    /// When the host was last heard; `nil` when never.
    package var lastSeen: Timestamp?
    /// Since when it is connected; `nil` when it is offline. Not stored.
    package var onlineSince: Timestamp?

    package init(
        id: AgentID, hostname: String, group: String, machine: Fingerprint, enrolledAt: Timestamp, token: TokenID,
        facts: HostFacts? = nil, revocation: Revocation? = nil, cloneSeenAt: Timestamp? = nil,
        lastSeen: Timestamp? = nil, onlineSince: Timestamp? = nil
    ) {
        self.id = id
        self.hostname = hostname
        self.group = group
        self.machine = machine
        self.enrolledAt = enrolledAt
        self.token = token
        self.facts = facts
        self.revocation = revocation
        self.cloneSeenAt = cloneSeenAt
        self.lastSeen = lastSeen
        self.onlineSince = onlineSince
    }

    /// Whether a stream for orders is open.
    package var isOnline: Bool { onlineSince != nil }

    /// The name to show: the one it enrolled with. What a host says later changes no name that people decide by.
    package var name: String { hostname }

    /// What the host now says it is called, where that is another name; only its claim. Hostile text.
    package var claimedName: String? {
        facts.flatMap { $0.hostname.isEmpty || $0.hostname == hostname ? nil : $0.hostname }
    }

    /// Who put the host out of the fleet.
    package struct Revocation: Sendable, Hashable {
        package var at: Timestamp
        /// `Principal.name`.
        package var by: String
        package var reason: String

        package init(at: Timestamp, by: String, reason: String) {
            self.at = at
            self.by = by
            self.reason = reason
        }
    }
}

/// One certificate that the fleet issued to an agent. Nothing else is let in.
package struct AgentCertificate: Sendable, Hashable {
    /// SHA-256 of the DER.
    package var fingerprint: Fingerprint
    package var agent: AgentID
    package var issuedAt: Timestamp
    /// Refused afterwards: the certificate's own end, or earlier when a newer one replaced it.
    package var refusedAfter: Timestamp

    package init(fingerprint: Fingerprint, agent: AgentID, issuedAt: Timestamp, refusedAfter: Timestamp) {
        self.fingerprint = fingerprint
        self.agent = agent
        self.issuedAt = issuedAt
        self.refusedAfter = refusedAfter
    }
}
