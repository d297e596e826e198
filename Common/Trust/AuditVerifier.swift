internal import CordonModel

/// What is wrong with a chain, and where.
package struct AuditFault: Sendable, Hashable, CustomStringConvertible {
    /// Of the first record that does not fit.
    package let index: Int64
    package let kind: Kind

    package init(index: Int64, kind: Kind) {
        self.index = index
        self.kind = kind
    }

    package enum Kind: String, Sendable, Hashable, Codable {
        /// Another index was expected: a record was removed, added or moved.
        case gap
        /// The hash does not follow from the record and the hash before.
        case altered
        /// A signed checkpoint says another hash: the chain was rewritten from there or before.
        case rewritten
        /// A checkpoint's signature is not the audit key's.
        case forgedCheckpoint = "forged_checkpoint"
        /// The chain ends before its last checkpoint.
        case truncated
        /// A checkpoint that must be there is not.
        case missingCheckpoint = "missing_checkpoint"
        /// No checkpoint stands at the last record.
        case unsealed
    }

    /// One sentence for people.
    package var description: String {
        switch kind {
        case .gap: "The audit chain has a gap: record \(index) is missing or out of place."
        case .altered: "Audit record \(index) was altered: its hash does not follow from its contents."
        case .rewritten:
            "The audit chain was rewritten at or before record \(index): a signed checkpoint says otherwise."
        case .forgedCheckpoint: "The checkpoint at audit record \(index) was not signed by this controller's audit key."
        case .truncated: "The audit chain was cut off: a signed checkpoint proves that record \(index) existed."
        case .missingCheckpoint: "The signed checkpoint at audit record \(index) was removed."
        case .unsealed:
            "No signed checkpoint stands at or after audit record \(index), the last ones: they may be forged, or others cut off."
        }
    }
}

/// Checks a chain record by record, so that a long one need not be in memory.
package struct AuditVerifier: Sendable {
    private var head = AuditHead.start
    private var waiting: ArraySlice<AuditCheckpoint>
    private let key: VerifyingKey
    private let demandsSeal: Bool
    /// The last record at which a checkpoint stands.
    private var sealed: Int64 = 0

    /// Checkpoints in any order.
    /// - Parameter demandsSeal: Whether checkpoints must stand at every ``AuditChain/checkpointInterval`` records and at the
    ///   last one, as they do in every chain that a controller wrote.
    package init(checkpoints: [AuditCheckpoint], key: VerifyingKey, demandsSeal: Bool = true) {
        self.demandsSeal = demandsSeal
        waiting = checkpoints.sorted { $0.index < $1.index }[...]
        self.key = key
    }

    /// How far the chain holds.
    package var verified: AuditHead { head }

    /// Takes the next record; a fault ends the check.
    package mutating func check(_ record: AuditRecord) -> AuditFault? {
        guard record.index == head.index + 1 else { return AuditFault(index: head.index + 1, kind: .gap) }
        guard record.hash == AuditChain.hash(of: record.entry, at: record.index, after: head.hash) else {
            return AuditFault(index: record.index, kind: .altered)
        }
        head = AuditHead(index: record.index, hash: record.hash)
        while let next = waiting.first, next.index <= record.index {
            waiting = waiting.dropFirst()
            guard isSigned(next) else { return AuditFault(index: next.index, kind: .forgedCheckpoint) }
            guard next.index == record.index, next.hash == record.hash else {
                return AuditFault(index: next.index, kind: .rewritten)
            }
            sealed = next.index
        }
        if demandsSeal, record.index.isMultiple(of: AuditChain.checkpointInterval), sealed != record.index {
            return AuditFault(index: record.index, kind: .missingCheckpoint)
        }
        return nil
    }

    /// Call after the last record.
    package func finish() -> AuditFault? {
        for late in waiting {
            return AuditFault(index: late.index, kind: isSigned(late) ? .truncated : .forgedCheckpoint)
        }
        return demandsSeal && sealed != head.index ? AuditFault(index: sealed + 1, kind: .unsealed) : nil
    }

    private func isSigned(_ checkpoint: AuditCheckpoint) -> Bool {
        let statement = AuditChain.statement(checkpoint.index, checkpoint.hash)
        return key.isValid(checkpoint.signature, for: statement, in: .auditCheckpoint)
    }
}
