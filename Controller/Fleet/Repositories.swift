package import CordonModel
package import CordonTrust

/// Where hosts and their certificates are kept. Each change lands with its audit entries or not at all.
package protocol HostRegistry: Sendable {
    /// Every host, revoked ones too.
    func allHosts() async throws -> [HostRecord]
    /// Every certificate that may still be used.
    func allCertificates() async throws -> [AgentCertificate]
    /// Takes one use of the token and adds host and certificate. `false` when the token had no use left at `now`.
    func enrol(
        _ host: HostRecord, _ certificate: AgentCertificate, using token: TokenID, now: Timestamp,
        recording entries: [AuditEntry]
    ) async throws -> Bool
    /// Adds a certificate and shortens the life of the agent's others to what is given.
    func renew(
        _ certificate: AgentCertificate, othersRefusedAfter: Timestamp, recording entries: [AuditEntry]
    ) async throws
    /// Forgets the certificates.
    func retire(_ fingerprints: [Fingerprint], recording entries: [AuditEntry]) async throws
    /// Writes the revocation and forgets the host's certificates.
    func revoke(_ agent: AgentID, _ revocation: HostRecord.Revocation, recording entries: [AuditEntry]) async throws
    /// Writes when a clone was seen.
    func flagClone(_ agent: AgentID, at: Timestamp, recording entries: [AuditEntry]) async throws
    /// Writes what hosts say of themselves and when they were last heard: news, not decisions, so of all of it only
    /// changed names are audited.
    func refresh(_ hosts: [HostRecord], recording entries: [AuditEntry]) async throws
}

/// Where enrolment tokens are kept.
package protocol TokenRepository: Sendable {
    /// Adds one.
    func add(_ token: TokenRecord, recording entries: [AuditEntry]) async throws
    /// The token; `nil` when there is none.
    func token(_ id: TokenID) async throws -> TokenRecord?
    /// Every token, newest first.
    func allTokens() async throws -> [TokenRecord]
    /// Makes it useless from now on.
    func withdraw(_ id: TokenID, at: Timestamp, recording entries: [AuditEntry]) async throws
}

/// Where orders are kept.
package protocol OrderRepository: Sendable {
    /// Inserts or replaces the records, in one transaction with the entries.
    func save(_ records: [OrderRecord], recording entries: [AuditEntry]) async throws
    /// The order; `nil` when there is none.
    func order(_ id: OrderID) async throws -> OrderRecord?
    /// The orders that are meant, newest first.
    func orders(_ filter: OrderFilter) async throws -> [OrderRecord]
    /// Every order that is not final.
    func openOrders() async throws -> [OrderRecord]
    /// Orders of this kind whose effect may still be in force on the host: `succeeded` or `unknown`.
    func revertible(agent: AgentID, kind: ActionKind) async throws -> [OrderRecord]
}
