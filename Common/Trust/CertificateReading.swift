internal import CordonModel
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// Reading and checking single certificates. Chains here are two long, by design: an authority and what it issued.
enum CertificateReading {
    /// The certificate of DER bytes of at most 16 KiB.
    static func certificate(der: [UInt8]) throws(TrustError) -> Certificate {
        guard der.count <= 16_384 else { throw .malformedCertificate("it is longer than 16 KiB") }
        do { return try Certificate(derEncoded: der) } catch { throw .malformedCertificate("it is not X.509 in DER") }
    }

    /// The DER bytes of a certificate.
    static func der(_ certificate: Certificate) throws(TrustError) -> [UInt8] {
        var serializer = DER.Serializer()
        do { try serializer.serialize(certificate) } catch {
            throw .malformedCertificate("it cannot be written as DER")
        }
        return serializer.serializedBytes
    }

    /// The one SPIFFE identifier; more than one URI is an error (X.509-SVID §2).
    static func spiffeID(_ certificate: Certificate) throws(TrustError) -> SpiffeID {
        var found: [String] = []
        let names: SubjectAlternativeNames?
        do { names = try certificate.extensions.subjectAlternativeNames } catch {
            throw .malformedCertificate("its alternative names cannot be read")
        }
        for name in names ?? SubjectAlternativeNames() {
            if case .uniformResourceIdentifier(let text) = name { found.append(text) }
        }
        guard found.count == 1, let id = SpiffeID(found[0]) else {
            throw .wrongCertificate("it does not carry exactly one identity of a Cordon fleet")
        }
        return id
    }

    /// Throws unless the issuer's key signed the certificate, it is an end entity for that usage, and it is valid now.
    static func check(
        _ certificate: Certificate, issuedBy issuer: Certificate, usage: ExtendedKeyUsage.Usage, at now: Timestamp
    ) throws(TrustError) {
        guard certificate.issuer == issuer.subject,
            issuer.publicKey.isValidSignature(certificate.signature, for: certificate)
        else { throw .wrongCertificate("it was not issued by this fleet's certificate authority") }
        try checkUse(certificate, usage: usage)
        try checkTime(certificate, at: now)
    }

    private static func checkUse(_ certificate: Certificate, usage: ExtendedKeyUsage.Usage) throws(TrustError) {
        do {
            if case .isCertificateAuthority? = try certificate.extensions.basicConstraints {
                throw TrustError.wrongCertificate("it is an authority's and not a peer's")
            }
            guard let usages = try certificate.extensions.extendedKeyUsage, usages.contains(usage) else {
                throw TrustError.wrongCertificate("it was issued for another use")
            }
        } catch let error as TrustError {
            throw error
        } catch {
            throw .malformedCertificate("its extensions cannot be read")
        }
    }

    static func checkTime(_ certificate: Certificate, at now: Timestamp) throws(TrustError) {
        let begin = certificate.notValidBefore.timestamp
        let end = certificate.notValidAfter.timestamp
        if now < begin { throw .expiredCertificate("it begins at \(begin) and this clock says \(now)") }
        if now >= end { throw .expiredCertificate("it ended at \(end) and this clock says \(now)") }
    }
}

extension Date {
    /// Whole seconds.
    var timestamp: Timestamp { Timestamp(seconds: Int64(timeIntervalSince1970)) }

    init(_ instant: Timestamp) { self.init(timeIntervalSince1970: Double(instant.seconds)) }
}
