package import CordonModel
internal import Crypto
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A fleet's certificate authority with its P-256 key. Only the controller has one.
package struct CertificateAuthority: Sendable {
    /// The authority without its key.
    package let anchor: TrustAnchor
    /// PKCS #8 PEM, for a file that only its owner can read.
    package let privateKeyPEM: String
    private let key: Certificate.PrivateKey

    /// A new authority for a fleet, of ten years.
    package init(fleet: String, at now: Timestamp) throws(TrustError) {
        try FleetName.check(fleet)
        let raw = P256.Signing.PrivateKey()
        let key = Certificate.PrivateKey(raw)
        let der = try Self.issue(
            Leaf(key: key.publicKey, name: "Cordon fleet \(fleet)", life: CertificateLife.authority, usage: nil),
            names: [.uniformResourceIdentifier("\(SpiffeID.authority(fleet: fleet))")],
            issuer: nil,
            key: key,
            at: now
        )
        anchor = try TrustAnchor(certificate: der)
        privateKeyPEM = raw.pemRepresentation
        self.key = key
    }

    /// An authority from its files. Throws when the key is not the certificate's.
    package init(certificatePEM: String, privateKeyPEM: String) throws(TrustError) {
        anchor = try TrustAnchor(pem: certificatePEM)
        do { key = Certificate.PrivateKey(try P256.Signing.PrivateKey(pemRepresentation: privateKeyPEM)) } catch {
            throw .malformedCertificate("the authority's private key is not a P-256 key in PEM")
        }
        guard key.publicKey == anchor.parsed.publicKey else {
            throw .wrongCertificate("the authority's private key belongs to another certificate")
        }
        self.privateKeyPEM = privateKeyPEM
    }

    /// An authority from two files; the key's must be readable by its owner alone.
    package init(certificateFile: String, privateKeyFile: String) throws(TrustError) {
        try self.init(
            certificatePEM: String(decoding: try KeyFile.read(certificateFile, secret: false), as: UTF8.self),
            privateKeyPEM: String(decoding: try KeyFile.read(privateKeyFile), as: UTF8.self)
        )
    }

    /// Writes both files; the key's with mode 0600, the certificate's with 0644.
    package func save(certificateFile: String, privateKeyFile: String) throws(TrustError) {
        try KeyFile.write(Array(privateKeyPEM.utf8), to: privateKeyFile)
        try KeyFile.write(Array(anchor.pem.utf8), to: certificateFile, mode: 0o644)
    }

    /// The fleet's name.
    package var fleet: String { anchor.fleet }

    /// A certificate (DER) for an agent, of 30 days, for client authentication. The request's signature is verified; its
    /// subject and names are ignored: the certificate says `spiffe://FLEET/agent/UUID` and nothing else.
    package func agentCertificate(
        for request: [UInt8], agent: AgentID, at now: Timestamp, life: Duration = CertificateLife.agent
    ) throws(TrustError) -> [UInt8] {
        let id = SpiffeID.agent(fleet: fleet, id: agent)
        return try Self.issue(
            Leaf(
                key: try CertificateRequest.verifiedKey(der: request), name: "\(agent)", life: life, usage: .clientAuth),
            names: [.uniformResourceIdentifier("\(id)")],
            issuer: anchor.parsed,
            key: key,
            at: now
        )
    }

    /// A key and certificate for the controller, of 90 days, for server authentication under these names and addresses.
    package func controllerIdentity(
        names: [String], addresses: [IPAddress], at now: Timestamp, life: Duration = CertificateLife.controller
    ) throws(TrustError) -> ControllerIdentity {
        let raw = P256.Signing.PrivateKey()
        var general = names.map { GeneralName.dnsName($0) }
        general += addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0.bytes[...])) }
        general.append(.uniformResourceIdentifier("\(SpiffeID.controller(fleet: fleet))"))
        let der = try Self.issue(
            Leaf(key: Certificate.PublicKey(raw.publicKey), name: "Cordon controller", life: life, usage: .serverAuth),
            names: general,
            issuer: anchor.parsed,
            key: key,
            at: now
        )
        return ControllerIdentity(privateKeyPEM: raw.pemRepresentation, certificate: der, authority: anchor.certificate)
    }

    private struct Leaf {
        var key: Certificate.PublicKey
        var name: String
        var life: Duration
        /// `nil` for the authority itself.
        var usage: ExtendedKeyUsage.Usage?
    }

    private static func issue(
        _ leaf: Leaf, names: [GeneralName], issuer: Certificate?, key: Certificate.PrivateKey, at now: Timestamp
    ) throws(TrustError) -> [UInt8] {
        do {
            let subject = try DistinguishedName { CommonName(leaf.name) }
            let certificate = try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(),
                publicKey: leaf.key,
                notValidBefore: Date(now - CertificateLife.backdating),
                notValidAfter: Date(now + leaf.life),
                issuer: issuer?.subject ?? subject,
                subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try extensions(of: leaf, names: names, issuer: issuer),
                issuerPrivateKey: key
            )
            return try CertificateReading.der(certificate)
        } catch let error as TrustError {
            throw error
        } catch {
            throw .malformedCertificate("it cannot be made with these names")
        }
    }

    private static func extensions(
        of leaf: Leaf, names: [GeneralName], issuer: Certificate?
    ) throws -> Certificate.Extensions {
        var all = Certificate.Extensions()
        if let usage = leaf.usage {
            try all.append(Certificate.Extension(BasicConstraints.notCertificateAuthority, critical: true))
            try all.append(Certificate.Extension(KeyUsage(digitalSignature: true), critical: true))
            try all.append(Certificate.Extension(try ExtendedKeyUsage([usage]), critical: false))
        } else {
            let constraints = BasicConstraints.isCertificateAuthority(maxPathLength: 0)
            try all.append(Certificate.Extension(constraints, critical: true))
            try all.append(Certificate.Extension(KeyUsage(keyCertSign: true, cRLSign: true), critical: true))
        }
        try all.append(Certificate.Extension(SubjectAlternativeNames(names), critical: false))
        let subjectKey = SubjectKeyIdentifier(hash: leaf.key)
        try all.append(Certificate.Extension(subjectKey, critical: false))
        let issuerKey = try issuer?.extensions.subjectKeyIdentifier ?? subjectKey
        try all.append(
            Certificate.Extension(AuthorityKeyIdentifier(keyIdentifier: issuerKey.keyIdentifier), critical: false)
        )
        return all
    }
}

/// The controller's key and certificate, as its listener presents them.
package struct ControllerIdentity: Sendable {
    /// PKCS #8 PEM, for a file that only its owner can read.
    package let privateKeyPEM: String
    /// The controller's certificate, DER.
    package let certificate: [UInt8]
    /// The authority's certificate, DER. It is presented too: an agent that enrols pins it by its fingerprint.
    package let authority: [UInt8]

    package init(privateKeyPEM: String, certificate: [UInt8], authority: [UInt8]) {
        self.privateKeyPEM = privateKeyPEM
        self.certificate = certificate
        self.authority = authority
    }

    /// What the listener presents, in order: the certificate, then the authority's.
    package var chain: [[UInt8]] { [certificate, authority] }

    /// PEM text of the chain.
    package var chainPEM: String { chain.map { PEMText.text($0, kind: "CERTIFICATE") }.joined() }

    /// When it should be renewed: at two thirds of its life.
    package func renewalDue() throws(TrustError) -> Timestamp {
        let parsed = try CertificateReading.certificate(der: certificate)
        return CertificateLife.renewalDue(
            notBefore: parsed.notValidBefore.timestamp, notAfter: parsed.notValidAfter.timestamp)
    }
}
