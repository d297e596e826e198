internal import CordonTrust
internal import Crypto

/// A person's passkey: a credential that the person's authenticator holds, as the policy root lists it. ES256 only: ECDSA on
/// P-256 with SHA-256, the algorithm that every authenticator has (WebAuthn level 3, section 5.8.5).
package struct Passkey: Sendable {
    /// The relying party's identifier: the domain that it signs for, and those below.
    package let relyingParty: String
    /// What its authenticator knows it by.
    package let credentialID: [UInt8]
    private let key: P256.Signing.PublicKey

    /// ES256 as COSE numbers it (RFC 9053, section 2.1).
    package static let algorithm: Int32 = -7
    /// Bytes that a credential's identifier may have.
    package static let credentialSizes = 16...255

    /// - Parameter point: the public key, an uncompressed point in 65 bytes (SEC 1, section 2.3.3).
    /// - Throws: ``ApprovalFault`` for what is none.
    package init(relyingParty: String, credentialID: [UInt8], point: [UInt8]) throws(ApprovalFault) {
        guard Self.isDomain(relyingParty) else {
            throw ApprovalFault("its relying party is not a domain in lower case")
        }
        guard Self.credentialSizes.contains(credentialID.count) else {
            throw ApprovalFault("its credential's identifier does not have 16 to 255 bytes")
        }
        guard point.count == 65, let key = try? P256.Signing.PublicKey(x963Representation: point) else {
            throw ApprovalFault("its key is not a point of P-256 in 65 bytes")
        }
        self.relyingParty = relyingParty
        self.credentialID = credentialID
        self.key = key
    }

    /// The public key: an uncompressed point in 65 bytes.
    package var point: [UInt8] { Array(key.x963Representation) }

    /// The first 16 bytes of SHA-256 of the key: what approvals name it by.
    package var id: [UInt8] { Array(SHA256.hash(data: point).prefix(16)) }

    /// Whether the signature, in DER and in no other bytes than DER has for it, is this key's over the bytes.
    func isValid(_ signature: [UInt8], for bytes: [UInt8]) -> Bool {
        guard let parsed = try? P256.Signing.ECDSASignature(derRepresentation: signature),
            Array(parsed.derRepresentation) == signature
        else { return false }
        return key.isValidSignature(parsed, for: bytes)
    }

    /// Whether the text is a domain in lower case of at most 253 characters: labels of letters, digits and hyphens. An IP
    /// address is none, and no authenticator signs for one.
    static func isDomain(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
                && label.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        } && labels.last?.contains { (0x61...0x7A).contains($0) } == true
    }
}

extension Passkey: Equatable {
    package static func == (left: Passkey, right: Passkey) -> Bool {
        (left.relyingParty, left.credentialID, left.point) == (right.relyingParty, right.credentialID, right.point)
    }
}

// MARK: - As one line of text

extension Passkey {
    private static let word = "cordon-passkey"

    /// What the page that registers it gives, for whoever holds the policy root:
    /// `cordon-passkey:es256:DOMAIN:CREDENTIAL:POINT`, the last two in base 64 for URLs.
    package var line: String {
        "\(Self.word):es256:\(relyingParty):\(Base64URL.text(credentialID)):\(Base64URL.text(point))"
    }

    /// Reads such a line.
    /// - Throws: ``ApprovalFault`` for any other.
    package init(line: some StringProtocol) throws(ApprovalFault) {
        guard line.utf8.count <= 1024 else { throw ApprovalFault("the line is longer than 1024 bytes") }
        let parts = line.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == Self.word, parts[1] == "es256" else {
            throw ApprovalFault("the line is not \(Self.word):es256:DOMAIN:CREDENTIAL:POINT")
        }
        guard let credential = Base64URL.bytes(parts[3]), let point = Base64URL.bytes(parts[4]) else {
            throw ApprovalFault("the credential or the key in the line is not base 64 for URLs, or was cut short")
        }
        try self.init(relyingParty: String(parts[2]), credentialID: credential, point: point)
    }
}
