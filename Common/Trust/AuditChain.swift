package import CordonModel
internal import Crypto

/// One record of the audit chain: an entry, its place, and the hash that ties it to all records before it.
package struct AuditRecord: Sendable, Hashable {
    /// From 1, without gaps.
    package let index: Int64
    package let entry: AuditEntry
    /// SHA-256 over the hash of the record before and the canonical bytes of this one: 32 bytes.
    package let hash: [UInt8]

    package init(index: Int64, entry: AuditEntry, hash: [UInt8]) {
        self.index = index
        self.entry = entry
        self.hash = hash
    }
}

/// The last record of a chain, as far as appending needs it.
package struct AuditHead: Sendable, Hashable {
    package let index: Int64
    /// 32 bytes.
    package let hash: [UInt8]

    package init(index: Int64, hash: [UInt8]) {
        self.index = index
        self.hash = hash
    }

    /// Before the first record.
    package static let start = AuditHead(index: 0, hash: [UInt8](repeating: 0, count: 32))
}

/// A signed statement that the chain had this hash at this place: what makes a rewritten chain, or a shortened one, show.
package struct AuditCheckpoint: Sendable, Hashable {
    package let index: Int64
    /// Of the record at `index`: 32 bytes.
    package let hash: [UInt8]
    /// By the audit key.
    package let signature: [UInt8]

    package init(index: Int64, hash: [UInt8], signature: [UInt8]) {
        self.index = index
        self.hash = hash
        self.signature = signature
    }
}

/// The arithmetic of the audit chain. No I/O: the store keeps what these functions make.
package enum AuditChain {
    /// The record that follows.
    package static func record(_ entry: AuditEntry, after head: AuditHead) -> AuditRecord {
        let index = head.index + 1
        return AuditRecord(index: index, entry: entry, hash: hash(of: entry, at: index, after: head.hash))
    }

    /// SHA-256 over the previous hash and the canonical bytes.
    package static func hash(of entry: AuditEntry, at index: Int64, after previous: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: previous + canonicalBytes(of: entry, at: index)))
    }

    /// One byte string for one record: a version text, the index and the time as 8 bytes big-endian, then actor, verb,
    /// subject, the count of details and each key and value in byte order of keys; texts in UTF-8 after their length (4 bytes).
    package static func canonicalBytes(of entry: AuditEntry, at index: Int64) -> [UInt8] {
        var bytes = Array("cordon/audit-record/v1".utf8) + [0]
        append(UInt64(bitPattern: index), to: &bytes)
        append(UInt64(bitPattern: entry.at.microseconds), to: &bytes)
        for text in [entry.actor, entry.verb, entry.subject] { append(text, to: &bytes) }
        append(UInt32(clamping: entry.details.count), to: &bytes)
        let sorted = entry.details.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (key, value) in sorted {
            append(key, to: &bytes)
            append(value, to: &bytes)
        }
        return bytes
    }

    /// A checkpoint stands at every record whose number is a multiple of this, and at the last one of each transaction.
    package static let checkpointInterval: Int64 = 64

    /// Signs where the chain is.
    package static func checkpoint(at head: AuditHead, with key: SigningKey) throws(TrustError) -> AuditCheckpoint {
        AuditCheckpoint(
            index: head.index, hash: head.hash,
            signature: try key.signature(for: statement(head.index, head.hash), in: .auditCheckpoint))
    }

    /// The first fault of a whole chain in order, wherever its checkpoints stand; `nil` when it holds.
    package static func firstFault(
        in records: some Sequence<AuditRecord>, checkpoints: [AuditCheckpoint], key: VerifyingKey
    ) -> AuditFault? {
        var verifier = AuditVerifier(checkpoints: checkpoints, key: key, demandsSeal: false)
        for record in records {
            if let fault = verifier.check(record) { return fault }
        }
        return verifier.finish()
    }

    static func statement(_ index: Int64, _ hash: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        append(UInt64(bitPattern: index), to: &bytes)
        return bytes + hash
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        append(UInt32(clamping: text.utf8.count), to: &bytes)
        bytes += text.utf8
    }
}
