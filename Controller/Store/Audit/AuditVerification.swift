package import CordonTrust

/// What a check of the whole audit chain found.
package struct AuditVerification: Sendable, Hashable {
    /// Records that hold, from the first on.
    package var records: Int64
    /// Checkpoints that hold.
    package var checkpoints: Int
    /// As far as the chain holds.
    package var head: AuditHead
    /// The first thing that does not; `nil` when all does.
    package var fault: Fault?

    package struct Fault: Sendable, Hashable {
        /// The record's number.
        package var index: Int64
        /// `gap`, `altered`, `rewritten`, `forged_checkpoint`, `truncated`, `missing_checkpoint`, `unsealed`.
        package var kind: String
        /// One sentence for people.
        package var message: String
    }
}

/// The check of a stored chain, record by record: the chain's own arithmetic, the exact bytes of the columns, and the
/// checkpoints that must be there.
struct AuditInspection {
    private var verifier: AuditVerifier
    private let signed: Set<Int64>
    private(set) var verification = AuditVerification(records: 0, checkpoints: 0, head: .start)

    init(checkpoints: [AuditCheckpoint], key: VerifyingKey) {
        verifier = AuditVerifier(checkpoints: checkpoints, key: key)
        signed = Set(checkpoints.map(\.index))
    }

    /// Takes the next record; true ends the check, a fault was found.
    mutating func check(_ stored: StoredAuditRecord) -> Bool {
        let record = stored.record
        // Bytes that the store does not write are a change too, even where they read the same.
        let seen = stored.isCanonical ? record : AuditRecord(index: record.index, entry: record.entry, hash: [])
        if let fault = verifier.check(seen) { return found(fault) }
        verification.head = verifier.verified
        verification.records = record.index
        if signed.contains(record.index) { verification.checkpoints += 1 }
        return false
    }

    mutating func finish() {
        if let fault = verifier.finish() { _ = found(fault) }
    }

    private mutating func found(_ fault: AuditFault) -> Bool {
        verification.fault = AuditVerification.Fault(
            index: fault.index, kind: fault.kind.rawValue, message: fault.description
        )
        return true
    }
}
