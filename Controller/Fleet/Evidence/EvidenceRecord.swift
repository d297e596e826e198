package import CordonModel

/// A piece of evidence that the controller has: one file that an order brought.
package struct EvidenceRecord: Sendable, Hashable {
    /// The order that brought it; also how the evidence is called.
    package var order: OrderID
    package var host: AgentID
    package var caseID: CaseID?
    package var kind: ActionKind
    /// What a person would call the file. Untrusted, without slashes and control characters.
    package var name: String
    /// Of the whole: 32 bytes; checked when it came.
    package var sha256: [UInt8]
    /// Bytes.
    package var size: Int64
    package var receivedAt: Timestamp

    package init(
        order: OrderID, host: AgentID, caseID: CaseID?, kind: ActionKind, name: String, sha256: [UInt8], size: Int64,
        receivedAt: Timestamp
    ) {
        self.order = order
        self.host = host
        self.caseID = caseID
        self.kind = kind
        self.name = name
        self.sha256 = sha256
        self.size = size
        self.receivedAt = receivedAt
    }
}

/// Which evidence is meant. What is `nil` does not narrow.
package struct EvidenceFilter: Sendable, Hashable {
    package var host: AgentID?
    package var caseID: CaseID?
    /// Only of orders made before this one: the last of the page before.
    package var before: OrderID?
    /// At most so many, newest first: 1 to 1000.
    package var limit: Int

    package init(host: AgentID? = nil, caseID: CaseID? = nil, before: OrderID? = nil, limit: Int = 100) {
        self.host = host
        self.caseID = caseID
        self.before = before
        self.limit = limit
    }
}

/// Where it is kept which evidence there is; the bytes are in ``SumFolder``.
package protocol EvidenceRepository: Sendable {
    /// Adds a record with its audit entry; one of the same order stays as it is.
    func add(_ evidence: EvidenceRecord, recording entry: AuditEntry) async throws
    /// The evidence of an order; `nil` when there is none.
    func evidence(_ order: OrderID) async throws -> EvidenceRecord?
    /// The evidence that is meant, newest first.
    func evidence(_ filter: EvidenceFilter) async throws -> [EvidenceRecord]
    /// Bytes of all.
    func evidenceBytes() async throws -> Int64
    /// Whether any order's evidence has that SHA-256.
    func isEvidence(_ sha256: [UInt8]) async throws -> Bool
    /// Forgets what came before the instant, at most 100 at a time, with an audit entry each.
    func forgetEvidence(
        receivedBefore instant: Timestamp, recording entry: @escaping @Sendable (EvidenceRecord) -> AuditEntry
    ) async throws -> [EvidenceRecord]
}
