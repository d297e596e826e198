internal import CordonModel
internal import CordonTrust
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// By what a controller's certificate is judged. Never by the system's roots, and never by a name alone.
enum PeerTrust: Sendable {
    /// Before enrolment: the chain must hold an authority with this fingerprint.
    case pinned(Fingerprint)
    /// Afterwards: the fleet's authority.
    case anchored(TrustAnchor)

    /// Throws unless the chain, leaf first, ends in an authority that is trusted and speaks for its controller.
    func check(chain: [[UInt8]], at now: Timestamp) throws(TrustError) {
        guard let leaf = chain.first, chain.count <= 8 else {
            throw TrustError(code: "trust.no_certificate", message: "It presented no certificate.")
        }
        try anchor(in: chain).checkController(certificate: leaf, at: now)
    }

    private func anchor(in chain: [[UInt8]]) throws(TrustError) -> TrustAnchor {
        switch self {
        case .anchored(let anchor): return anchor
        case .pinned(let fingerprint):
            guard let authority = chain.first(where: { Fingerprint(of: $0) == fingerprint }) else {
                throw TrustError(
                    code: "trust.wrong_authority",
                    message: "Its certificate authority is not the one that the token names (\(fingerprint)).",
                    remedy: "Use a token of this controller, and make sure that nothing between intercepts TLS.")
            }
            return try TrustAnchor(certificate: authority)
        }
    }
}

/// What was decided about a peer, kept because a failed handshake only says that it failed.
final class PeerVerdict: Sendable {
    private let state = Mutex<TrustError?>(nil)

    /// Why the peer was turned away; `nil` when it was not.
    var refusal: TrustError? { state.withLock { $0 } }

    /// `NIOSSLCustomVerificationCallback`, sendable.
    typealias Callback = @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResult>) -> Void

    /// A callback that judges each handshake. It replaces the library's own checks, which know nothing of fleets.
    func callback(_ trust: PeerTrust, now: @escaping @Sendable () -> Timestamp) -> Callback {
        { certificates, promise in
            do {
                try trust.check(chain: try certificates.map { try $0.toDERBytes() }, at: now())
                promise.succeed(.certificateVerified)
            } catch {
                let refusal =
                    error as? TrustError
                    ?? TrustError(code: "trust.malformed_certificate", message: "Its certificate cannot be read.")
                self.state.withLock { $0 = refusal }
                promise.succeed(.failed)
            }
        }
    }
}
