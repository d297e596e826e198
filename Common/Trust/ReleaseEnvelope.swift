/// The parts of a signed release: bytes in, bytes out. What the bytes say is CordonWire's to tell.
package struct ReleaseEnvelope: Sendable, Hashable {
    /// A serialised release: what is signed, never serialised a second time.
    package let release: [UInt8]
    /// 64 bytes, by the policy root.
    package let signature: [UInt8]

    /// Parts as they were received.
    package init(release: [UInt8], signature: [UInt8]) {
        (self.release, self.signature) = (release, signature)
    }

    /// Signs the bytes of a release with the policy root.
    package init(signing release: [UInt8], with root: SigningKey) throws(TrustError) {
        self.init(release: release, signature: try root.signature(for: release, in: .release))
    }

    /// Whether the policy root made the signature.
    package func isSigned(by root: VerifyingKey) -> Bool { root.isValid(signature, for: release, in: .release) }
}
