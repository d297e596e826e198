package import CordonModel
package import CordonOrders
package import CordonTrust
package import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// The keys that may sign orders: a set signed by the policy root, kept on disk, whose version never goes back.
package struct KeyRing: Sendable {
    private let path: String
    private var held: Cordon_V1_SignedOrderKeySet?

    /// Reads what is kept at the path. It is verified anew whenever it is used: the file alone proves nothing.
    package init(path: String) throws {
        self.path = path
        guard KeyFile.exists(path) else { return }
        let bytes = try KeyFile.read(path, secret: false)
        guard let set = try? Cordon_V1_SignedOrderKeySet(serializedBytes: bytes) else {
            throw EnforceError(
                "keys.malformed", "\(path) is not a set of order keys.",
                remedy: "Move it aside; the controller sends the set again when the agent connects.")
        }
        held = set
    }

    /// A verified set.
    package struct Keys: Sendable {
        package let version: UInt64
        package let expiresAt: Timestamp
        package let keys: [VerifyingKey]
        /// Those whose approval counts.
        package let approvers: [Approver]
    }

    /// The keys that hold for the host, or why there are none.
    package func keys(for host: HostIdentity) throws(Refusal) -> Keys {
        guard let held else { throw Refusal("key", "This host has no set of order keys yet.") }
        return try Self.verify(held, for: host)
    }

    /// The version held; 0 when there is none or it does not hold.
    package func version(for host: HostIdentity?) -> UInt64 { host.flatMap { try? keys(for: $0).version } ?? 0 }

    /// Verifies a set and keeps it. The same or a newer version only.
    package mutating func accept(_ set: Cordon_V1_SignedOrderKeySet, for host: HostIdentity, at now: Timestamp) throws
        -> UInt64
    {
        let fresh = try Self.verify(set, for: host)
        guard fresh.expiresAt > now else {
            throw Refusal("key", "The set of order keys expired at \(fresh.expiresAt).")
        }
        if let current = try? keys(for: host) {
            guard fresh.version >= current.version else {
                throw Refusal(
                    "key",
                    "The set of order keys has version \(fresh.version); \(current.version) is held; versions never go back."
                )
            }
            if fresh.version == current.version {
                guard set.keySet == held?.keySet else {
                    throw Refusal("key", "Another set of order keys with version \(fresh.version) is held already.")
                }
                return fresh.version
            }
        }
        try KeyFile.write(try set.serializedBytes(), to: path)
        held = set
        return fresh.version
    }

    private static func verify(_ set: Cordon_V1_SignedOrderKeySet, for host: HostIdentity) throws(Refusal) -> Keys {
        guard set.keySet.count <= KeyDocument.mostBytes,
            KeySetEnvelope(keySet: [UInt8](set.keySet), signature: [UInt8](set.signature)).isSigned(by: host.policyRoot)
        else {
            throw Refusal("signature", "The set of order keys is not signed by the policy root that this host pinned.")
        }
        guard let content = try? Cordon_V1_OrderKeySet(serializedBytes: set.keySet) else {
            throw Refusal("key", "The set of order keys is malformed.")
        }
        guard content.fleet == host.fleet else {
            throw Refusal("recipient", "The set of order keys is for another fleet.")
        }
        let keys = content.keys.compactMap { try? VerifyingKey(rawBytes: [UInt8]($0)) }
        guard (1...KeyDocument.mostOrderKeys).contains(content.keys.count), keys.count == content.keys.count,
            content.version > 0
        else {
            throw Refusal("key", "The set of order keys is malformed.")
        }
        let approvers: [Approver]
        do { approvers = try content.approverList() } catch {
            throw Refusal("key", "The set of order keys is malformed. \(error.message)")
        }
        return Keys(
            version: content.version, expiresAt: Timestamp(microseconds: content.expiresAtUs), keys: keys,
            approvers: approvers)
    }
}
