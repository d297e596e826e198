internal import CordonLink
internal import CordonModel
internal import CordonTrust
internal import CordonWire
internal import GRPCCore
internal import Logging

/// Who is at the other end of a stream, as the services see it.
struct LinkPeer: ServerContext.TransportSpecific {
    let connection: LinkConnection
    /// `nil` on the one call that needs no certificate.
    let agent: AgentID?
    /// The certificate in use; `nil` as above.
    let certificate: AgentCertificate?
}

/// Stands before every stream. Whatever TLS said at the handshake, and a resumed session says little, the peer's
/// certificate must be in the registry now and the machine must be the one that enrolled.
struct LinkGate: ServerInterceptor {
    let fleet: Fleet
    let connections: LinkConnections

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>,
        context: ServerContext,
        next:
            @Sendable @concurrent (StreamingServerRequest<Input>, ServerContext) async throws ->
            StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        guard let connection = connection(of: request.metadata) else {
            throw RPCError(code: .unavailable, message: "The connection is closing.")
        }
        var context = context
        do {
            context.transportSpecific = try await admit(connection, to: context.descriptor, request.metadata)
        } catch let refusal as LinkRefusal {
            fleet.log.info(
                "stream refused", metadata: ["peer": "\(connection.remote)", "why": "\(refusal.status.message)"])
            throw refusal.status
        }
        return try await next(request, context)
    }

    private func connection(of metadata: Metadata) -> LinkConnection? {
        // Written by ``StreamStamp``, never by the peer.
        guard let text = metadata[stringValues: StreamStamp.key].first(where: { _ in true }),
            let id = UInt64(text, radix: 16)
        else { return nil }
        return connections.connection(id)
    }

    private func admit(
        _ connection: LinkConnection, to method: MethodDescriptor, _ metadata: Metadata
    ) async throws -> LinkPeer {
        if method == Cordon_V1_Enrolment.Method.Enrol.descriptor {
            return LinkPeer(connection: connection, agent: nil, certificate: nil)
        }
        let contract = metadata[stringValues: "cordon-contract"].first { _ in true } ?? "0"
        guard contract == "1" else { throw LinkRefusal.contract(contract) }
        guard let fingerprint = connection.fingerprint else { throw LinkRefusal.noCertificate }
        guard let (certificate, host) = fleet.registry.identify(fingerprint) else {
            throw await fleet.explainUnknown(certificate: connection.certificate())
        }
        if let revocation = host.revocation { throw LinkRefusal.revoked(revocation) }
        guard certificate.refusedAfter > fleet.now else { throw LinkRefusal.expired(certificate.refusedAfter) }
        guard let machine = metadata[binaryValues: "cordon-machine-bin"].first(where: { _ in true }) else {
            throw LinkRefusal.noMachine
        }
        guard machine == host.machine.bytes else {
            await fleet.sawClone(of: host, at: connection.remote)
            throw LinkRefusal.clone
        }
        connection.agent = host.id
        await fleet.used(certificate)
        return LinkPeer(connection: connection, agent: host.id, certificate: certificate)
    }
}
