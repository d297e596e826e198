package import CordonModel

/// Where users, sessions and API tokens are kept. Each change takes what the audit chain says of it; both land or neither.
package protocol AccessRepository: Sendable {
    /// Keeps the first user of all. - Throws: ``AccessError/alreadyInitialised`` when there is any.
    func insertFirst(_ user: User, passwordHash: String, recording entries: [AuditEntry]) async throws
    /// - Throws: `access.name_taken`.
    func insert(_ user: User, passwordHash: String, recording entries: [AuditEntry]) async throws
    /// By name.
    func users() async throws -> [User]
    /// The user and the password's hash.
    func user(named name: String) async throws -> (user: User, passwordHash: String)?
    /// Sets the hash and ends all sessions of the user but the one kept.
    func setPassword(
        of user: UserID, hash: String, at: Timestamp, keeping session: [UInt8]?, recording entries: [AuditEntry]
    ) async throws
    /// - Throws: ``AccessError/lastAdministrator``.
    func setRole(of user: UserID, to role: Role, recording entries: [AuditEntry]) async throws
    /// Removes the user with all sessions, and revokes the API tokens that the user made.
    /// - Throws: ``AccessError/lastAdministrator``.
    func remove(_ user: User, at: Timestamp, recording entries: [AuditEntry]) async throws

    /// Keeps the session and forgets those that ended before `forgetting`.
    func insert(_ session: Session, forgetting: Timestamp, recording entries: [AuditEntry]) async throws
    /// The session and its user as the user is now.
    func session(_ tokenHash: [UInt8]) async throws -> (session: Session, user: User)?
    /// The sessions of one user.
    func sessions(of user: UserID) async throws -> [Session]
    /// Notes that the session was used. Not audited.
    func touch(_ tokenHash: [UInt8], at: Timestamp) async throws
    /// Ends the session; does nothing when it has ended.
    func removeSession(_ tokenHash: [UInt8], recording entries: [AuditEntry]) async throws

    func insert(_ token: APIToken, recording entries: [AuditEntry]) async throws
    /// Newest first.
    func apiTokens() async throws -> [APIToken]
    /// By the token's hash.
    func apiToken(hash: [UInt8]) async throws -> APIToken?
    /// - Throws: `access.unknown_token`.
    func revoke(_ token: TokenID, at: Timestamp, recording entries: [AuditEntry]) async throws

    /// Writes to the audit chain alone: refused sign-ins.
    func record(_ entries: [AuditEntry]) async throws
}
