import CordonModel
import CordonTrust
import Testing

@Suite("Trust anchor")
struct TrustAnchorTests {
    @Test("a certificate of another authority is not believed, even with the same fleet name")
    func otherAuthority() throws {
        let ours = try SmallFleet()
        let theirs = try SmallFleet()
        let error = #expect(throws: TrustError.self) {
            _ = try ours.authority.anchor.agent(certificate: theirs.certificate, at: noon)
        }
        #expect(error?.code == "trust.wrong_certificate")
    }

    @Test("a certificate of another fleet is refused with both names")
    func otherFleet() throws {
        let ours = try SmallFleet("demo")
        let theirs = try SmallFleet("other")
        let error = #expect(throws: TrustError.self) {
            _ = try ours.authority.anchor.agent(certificate: theirs.certificate, at: noon)
        }
        #expect(error?.message.contains("other") == true)
        #expect(error?.message.contains("demo") == true)
    }

    @Test(
        "a certificate counts from its beginning to its end and no longer",
        arguments: [(-400, false), (-299, true), (0, true), (30 * 86_400 - 1, true), (30 * 86_400, false)]
            as [(Int64, Bool)])
    func times(_ offset: Int64, _ isValid: Bool) throws {
        let fleet = try SmallFleet()
        let at = noon + .seconds(offset)
        if isValid {
            #expect(try fleet.authority.anchor.agent(certificate: fleet.certificate, at: at).agent == agentID)
        } else {
            let error = #expect(throws: TrustError.self) {
                _ = try fleet.authority.anchor.agent(certificate: fleet.certificate, at: at)
            }
            #expect(error?.code == "trust.expired_certificate")
        }
    }

    @Test("an agent's certificate is not a controller's, and the other way round")
    func roles() throws {
        let fleet = try SmallFleet()
        let controller = try fleet.authority.controllerIdentity(names: ["a.example"], addresses: [], at: noon)
        #expect(throws: TrustError.self) {
            try fleet.authority.anchor.checkController(certificate: fleet.certificate, at: noon)
        }
        #expect(throws: TrustError.self) {
            _ = try fleet.authority.anchor.agent(certificate: controller.certificate, at: noon)
        }
        #expect(throws: TrustError.self) {
            try fleet.authority.anchor.checkController(certificate: fleet.authority.anchor.certificate, at: noon)
        }
    }

    @Test("an altered certificate is not believed, whichever bit is flipped")
    func altered() throws {
        let fleet = try SmallFleet()
        for index in stride(from: 0, to: fleet.certificate.count, by: 7) {
            var bytes = fleet.certificate
            bytes[index] ^= 0x04
            #expect(throws: TrustError.self) { _ = try fleet.authority.anchor.agent(certificate: bytes, at: noon) }
        }
    }

    @Test("a leaf is not taken for an authority")
    func leafAsAuthority() throws {
        let fleet = try SmallFleet()
        #expect(throws: TrustError.self) { _ = try TrustAnchor(certificate: fleet.certificate) }
        #expect(throws: TrustError.self) { _ = try TrustAnchor(pem: "not PEM") }
    }

    @Test(
        "renewal is due at two thirds of a life",
        arguments: [(0, 30, 20), (0, 3, 2), (5, 5, 5), (9, 5, 9), (-30, 0, -10)] as [(Int64, Int64, Int64)])
    func renewal(_ begin: Int64, _ end: Int64, _ due: Int64) {
        #expect(
            CertificateLife.renewalDue(notBefore: Timestamp(seconds: begin), notAfter: Timestamp(seconds: end))
                == Timestamp(seconds: due))
    }

    @Test("renewal of lives at the edge of time neither overflows nor lies outside")
    func renewalExtremes() {
        let first = Timestamp(microseconds: .min)
        let last = Timestamp(microseconds: .max)
        let due = CertificateLife.renewalDue(notBefore: first, notAfter: last)
        #expect(due >= first && due <= last)
    }

    @Test(
        "an identity is read only in its own form",
        arguments: [
            ("spiffe://demo", true), ("spiffe://demo/controller", true),
            ("spiffe://demo/agent/01930000-0000-7000-8000-000000000001", true),
            ("spiffe://demo/agent/01930000-0000-7000-8000-00000000000G", false),
            ("spiffe://demo/agent/01930000-0000-7000-8000-00000000000A", false),
            ("spiffe://demo/agent", false), ("spiffe://demo/controller/", false), ("spiffe:///controller", false),
            ("spiffe://Demo/controller", false), ("https://demo/controller", false), ("", false),
        ])
    func identities(_ text: String, _ isGood: Bool) {
        let id = SpiffeID(text)
        #expect((id != nil) == isGood)
        if let id { #expect("\(id)" == text) }
    }
}
