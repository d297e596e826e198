package import CordonModel
internal import Crypto

/// What a host needs to become part of a fleet, as one printable string: where the controller is, whom to trust, and a
/// secret that the controller trades for a certificate.
///
/// The text is `cordon1.` and base64url of: token (16 bytes), secret (32), authority fingerprint (32), policy root
/// fingerprint (32), length of the address (1), address, and the first 4 bytes of SHA-256 over all of that and the prefix.
package struct EnrolmentToken: Sendable, Hashable {
    package let id: TokenID
    package let controller: ControllerAddress
    /// Of the certificate authority's certificate, DER.
    package let authority: Fingerprint
    /// Of the policy root's 32-byte public key.
    package let policyRoot: Fingerprint
    /// 32 bytes. Never logged, echoed or stored: the controller keeps `secretHash`.
    package let secret: [UInt8]

    private static let prefix = "cordon1."
    private static let fixed = 16 + 32 + 32 + 32 + 1

    /// A token. Throws unless the secret is 32 bytes.
    package init(
        id: TokenID, controller: ControllerAddress, authority: Fingerprint, policyRoot: Fingerprint, secret: [UInt8]
    ) throws(TrustError) {
        guard secret.count == 32 else { throw .malformedToken("its secret is not 32 bytes") }
        self.id = id
        self.controller = controller
        self.authority = authority
        self.policyRoot = policyRoot
        self.secret = secret
    }

    /// A token with a new secret from the system's randomness.
    package init(
        id: TokenID, controller: ControllerAddress, authority: Fingerprint, policyRoot: Fingerprint
    ) throws(TrustError) {
        var system = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &system) }
        try self.init(id: id, controller: controller, authority: authority, policyRoot: policyRoot, secret: secret)
    }

    /// What the controller stores and looks up instead of the secret.
    package var secretHash: [UInt8] { Self.secretHash(secret) }

    /// SHA-256 of "cordon/token/v1", a zero byte, and the secret: 32 bytes. The secret has 256 random bits, so a fast
    /// hash is enough.
    package static func secretHash(_ secret: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: Array("cordon/token/v1".utf8) + [0] + secret))
    }

    /// The whole token as one line. The only place that spells the secret: `description` does not.
    package var text: String {
        let address = Array(controller.description.utf8)
        let body = id.uuid.bytes + secret + authority.bytes + policyRoot.bytes + [UInt8(address.count)] + address
        return Self.prefix + Base64URL.text(body + Self.checksum(body))
    }

    /// Reads the text of a token; white space around it is ignored. No error repeats any of the text.
    package init(text: some StringProtocol) throws(TrustError) {
        guard text.utf8.count <= 4096 else { throw .malformedToken("it is longer than any token") }
        let bare = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        let line = String(bare)
        guard !line.isEmpty else { throw .malformedToken("it is empty") }
        guard line.hasPrefix(Self.prefix) else { throw .malformedToken("it does not begin with “\(Self.prefix)”") }
        guard let bytes = Base64URL.bytes(line.dropFirst(Self.prefix.count)) else {
            throw .malformedToken("it holds a character that no token has, or it is cut off")
        }
        guard bytes.count >= Self.fixed + 4 else { throw .malformedToken("it is cut off") }
        let body = Array(bytes.dropLast(4))
        guard Self.checksum(body) == Array(bytes.suffix(4)) else {
            throw .malformedToken("its checksum is wrong, so it is mistyped or cut off")
        }
        try self.init(body: body)
    }

    private init(body: [UInt8]) throws(TrustError) {
        guard Int(body[Self.fixed - 1]) == body.count - Self.fixed,
            let id = TokenID(bytes: body[0..<16]),
            let authority = Fingerprint(bytes: Array(body[48..<80])),
            let policyRoot = Fingerprint(bytes: Array(body[80..<112])),
            let address = String(validating: body[Self.fixed...], as: UTF8.self),
            let controller = ControllerAddress(address)
        else { throw .malformedToken("its contents do not fit together") }
        try self.init(
            id: id, controller: controller, authority: authority, policyRoot: policyRoot, secret: Array(body[16..<48]))
    }

    private static func checksum(_ body: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: Array(prefix.utf8) + body).prefix(4))
    }
}

extension EnrolmentToken: CustomStringConvertible, CustomReflectable {
    /// The identifier and the controller; never the secret.
    package var description: String { "token \(id) for \(controller)" }

    /// Keeps the secret out of dumps.
    package var customMirror: Mirror { Mirror(self, children: ["id": id, "controller": controller]) }
}
