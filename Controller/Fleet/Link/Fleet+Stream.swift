internal import CordonModel
internal import CordonTrust
internal import CordonWire
internal import GRPCCore
internal import Logging
internal import NIOCore
internal import SwiftProtobuf

extension Fleet {
    /// Holds an agent's order stream until it ends: writes what is sent to the session, reads what the agent says.
    func hold(
        _ agent: AgentID, _ peer: LinkPeer, reading request: RPCAsyncSequence<Cordon_V1_AgentMessage, any Error>,
        writing response: RPCWriter<Cordon_V1_ControllerMessage>
    ) async throws {
        let (session, replaced) = sessions.open(agent, on: peer.connection, at: now)
        if let replaced { fence(replaced, keeping: peer.connection) }
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await Self.write(session.outbound, to: response) }
                group.addTask { try await self.read(request, of: session, peer) }
                // Whichever ends first ends the other: a stream is both or nothing.
                defer { group.cancelAll() }
                try await group.next()
            }
            await close(session)
        } catch {
            await close(session)
            throw error
        }
    }

    private func fence(_ old: Session, keeping connection: LinkConnection) {
        old.end(RPCError(code: .aborted, message: "Another connection of this agent took this one's place."))
        if old.connection !== connection { old.connection.close(after: .milliseconds(200)) }
    }

    private static func write(_ outbound: AsyncStream<Session.Out>, to response: RPCWriter<Cordon_V1_ControllerMessage>)
        async throws
    {
        for await out in outbound {
            switch out {
            case .message(let message): try await response.write(message)
            case .end(let status): throw status
            }
        }
    }

    private func read(
        _ request: RPCAsyncSequence<Cordon_V1_AgentMessage, any Error>, of session: Session, _ peer: LinkPeer
    ) async throws {
        var greeted = false
        for try await message in request {
            switch message.message {
            case .hello(let hello):
                guard hello.contract == 1 else { throw LinkRefusal.contract("\(hello.contract)").status }
                if !greeted { try await welcome(session, hello, peer) }
                greeted = true
            case _ where !greeted: throw LinkRefusal.malformed("the first message of a stream is Hello").status
            case .progress(let progress): try await heard(progress, at: session)
            case .result(let result):
                guard let model = try? result.model() else {
                    throw LinkRefusal.malformed("a result that cannot be read").status
                }
                try await answered(model, at: session)
            case .hunt(let answer): try await heard(answer, at: session)
            case .health(let health): changed(session.agent) { health.add(to: &$0.facts) }
            case .facts(let facts):
                changed(session.agent) { $0.facts = facts.model(keepingHealthOf: $0.facts) }
                sendStanding(to: session, unless: facts.standingVersion)
            case .rulePack(let state): heard(state, from: session.agent)
            case .upgrade(let state): try await heard(state, at: session)
            // A kind of message that this version does not know.
            case nil: continue
            }
        }
        session.finish()
    }

    private func welcome(_ session: Session, _ hello: Cordon_V1_Hello, _ peer: LinkPeer) async throws {
        let certificate = peer.certificate
        session.send(
            .with { message in
                message.welcome.nowUs = now.microseconds
                message.welcome.reconnectWindowMs = reconnectWindow
                message.welcome.renewCertificate = certificate.map(isRenewalDue) ?? false
            })
        session.send(.with { $0.keySet = signedKeySet })
        changed(session.agent) {
            $0.onlineSince = session.since
            if hello.hasFacts { $0.facts = hello.facts.model(keepingHealthOf: $0.facts) }
        }
        offerRules(to: session)
        sendStanding(to: session)
        await offerUpgrade(to: session)
        try await deliver(to: session)
        try await askOpenHunts(session)
    }

    private func heard(_ progress: Cordon_V1_OrderProgress, at session: Session) async throws {
        guard let id = OrderID(bytes: progress.orderID) else {
            throw LinkRefusal.malformed("order_id is not 16 bytes").status
        }
        switch progress.stage {
        case .received: try await progressed(id, to: .received, at: session)
        case .running: try await progressed(id, to: .running, at: session)
        case .unspecified, .UNRECOGNIZED: return
        }
    }

    /// Takes the session's leases back and the host off the air, unless another session has its place.
    private func close(_ session: Session) async {
        session.finish()
        let wasCurrent = sessions.close(session)
        if wasCurrent { changed(session.agent) { $0.onlineSince = nil } }
        do {
            try await requeue(ledger.leased(to: session.id))
            if let next = sessions.session(of: session.agent), !wasCurrent { try await deliver(to: next) }
        } catch {
            log.error(
                "orders of a stream that ended could not be queued again: \(error)",
                metadata: ["host": "\(session.agent)"])
        }
    }

    /// Notes something new of a host, told to others at once and to the disk soon.
    private func changed(_ agent: AgentID, _ change: (inout HostRecord) -> Void) {
        let instant = now
        let record = registry.update(agent) {
            change(&$0)
            $0.lastSeen = instant
        }
        if let record { newsFeed.yield(.host(record)) }
    }

    /// After a drop agents spread over this many milliseconds, so that they do not come back faster than they are taken.
    private var reconnectWindow: UInt32 {
        UInt32(clamping: max(1000, registry.count * 1000 / max(1, settings.acceptRate)))
    }

    private func isRenewalDue(_ certificate: AgentCertificate) -> Bool {
        now >= CertificateLife.renewalDue(notBefore: certificate.issuedAt, notAfter: certificate.refusedAfter)
    }

    /// Hands a batch to whoever keeps it. Returns once it is durable there.
    func receive(_ batch: Cordon_V1_Batch, from agent: AgentID) async throws {
        do { try await hooks.received(batch, agent) } catch {
            log.error("a batch could not be kept and stays with the agent: \(error)", metadata: ["host": "\(agent)"])
            throw RPCError(
                code: .unavailable, message: "The controller cannot keep the batch now: send it again later.")
        }
    }
}
