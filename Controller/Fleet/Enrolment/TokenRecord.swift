package import CordonModel
package import CordonTrust

/// One enrolment token, without its secret.
package struct TokenRecord: Sendable, Hashable {
    package var id: TokenID
    /// SHA-256 of the secret; the secret itself is shown once and never kept.
    package var secretHash: Fingerprint
    /// How often it may be used.
    package var uses: Int
    /// How often it was.
    package var used: Int
    package var expiresAt: Timestamp
    /// The group of the hosts that enrol with it; empty for none.
    package var group: String
    package var createdAt: Timestamp
    /// `Principal.name`.
    package var createdBy: String
    /// When it was withdrawn; `nil` when it was not.
    package var withdrawnAt: Timestamp?

    package init(
        id: TokenID, secretHash: Fingerprint, uses: Int, used: Int = 0, expiresAt: Timestamp, group: String,
        createdAt: Timestamp, createdBy: String, withdrawnAt: Timestamp? = nil
    ) {
        self.id = id
        self.secretHash = secretHash
        self.uses = uses
        self.used = used
        self.expiresAt = expiresAt
        self.group = group
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.withdrawnAt = withdrawnAt
    }
}

/// A token that was just made: the only time its text is known.
package struct NewToken: Sendable {
    /// What the agent is given: address, CA fingerprint, policy root fingerprint and secret in one string. A secret.
    package let text: String
    package let record: TokenRecord

    package init(text: String, record: TokenRecord) {
        self.text = text
        self.record = record
    }
}
