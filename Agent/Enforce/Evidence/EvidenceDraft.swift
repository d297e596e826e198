internal import CordonModel
internal import CordonTrust
internal import Glibc

/// Evidence while it is cut: bytes are added at its end, within its limit. What is let go of unfinished is gone.
final class EvidenceDraft {
    /// Bytes that it may have.
    let limit: Int64
    private(set) var size: Int64 = 0
    private var digest = StreamDigest()
    private let order: OrderID
    private let store: EvidenceStore
    private let file: Descriptor
    private var isFinished = false

    init(_ order: OrderID, in store: EvidenceStore, _ file: Descriptor, limit: Int64) {
        self.order = order
        self.store = store
        self.file = file
        self.limit = limit
    }

    deinit { if !isFinished { store.discard(order) } }

    /// Bytes that still fit.
    var left: Int64 { limit - size }

    /// Adds bytes. Throws `evidence.full` for more than fit.
    func append(_ bytes: ArraySlice<UInt8>) throws(EnforceError) {
        guard Int64(bytes.count) <= left else {
            throw EnforceError(
                "evidence.full", "The evidence would have more than the \(limit) bytes that it may have.")
        }
        try file.write(bytes, at: size, "the evidence of order \(order)")
        digest.update(bytes)
        size += Int64(bytes.count)
    }

    /// Keeps it; it is on the disk, and can be fetched, when this returns.
    func finish(name: String) throws -> Evidence {
        try file.sync("the evidence of order \(order)")
        let evidence = Evidence(name: name, sha256: digest.value, size: size)
        try store.keep(evidence, of: order)
        isFinished = true
        return evidence
    }
}
