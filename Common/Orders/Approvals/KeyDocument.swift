package import CordonModel
package import CordonTrust
internal import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// What the offline policy root says: which keys sign orders, and whose approvals count. As it is made and changed by
/// people; hosts verify it by ways of their own.
package struct KeyDocument: Sendable {
    /// Rises with every change; hosts never go back.
    package var version: UInt64
    package var fleet: String
    /// Worth nothing afterwards.
    package var expiresAt: Timestamp
    /// Keys that sign orders.
    package var orderKeys: [VerifyingKey]
    package var approvers: [Approver]

    /// Bytes that a document may have without its signature: what hosts take.
    package static let mostBytes = 49_152
    /// Keys that may sign orders, at most.
    package static let mostOrderKeys = 8

    /// How long a document is good for. The root is needed again before.
    package static let lifetime = Duration.seconds(5 * 365 * 86_400)

    package init(
        version: UInt64, fleet: String, expiresAt: Timestamp, orderKeys: [VerifyingKey], approvers: [Approver] = []
    ) {
        self.version = version
        self.fleet = fleet
        self.expiresAt = expiresAt
        self.orderKeys = orderKeys
        self.approvers = approvers
    }

    /// Reads a signed document.
    /// - Throws: `WireError` where the root did not sign it, or it says what no host would take.
    package init(signed bytes: [UInt8], by root: VerifyingKey) throws {
        guard let signed = try? Cordon_V1_SignedOrderKeySet(serializedBytes: bytes),
            KeySetEnvelope(keySet: [UInt8](signed.keySet), signature: [UInt8](signed.signature)).isSigned(by: root),
            let set = try? Cordon_V1_OrderKeySet(serializedBytes: signed.keySet)
        else { throw WireError("it is no set of keys that this policy root signed") }
        guard (1...Self.mostOrderKeys).contains(set.keys.count), set.version > 0, signed.keySet.count <= Self.mostBytes
        else { throw WireError("no host would take it: its version or the number of its keys is out of bounds") }
        self.init(
            version: set.version, fleet: set.fleet, expiresAt: Timestamp(microseconds: set.expiresAtUs),
            orderKeys: try set.keys.map { try VerifyingKey(rawBytes: [UInt8]($0)) }, approvers: try set.approverList())
    }

    /// The document as it travels and is kept, signed by the root.
    /// - Throws: `WireError` where no host would take it.
    package func signed(with root: SigningKey) throws -> [UInt8] {
        var set = Cordon_V1_OrderKeySet()
        set.version = version
        set.fleet = fleet
        set.expiresAtUs = expiresAt.microseconds
        set.keys = orderKeys.map { Data($0.rawBytes) }
        set.approvers = approvers.map { Cordon_V1_Approver($0) }
        _ = try set.approverList()
        let bytes: [UInt8] = try set.serializedBytes()
        guard bytes.count <= Self.mostBytes else { throw WireError("it has more than \(Self.mostBytes) bytes") }
        let envelope = try KeySetEnvelope(signing: bytes, with: root)
        var signed = Cordon_V1_SignedOrderKeySet()
        signed.keySet = Data(envelope.keySet)
        signed.signature = Data(envelope.signature)
        return try signed.serializedBytes()
    }
}

extension Order {
    /// Reads the bytes that a controller signed, as whoever approves them must.
    /// - Throws: `WireError` where they say what no host would carry out.
    package init(signedBytes bytes: [UInt8]) throws {
        guard let order = try? Cordon_V1_Order(serializedBytes: bytes) else { throw WireError("it is no order") }
        self = try order.model()
    }
}
