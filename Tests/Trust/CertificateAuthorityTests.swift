import CordonModel
import CordonTrust
import SwiftASN1
import Testing
import X509

@Suite("Certificate authority")
struct CertificateAuthorityTests {
    @Test("an agent's certificate says the fleet and the agent, and nothing of the request's subject")
    func agentCertificate() throws {
        let authority = try CertificateAuthority(fleet: "demo", at: noon)
        let request = try CertificateRequest(commonName: "root.of.all.evil")
        let der = try authority.agentCertificate(for: request.der, agent: agentID, at: noon)
        let identity = try authority.anchor.agent(certificate: der, at: noon)
        #expect(identity.fleet == "demo")
        #expect(identity.agent == agentID)
        #expect(identity.fingerprint == Fingerprint(of: der))
        #expect(try identity.keyFingerprint == request.keyFingerprint)
        #expect(identity.notAfter == noon + day * 30)
        #expect(identity.notBefore == noon - .seconds(300))
        let parsed = try Certificate(derEncoded: der)
        #expect(!"\(parsed.subject)".contains("evil"))
        let names = try #require(try parsed.extensions.subjectAlternativeNames)
        #expect(Array(names) == [.uniformResourceIdentifier("spiffe://demo/agent/\(agentID)")])
        #expect(try parsed.extensions.extendedKeyUsage.map(Array.init) == [.clientAuth])
        #expect(try parsed.extensions.basicConstraints == .notCertificateAuthority)
    }

    @Test("the controller's certificate is for servers, with its names, addresses and identity")
    func controllerCertificate() throws {
        let authority = try CertificateAuthority(fleet: "demo", at: noon)
        let address = try #require(IPAddress("192.0.2.1"))
        let identity = try authority.controllerIdentity(names: ["soc.example"], addresses: [address], at: noon)
        try authority.anchor.checkController(certificate: identity.certificate, at: noon)
        #expect(identity.chain == [identity.certificate, authority.anchor.certificate])
        #expect(try identity.renewalDue() > noon + day * 59)
        let names = try #require(try Certificate(derEncoded: identity.certificate).extensions.subjectAlternativeNames)
        #expect(
            Array(names) == [
                .dnsName("soc.example"), .ipAddress(ASN1OctetString(contentBytes: [192, 0, 2, 1])),
                .uniformResourceIdentifier("spiffe://demo/controller"),
            ])
    }

    @Test("a request whose signature does not prove possession of its key is refused")
    func proofOfPossession() throws {
        let authority = try CertificateAuthority(fleet: "demo", at: noon)
        let own = try CertificateSigningRequest(derEncoded: CertificateRequest().der)
        let other = try CertificateSigningRequest(derEncoded: CertificateRequest().der)
        // The key of one, the signature of another: what somebody sends who saw a public key.
        let stolen = try CertificateSigningRequest(
            version: .v1, subject: own.subject, publicKey: own.publicKey, attributes: own.attributes,
            signatureAlgorithm: own.signatureAlgorithm, signature: other.signature)
        var serializer = DER.Serializer()
        try serializer.serialize(stolen)
        #expect(throws: TrustError.self) {
            _ = try authority.agentCertificate(for: serializer.serializedBytes, agent: agentID, at: noon)
        }
    }

    @Test(
        "what is not a request is refused with a sentence",
        arguments: [[], [0x30], Array(repeating: 0x30, count: 20_000)] as [[UInt8]])
    func malformedRequest(_ bytes: [UInt8]) throws {
        let authority = try CertificateAuthority(fleet: "demo", at: noon)
        let error = #expect(throws: TrustError.self) {
            _ = try authority.agentCertificate(for: bytes, agent: agentID, at: noon)
        }
        #expect(error?.code == "trust.malformed_request")
    }

    @Test("a key of another kind than P-256 is refused")
    func otherKeys() throws {
        let authority = try CertificateAuthority(fleet: "demo", at: noon)
        let request = try CertificateSigningRequest(
            version: .v1, subject: DistinguishedName {}, privateKey: Certificate.PrivateKey(pemEncoded: ed25519),
            attributes: CertificateSigningRequest.Attributes())
        var serializer = DER.Serializer()
        try serializer.serialize(request)
        #expect(throws: TrustError.self) {
            _ = try authority.agentCertificate(for: serializer.serializedBytes, agent: agentID, at: noon)
        }
    }

    @Test("an authority read back from its files issues what the first one's anchor believes")
    func files() throws {
        try withFolder { folder in
            let made = try CertificateAuthority(fleet: "demo", at: noon)
            try made.save(certificateFile: "\(folder)/ca.pem", privateKeyFile: "\(folder)/ca.key")
            let read = try CertificateAuthority(certificateFile: "\(folder)/ca.pem", privateKeyFile: "\(folder)/ca.key")
            #expect(read.anchor.fingerprint == made.anchor.fingerprint)
            let request = try CertificateRequest()
            let der = try read.agentCertificate(for: request.der, agent: agentID, at: noon)
            #expect(try made.anchor.agent(certificate: der, at: noon).agent == agentID)
        }
    }

    @Test("an authority with another's key is refused")
    func foreignKey() throws {
        let one = try CertificateAuthority(fleet: "demo", at: noon)
        let other = try CertificateAuthority(fleet: "demo", at: noon)
        #expect(throws: TrustError.self) {
            _ = try CertificateAuthority(certificatePEM: one.anchor.pem, privateKeyPEM: other.privateKeyPEM)
        }
    }

    @Test(
        "a name that no fleet may have is refused",
        arguments: ["", "Demo", "a b", "-a", "a-", "a/b", "ä", "a_b", String(repeating: "a", count: 64)])
    func fleetNames(_ name: String) {
        let error = #expect(throws: TrustError.self) { _ = try CertificateAuthority(fleet: name, at: noon) }
        #expect(error?.code == "trust.fleet_name")
    }
}

private let ed25519 = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
    -----END PRIVATE KEY-----
    """
