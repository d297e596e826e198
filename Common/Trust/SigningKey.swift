internal import Crypto

/// An Ed25519 private key (RFC 8032): the policy root, an order key or the audit key. Never printed, logged or sent.
package struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// A new key from the system's randomness.
    package init() { key = Curve25519.Signing.PrivateKey() }

    /// The key of 32 raw bytes.
    package init(rawBytes: [UInt8]) throws(TrustError) {
        do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: rawBytes) } catch { throw .malformedKey }
    }

    /// 32 bytes, for a file that only its owner can read.
    package var rawBytes: [UInt8] { Array(key.rawRepresentation) }

    /// What others verify with.
    package var verifyingKey: VerifyingKey { VerifyingKey(key: key.publicKey) }

    /// The signature over the domain, a zero byte, and the bytes.
    package func signature(for bytes: [UInt8], in domain: SigningDomain) throws(TrustError) -> [UInt8] {
        do { return Array(try key.signature(for: domain.message(bytes))) } catch { throw .malformedKey }
    }
}

/// An Ed25519 public key.
package struct VerifyingKey: Sendable {
    private let key: Curve25519.Signing.PublicKey

    fileprivate init(key: Curve25519.Signing.PublicKey) { self.key = key }

    /// The key of 32 raw bytes.
    package init(rawBytes: [UInt8]) throws(TrustError) {
        do { key = try Curve25519.Signing.PublicKey(rawRepresentation: rawBytes) } catch { throw .malformedKey }
    }

    /// 32 bytes.
    package var rawBytes: [UInt8] { Array(key.rawRepresentation) }

    /// The first 16 bytes of SHA-256 of the key: what signatures name it by.
    package var id: [UInt8] { Array(SHA256.hash(data: rawBytes).prefix(16)) }

    /// Whether the signature is this key's over the domain, a zero byte, and the bytes.
    package func isValid(_ signature: [UInt8], for bytes: [UInt8], in domain: SigningDomain) -> Bool {
        key.isValidSignature(signature, for: domain.message(bytes))
    }
}

extension VerifyingKey: Equatable {
    package static func == (left: VerifyingKey, right: VerifyingKey) -> Bool { left.rawBytes == right.rawBytes }
}

/// What a signature is for, so that one made for one purpose never holds for another.
package enum SigningDomain: String, Sendable {
    case order = "cordon/order/v1"
    case approval = "cordon/approval/v1"
    case orderKeys = "cordon/order-keys/v1"
    case standingOrders = "cordon/standing-orders/v1"
    case rulePack = "cordon/rule-pack/v1"
    case release = "cordon/release/v1"
    case auditCheckpoint = "cordon/audit/v1"

    fileprivate func message(_ bytes: [UInt8]) -> [UInt8] { Array(rawValue.utf8) + [0] + bytes }

    /// SHA-256 of what keys sign for this purpose: what is put before those that sign no more than a hash.
    package func digest(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: message(bytes))) }
}
