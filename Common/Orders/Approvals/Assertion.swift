internal import CordonScan
internal import CordonTrust
internal import Crypto

/// What an authenticator says beside its signature when a person approves an order with a passkey.
package struct Assertion: Sendable, Hashable {
    /// Which credential signed.
    package var credentialID: [UInt8]
    /// WebAuthn level 3, section 6.1.
    package var authenticatorData: [UInt8]
    /// clientDataJSON: what the browser says.
    package var clientData: [UInt8]

    package init(credentialID: [UInt8], authenticatorData: [UInt8], clientData: [UInt8]) {
        self.credentialID = credentialID
        self.authenticatorData = authenticatorData
        self.clientData = clientData
    }

    /// Bytes that its parts, and the signature over them, may have.
    package static let mostAuthenticatorData = 1024
    package static let mostClientData = 2048
    package static let mostSignature = 80

    /// What the browser is to have the authenticator sign: SHA-256 of the very bytes that Ed25519 keys sign for the order.
    package static func challenge(for order: [UInt8]) -> [UInt8] { SigningDomain.approval.digest(order) }
}

/// Verifying an assertion as WebAuthn level 3, section 7.2 says. No counter of signatures is kept: one that is made twice for
/// the same order counts once, and for another order its challenge is another.
extension Passkey {
    /// Throws unless this passkey signed for this order, with the person present and verified by the authenticator.
    func verify(_ assertion: Assertion, _ signature: [UInt8], over order: [UInt8]) throws(ApprovalFault) {
        guard assertion.credentialID == credentialID else { throw ApprovalFault("it is by another credential") }
        guard assertion.authenticatorData.count <= Assertion.mostAuthenticatorData else {
            throw ApprovalFault("its authenticator data has more than \(Assertion.mostAuthenticatorData) bytes")
        }
        guard assertion.clientData.count <= Assertion.mostClientData else {
            throw ApprovalFault("its client data has more than \(Assertion.mostClientData) bytes")
        }
        guard signature.count <= Assertion.mostSignature else {
            throw ApprovalFault("its signature has more than \(Assertion.mostSignature) bytes")
        }
        try checkClient(assertion.clientData, challenge: Assertion.challenge(for: order))
        try checkAuthenticator(assertion.authenticatorData)
        let signed = assertion.authenticatorData + Array(SHA256.hash(data: assertion.clientData))
        guard isValid(signature, for: signed) else { throw ApprovalFault("its signature is not valid") }
    }

    // MARK: - What the browser says (steps 9 to 13)

    private func checkClient(_ bytes: [UInt8], challenge: [UInt8]) throws(ApprovalFault) {
        let limits = JSONValue.Limits(depth: 4, bytes: Assertion.mostClientData, nodes: 64)
        guard case .object(let client)? = try? JSONValue.parse(bytes, limits: limits) else {
            throw ApprovalFault("its client data is not a JSON object")
        }
        guard Self.same(client["type"], "webauthn.get") else {
            throw ApprovalFault("it was not made to sign in or approve")
        }
        guard Self.same(client["challenge"], Base64URL.text(challenge)) else {
            throw ApprovalFault("its challenge is not this order's")
        }
        guard client["crossOrigin"] ?? .flag(false) == .flag(false), client["topOrigin"] == nil else {
            throw ApprovalFault("it was made within a page of another origin")
        }
        guard let origin = client["origin"]?.text, covers(origin) else {
            throw ApprovalFault("its origin is not https at \(relyingParty) or below")
        }
    }

    /// By bytes: two texts that Unicode holds for equal are still two.
    private static func same(_ value: JSONValue?, _ text: String) -> Bool {
        value?.text.map { $0.utf8.elementsEqual(text.utf8) } ?? false
    }

    /// Whether an origin, `https://HOST` or `https://HOST:PORT`, is the relying party's or one below it.
    private func covers(_ origin: String) -> Bool {
        let scheme = "https://"
        guard origin.utf8.starts(with: scheme.utf8) else { return false }
        let parts = origin.utf8.dropFirst(scheme.utf8.count).split(
            separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let host = parts.first.map({ String(decoding: $0, as: UTF8.self) }), Self.isDomain(host) else {
            return false
        }
        guard parts.count == 1 || (parts.count == 2 && Self.isPort(parts[1])) else { return false }
        let below = ".\(relyingParty)".utf8
        return host.utf8.elementsEqual(relyingParty.utf8)
            || (host.utf8.count > below.count && host.utf8.suffix(below.count).elementsEqual(below))
    }

    private static func isPort(_ digits: Substring.UTF8View) -> Bool {
        digits.count <= 5 && digits.allSatisfy { (0x30...0x39).contains($0) }
            && UInt16(String(decoding: digits, as: UTF8.self)).map { $0 > 0 } == true
    }

    // MARK: - What the authenticator says (steps 14 to 18)

    /// Bits of the flags; section 6.1, table 1.
    private enum Flag {
        static let present: UInt8 = 0x01
        static let verified: UInt8 = 0x04
        static let mayBeBackedUp: UInt8 = 0x08
        static let isBackedUp: UInt8 = 0x10
        static let credentialData: UInt8 = 0x40
        static let extensions: UInt8 = 0x80
    }

    private func checkAuthenticator(_ bytes: [UInt8]) throws(ApprovalFault) {
        guard bytes.count >= 37 else { throw ApprovalFault("its authenticator data is cut short") }
        guard bytes[..<32].elementsEqual(SHA256.hash(data: Array(relyingParty.utf8))) else {
            throw ApprovalFault("its authenticator signed for another domain than \(relyingParty)")
        }
        let flags = bytes[32]
        guard flags & Flag.present != 0 else { throw ApprovalFault("its authenticator saw nobody present") }
        guard flags & Flag.verified != 0 else {
            throw ApprovalFault("its authenticator did not verify who was there, by PIN or otherwise")
        }
        guard flags & Flag.mayBeBackedUp != 0 || flags & Flag.isBackedUp == 0 else {
            throw ApprovalFault("its authenticator says that it is backed up and can not be")
        }
        // What a credential holds comes only when it is made; what comes of extensions is signed, and is not looked at.
        guard flags & Flag.credentialData == 0, (flags & Flag.extensions != 0) == (bytes.count > 37) else {
            throw ApprovalFault("its authenticator data has parts that its flags do not name")
        }
    }
}
