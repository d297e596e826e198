/// The parts of a signed order: bytes in, bytes out. What the bytes say is CordonWire's to tell.
package struct OrderEnvelope: Sendable, Hashable {
    /// A serialised order: what is signed, never serialised a second time.
    package let order: [UInt8]
    /// `VerifyingKey.id` of the key that signed: 16 bytes.
    package let keyID: [UInt8]
    /// 64 bytes.
    package let signature: [UInt8]

    /// Parts as they were received.
    package init(order: [UInt8], keyID: [UInt8], signature: [UInt8]) {
        self.order = order
        self.keyID = keyID
        self.signature = signature
    }

    /// Signs the bytes of an order.
    package init(signing order: [UInt8], with key: SigningKey) throws(TrustError) {
        self.init(
            order: order, keyID: key.verifyingKey.id, signature: try key.signature(for: order, in: .order))
    }

    /// Whether one of the keys is the one named and made the signature.
    package func isSigned(byOneOf keys: [VerifyingKey]) -> Bool {
        keys.contains { $0.id == keyID && $0.isValid(signature, for: order, in: .order) }
    }
}

/// The parts of a signed set of order keys: bytes in, bytes out.
package struct KeySetEnvelope: Sendable, Hashable {
    /// A serialised key set.
    package let keySet: [UInt8]
    /// 64 bytes, by the policy root.
    package let signature: [UInt8]

    /// Parts as they were received.
    package init(keySet: [UInt8], signature: [UInt8]) {
        self.keySet = keySet
        self.signature = signature
    }

    /// Signs the bytes of a key set with the policy root.
    package init(signing keySet: [UInt8], with root: SigningKey) throws(TrustError) {
        self.init(keySet: keySet, signature: try root.signature(for: keySet, in: .orderKeys))
    }

    /// Whether the policy root made the signature.
    package func isSigned(by root: VerifyingKey) -> Bool { root.isValid(signature, for: keySet, in: .orderKeys) }
}
