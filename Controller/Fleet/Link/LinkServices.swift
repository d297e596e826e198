internal import CordonLink
internal import CordonModel
internal import CordonWire
internal import GRPCCore

/// The calls of an enrolled agent, as gRPC hands them over.
struct LinkService: Cordon_V1_Link.SimpleServiceProtocol {
    let fleet: Fleet

    func orders(
        request: RPCAsyncSequence<Cordon_V1_AgentMessage, any Error>,
        response: RPCWriter<Cordon_V1_ControllerMessage>,
        context: ServerContext
    ) async throws {
        let (peer, agent) = try context.agent()
        try await fleet.hold(agent, peer, reading: request, writing: response)
    }

    func ship(
        request: RPCAsyncSequence<Cordon_V1_Batch, any Error>,
        response: RPCWriter<Cordon_V1_Ack>,
        context: ServerContext
    ) async throws {
        let (_, agent) = try context.agent()
        for try await batch in request {
            guard batch.epoch.count == 16, batch.items.count <= 512 else {
                throw LinkRefusal.malformed("a batch has an epoch of 16 bytes and at most 512 items").status
            }
            try await fleet.receive(batch, from: agent)
            var ack = Cordon_V1_Ack()
            ack.epoch = batch.epoch
            ack.sequence = batch.firstSequence &+ UInt64(batch.items.count) &- (batch.items.isEmpty ? 0 : 1)
            try await response.write(ack)
        }
    }

    func evidence(
        request: RPCAsyncSequence<Cordon_V1_EvidencePart, any Error>,
        response: RPCWriter<Cordon_V1_EvidenceMark>,
        context: ServerContext
    ) async throws {
        let (_, agent) = try context.agent()
        for try await part in request { try await response.write(try await fleet.receive(part, from: agent)) }
    }

    func renew(request: Cordon_V1_RenewRequest, context: ServerContext) async throws -> Cordon_V1_RenewResponse {
        let (_, agent) = try context.agent()
        return try await fleet.renew(request, for: agent)
    }

    func fetchRules(
        request: Cordon_V1_RulePackRequest, context: ServerContext
    ) async throws -> Cordon_V1_SignedRulePack {
        let (_, agent) = try context.agent()
        return try await fleet.rules(request, for: agent)
    }

    func fetchRelease(
        request: Cordon_V1_ReleaseWant, context: ServerContext
    ) async throws -> Cordon_V1_ReleasePart {
        let (_, agent) = try context.agent()
        return try await fleet.part(request, for: agent)
    }
}

/// The one call of a stranger.
struct EnrolmentService: Cordon_V1_Enrolment.SimpleServiceProtocol {
    let fleet: Fleet

    func enrol(request: Cordon_V1_EnrolRequest, context: ServerContext) async throws -> Cordon_V1_EnrolResponse {
        guard let peer = context.transportSpecific as? LinkPeer else {
            throw RPCError(code: .internalError, message: "The stream has no connection.")
        }
        do {
            return try await fleet.enrol(request, from: peer.connection.remote)
        } catch let refusal as LinkRefusal {
            throw refusal.status
        }
    }
}

extension ServerContext {
    /// The agent that ``LinkGate`` admitted.
    fileprivate func agent() throws -> (LinkPeer, AgentID) {
        guard let peer = transportSpecific as? LinkPeer, let agent = peer.agent else {
            throw LinkRefusal.noCertificate.status
        }
        return (peer, agent)
    }
}
