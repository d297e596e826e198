internal import CordonLink
internal import CordonModel
internal import CordonTrust
internal import CordonWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Logging

/// Renews the agent's certificate over the held connection when two thirds of its life are over, or when told to.
struct Renewal: Sendable {
    let uplink: Uplink
    let credentials: AgentCredentials
    let metadata: Metadata
    let logger: Logger

    /// Returns once the new key and certificate are on disk. Failures are tried again: there are ten days for it.
    func run(_ link: Cordon_V1_Link.Client<HTTP2ClientTransport.WrappedChannel>, now isDue: Bool) async throws {
        if !isDue { try await wait() }
        while true {
            do {
                try await renew(link)
                return
            } catch let error as CancellationError {
                throw error
            } catch {
                try Task.checkCancellation()
                logger.warning("The certificate could not be renewed yet.", metadata: ["reason": "\(error)"])
            }
            let random = Double(uplink.surroundings.random() >> 11) / 9_007_199_254_740_992
            try await Task.sleep(for: .seconds(60) + .seconds(540) * random)
        }
    }

    /// Waits by the wall clock, which may jump: it is looked at every minute.
    private func wait() async throws {
        while uplink.surroundings.now() < credentials.identity.renewalDue {
            let left = credentials.identity.renewalDue - uplink.surroundings.now()
            try await Task.sleep(for: min(max(left, .milliseconds(10)), .seconds(60)))
        }
    }

    private func renew(_ link: Cordon_V1_Link.Client<HTTP2ClientTransport.WrappedChannel>) async throws {
        let request = try CertificateRequest()
        var message = Cordon_V1_RenewRequest()
        message.csr = .init(request.der)
        var options = CallOptions.defaults
        options.timeout = .seconds(30)
        let response = try await link.renew(message, metadata: metadata, options: options)
        let renewed = try credentials.renewed(
            privateKeyPEM: request.privateKeyPEM, certificate: [UInt8](response.certificate))
        try await uplink.replace(renewed)
        logger.notice("The certificate was renewed.", metadata: ["until": "\(renewed.identity.notAfter)"])
    }
}
