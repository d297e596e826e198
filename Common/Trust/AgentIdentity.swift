package import CordonModel
internal import X509

/// What an agent's certificate says of itself. Says nothing of who issued it: `TrustAnchor.agent(certificate:at:)` does.
package struct AgentIdentity: Sendable, Hashable {
    package let fleet: String
    package let agent: AgentID
    /// SHA-256 of the certificate's DER: what the registry knows it by.
    package let fingerprint: Fingerprint
    /// SHA-256 of the subject public key info: what tells a renewed certificate of the same key.
    package let keyFingerprint: Fingerprint
    package let notBefore: Timestamp
    package let notAfter: Timestamp

    /// Reads a certificate that carries `spiffe://FLEET/agent/UUID`.
    package init(certificate der: [UInt8]) throws(TrustError) {
        try self.init(try CertificateReading.certificate(der: der), der: der)
    }

    init(_ certificate: Certificate, der: [UInt8]) throws(TrustError) {
        guard case .agent(let fleet, let id) = try CertificateReading.spiffeID(certificate) else {
            throw .wrongCertificate("it is not an agent's")
        }
        self.fleet = fleet
        agent = id
        fingerprint = Fingerprint(of: der)
        keyFingerprint = Fingerprint(of: Array(certificate.publicKey.subjectPublicKeyInfoBytes))
        notBefore = certificate.notValidBefore.timestamp
        notAfter = certificate.notValidAfter.timestamp
    }

    /// When it should be renewed: at two thirds of its life.
    package var renewalDue: Timestamp { CertificateLife.renewalDue(notBefore: notBefore, notAfter: notAfter) }
}
