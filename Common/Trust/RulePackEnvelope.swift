/// The parts of a signed pack of rules: bytes in, bytes out. What the bytes say is CordonWire's to tell.
package struct RulePackEnvelope: Sendable, Hashable {
    /// A serialised pack: what is signed, never serialised a second time.
    package let pack: [UInt8]
    /// `VerifyingKey.id` of the order key that signed: 16 bytes.
    package let keyID: [UInt8]
    /// 64 bytes.
    package let signature: [UInt8]

    /// Parts as they were received.
    package init(pack: [UInt8], keyID: [UInt8], signature: [UInt8]) {
        (self.pack, self.keyID, self.signature) = (pack, keyID, signature)
    }

    /// Signs the bytes of a pack.
    package init(signing pack: [UInt8], with key: SigningKey) throws(TrustError) {
        self.init(pack: pack, keyID: key.verifyingKey.id, signature: try key.signature(for: pack, in: .rulePack))
    }

    /// Whether one of the keys is the one named and made the signature.
    package func isSigned(byOneOf keys: [VerifyingKey]) -> Bool {
        keys.contains { $0.id == keyID && $0.isValid(signature, for: pack, in: .rulePack) }
    }
}
