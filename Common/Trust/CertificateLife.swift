package import CordonModel

/// How long certificates live and when they are renewed.
package enum CertificateLife {
    /// Of an agent's certificate.
    package static let agent: Duration = .seconds(30 * 86_400)
    /// Of the controller's certificate.
    package static let controller: Duration = .seconds(90 * 86_400)
    /// Of the authority's certificate.
    package static let authority: Duration = .seconds(10 * 365 * 86_400)
    /// How far before now a certificate begins, for hosts whose clock is late.
    package static let backdating: Duration = .seconds(5 * 60)

    /// Two thirds of the way from the one instant to the other; the first one when they are the wrong way round.
    package static func renewalDue(notBefore: Timestamp, notAfter: Timestamp) -> Timestamp {
        guard notAfter > notBefore else { return notBefore }
        let life = (notAfter - notBefore).microseconds
        return notBefore + .microseconds(life / 3 * 2 + life % 3 * 2 / 3)
    }
}
