package import CordonModel
internal import X509

/// A fleet's certificate authority as everybody may know it: the certificate, without the key.
package struct TrustAnchor: Sendable {
    /// The fleet's name, from the certificate's `spiffe://FLEET`.
    package let fleet: String
    /// DER.
    package let certificate: [UInt8]
    /// Of the DER: what enrolment tokens pin.
    package let fingerprint: Fingerprint
    let parsed: Certificate

    /// Reads the authority's certificate. Throws for one that is not a Cordon fleet's authority or did not sign itself.
    package init(certificate der: [UInt8]) throws(TrustError) {
        let parsed = try CertificateReading.certificate(der: der)
        guard case .authority(let fleet) = try CertificateReading.spiffeID(parsed) else {
            throw .wrongCertificate("it is not the certificate of a fleet's authority")
        }
        guard case .isCertificateAuthority? = try? parsed.extensions.basicConstraints, parsed.issuer == parsed.subject,
            parsed.publicKey.isValidSignature(parsed.signature, for: parsed)
        else { throw .wrongCertificate("it is not a self-signed authority") }
        self.fleet = fleet
        self.parsed = parsed
        certificate = der
        fingerprint = Fingerprint(of: der)
    }

    /// Reads the first certificate of a PEM text.
    package init(pem: String) throws(TrustError) {
        try self.init(certificate: try PEMText.block("CERTIFICATE", in: pem))
    }

    /// PEM text of the certificate.
    package var pem: String { PEMText.text(certificate, kind: "CERTIFICATE") }

    /// Who an agent's certificate speaks for, when this authority issued it, for this fleet, and it is valid at that instant.
    package func agent(certificate der: [UInt8], at now: Timestamp) throws(TrustError) -> AgentIdentity {
        let leaf = try CertificateReading.certificate(der: der)
        let identity = try AgentIdentity(leaf, der: der)
        try requireFleet(identity.fleet)
        try CertificateReading.check(leaf, issuedBy: parsed, usage: .clientAuth, at: now)
        return identity
    }

    /// Throws unless it is this fleet's controller certificate, issued by this authority, and valid at that instant.
    package func checkController(certificate der: [UInt8], at now: Timestamp) throws(TrustError) {
        let leaf = try CertificateReading.certificate(der: der)
        guard case .controller(let fleet) = try CertificateReading.spiffeID(leaf) else {
            throw .wrongCertificate("it is not a controller's")
        }
        try requireFleet(fleet)
        try CertificateReading.check(leaf, issuedBy: parsed, usage: .serverAuth, at: now)
    }

    private func requireFleet(_ other: String) throws(TrustError) {
        guard other == fleet else { throw .wrongCertificate("it belongs to the fleet \(other), not to \(fleet)") }
    }
}
