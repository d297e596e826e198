package import CordonOrders
internal import CordonTrust
internal import Crypto

/// A passkey's authenticator and the browser before it, in software: what they say can be made untrue in every part.
package struct SoftAuthenticator: Sendable {
    private let key: P256.Signing.PrivateKey
    package let passkey: Passkey

    /// - Parameter secret: 32 bytes that make its key, where it is to be the same in every run.
    package init(for relyingParty: String = "cordon.example", secret: [UInt8]? = nil) throws {
        key = try secret.map { try P256.Signing.PrivateKey(rawRepresentation: $0) } ?? P256.Signing.PrivateKey()
        let point = Array(key.publicKey.x963Representation)
        passkey = try Passkey(
            relyingParty: relyingParty, credentialID: Array(SHA256.hash(data: point)), point: point)
    }

    /// What both say, before it is signed.
    package struct Claims: Sendable {
        package var type = "webauthn.get"
        package var challenge: [UInt8]
        package var origin: String
        /// Members that follow the others, as `,"crossOrigin":true`.
        package var more = #","crossOrigin":false"#
        /// All of clientDataJSON, where it is not made of the above.
        package var clientData: String?
        package var relyingParty: String
        /// User present, user verified.
        package var flags: UInt8 = 0x05
        /// After flags and counter.
        package var rest: [UInt8] = []
        package var credentialID: [UInt8]
    }

    /// A signed approval of the order's bytes.
    /// - Parameter change: makes what is claimed another thing, before it is signed.
    package func approval(of order: [UInt8], _ change: (inout Claims) -> Void = { _ in }) throws -> Approval {
        var claims = Claims(
            challenge: Assertion.challenge(for: order), origin: "https://\(passkey.relyingParty):8443",
            relyingParty: passkey.relyingParty, credentialID: passkey.credentialID)
        change(&claims)
        let challenge = Base64URL.text(claims.challenge)
        let client =
            claims.clientData
            ?? #"{"type":"\#(claims.type)","challenge":"\#(challenge)","origin":"\#(claims.origin)"\#(claims.more)}"#
        let domain = Array(SHA256.hash(data: Array(claims.relyingParty.utf8)))
        let authenticator = domain + [claims.flags, 0, 0, 0, 1] + claims.rest
        let signature = try key.signature(for: authenticator + Array(SHA256.hash(data: Array(client.utf8))))
        return Approval(
            keyID: passkey.id, signature: Array(signature.derRepresentation),
            assertion: Assertion(
                credentialID: claims.credentialID, authenticatorData: authenticator, clientData: Array(client.utf8)))
    }
}
