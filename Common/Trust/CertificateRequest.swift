internal import CordonModel
internal import Crypto
internal import SwiftASN1
internal import X509

/// A new P-256 key and the PKCS #10 request (RFC 2986) that proves its possession.
package struct CertificateRequest: Sendable {
    /// PKCS #8 PEM. Never printed, logged or sent.
    package let privateKeyPEM: String
    /// The request in DER.
    package let der: [UInt8]

    /// The request as PEM.
    package var pem: String { PEMText.text(der, kind: "CERTIFICATE REQUEST") }

    /// Makes a key and a request. The subject is only a courtesy: the authority ignores it.
    package init(commonName: String = "cordon-agent") throws(TrustError) {
        try self.init(key: P256.Signing.PrivateKey(), commonName: commonName)
    }

    /// Makes a request for a key that there is already, in PKCS #8 or SEC 1 PEM.
    package init(privateKeyPEM: String, commonName: String = "cordon-agent") throws(TrustError) {
        let key: P256.Signing.PrivateKey
        do { key = try P256.Signing.PrivateKey(pemRepresentation: privateKeyPEM) } catch {
            throw .malformedRequest("the private key is not a P-256 key in PEM")
        }
        try self.init(key: key, commonName: commonName)
    }

    private init(key: P256.Signing.PrivateKey, commonName: String) throws(TrustError) {
        do {
            let request = try CertificateSigningRequest(
                version: .v1,
                subject: try DistinguishedName { CommonName(commonName) },
                privateKey: Certificate.PrivateKey(key),
                attributes: CertificateSigningRequest.Attributes()
            )
            var serializer = DER.Serializer()
            try serializer.serialize(request)
            der = serializer.serializedBytes
        } catch {
            throw .malformedRequest("it cannot be made from this key")
        }
        privateKeyPEM = key.pemRepresentation
    }

    /// The public key of a request of at most 16 KiB whose signature proves possession. Only P-256 keys.
    static func verifiedKey(der: [UInt8]) throws(TrustError) -> Certificate.PublicKey {
        guard der.count <= 16_384 else { throw .malformedRequest("it is longer than 16 KiB") }
        let request: CertificateSigningRequest
        do { request = try CertificateSigningRequest(derEncoded: der) } catch {
            throw .malformedRequest("it is not PKCS #10 in DER")
        }
        guard P256.Signing.PublicKey(request.publicKey) != nil else {
            throw .malformedRequest("its key is not a P-256 key")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw .malformedRequest("its signature does not prove possession of the key")
        }
        return request.publicKey
    }
}

extension CertificateRequest {
    /// SHA-256 of the subject public key info, as `AgentIdentity.keyFingerprint`.
    package var keyFingerprint: Fingerprint {
        get throws(TrustError) {
            Fingerprint(of: Array(try Self.verifiedKey(der: der).subjectPublicKeyInfoBytes))
        }
    }
}
