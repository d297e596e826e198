package import CordonModel

/// Somebody who may sign in.
package struct User: Sendable, Hashable {
    package var id: UserID
    /// Lower case; stands in the audit chain.
    package var name: String
    package var role: Role
    package var createdAt: Timestamp
    package var passwordChangedAt: Timestamp

    package init(id: UserID, name: String, role: Role, createdAt: Timestamp, passwordChangedAt: Timestamp) {
        self.id = id
        self.name = name
        self.role = role
        self.createdAt = createdAt
        self.passwordChangedAt = passwordChangedAt
    }
}

/// A sign-in that lasts. The token itself is never stored.
package struct Session: Sendable, Hashable {
    /// SHA-256 of the token.
    package var tokenHash: [UInt8]
    package var user: UserID
    package var createdAt: Timestamp
    package var lastSeenAt: Timestamp
    /// Ends then, however busy it is.
    package var endsAt: Timestamp
    /// Where the sign-in came from, for people.
    package var source: String

    package init(
        tokenHash: [UInt8], user: UserID, createdAt: Timestamp, lastSeenAt: Timestamp, endsAt: Timestamp, source: String
    ) {
        self.tokenHash = tokenHash
        self.user = user
        self.createdAt = createdAt
        self.lastSeenAt = lastSeenAt
        self.endsAt = endsAt
        self.source = source
    }
}

/// A program's way in. The token itself is never stored.
package struct APIToken: Sendable, Hashable {
    package var id: TokenID
    /// SHA-256 of the token.
    package var tokenHash: [UInt8]
    /// What it is for; acts as `token:NAME` in the audit chain.
    package var name: String
    package var role: Role
    /// The name of the administrator who made it.
    package var createdBy: String
    package var createdAt: Timestamp
    package var expiresAt: Timestamp
    package var revokedAt: Timestamp?

    package init(
        id: TokenID, tokenHash: [UInt8], name: String, role: Role, createdBy: String, createdAt: Timestamp,
        expiresAt: Timestamp, revokedAt: Timestamp? = nil
    ) {
        self.id = id
        self.tokenHash = tokenHash
        self.name = name
        self.role = role
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
    }
}

/// A fresh sign-in: the only moment at which the token is known.
package struct SignIn: Sendable {
    /// The session's bearer token: for a cookie or an `Authorization: Bearer` header. Secret.
    package let token: String
    package let credential: Credential
}

/// Who is asking, and by what right, once the token was checked.
package struct Credential: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, Codable {
        case session
        case apiToken = "api_token"
    }

    package let kind: Kind
    package let principal: Principal
    /// Names it without giving it away: SHA-256 of the token, lower-case hex.
    package let id: String
    /// What a form must carry along with the session's cookie (derived from the token); empty for API tokens. Secret.
    package let formToken: String
    package let expiresAt: Timestamp
}
