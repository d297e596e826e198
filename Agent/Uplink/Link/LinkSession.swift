internal import AgentSpool
internal import CordonLink
internal import CordonModel
internal import CordonTrust
internal import CordonWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Logging
internal import Synchronization

/// One connection's life after it was opened: the orders stream, the ship stream, and the renewal of the certificate.
struct LinkSession: Sendable {
    let uplink: Uplink
    let credentials: AgentCredentials
    let metadata: Metadata
    let logger: Logger

    /// Why a session ended without an error.
    enum End: Sendable {
        /// The controller closed the stream.
        case closed
        /// There is a new certificate: connect again with it.
        case renewed
    }

    private typealias Link = Cordon_V1_Link.Client<HTTP2ClientTransport.WrappedChannel>

    /// Runs until the connection ends. Throws `RPCError` or `UplinkError`.
    func run(_ connection: LinkConnection) async throws -> End {
        try await withGRPCClient(transport: connection.transport) { client in
            let link = Link(wrapping: client)
            let welcome = Welcome()
            return try await withThrowingTaskGroup(of: End.self) { group in
                group.addTask {
                    try await orders(link, welcome)
                    return .closed
                }
                group.addTask {
                    let said = try await welcome.wait(uplink.settings.timing.answer)
                    await uplink.welcomed(said)
                    return try await whileWelcome(link, said)
                }
                defer { group.cancelAll() }
                return try await group.next() ?? .closed
            }
        }
    }

    /// What runs once the controller has accepted the agent. Shipping never ends by itself but with the connection.
    private func whileWelcome(_ link: Link, _ said: Cordon_V1_Welcome) async throws -> End {
        try await withThrowingTaskGroup(of: End.self) { group in
            if let spool = uplink.spool {
                group.addTask {
                    try await Shipper(spool: spool, metadata: metadata, logger: logger).run(link)
                    return .closed
                }
            }
            group.addTask {
                try await Renewal(uplink: uplink, credentials: credentials, metadata: metadata, logger: logger)
                    .run(link, now: said.renewCertificate)
                return .renewed
            }
            defer { group.cancelAll() }
            return try await group.next() ?? .closed
        }
    }

    private func orders(_ link: Link, _ welcome: Welcome) async throws {
        let (outbox, mouth) = AsyncStream.makeStream(of: Cordon_V1_AgentMessage.self)
        defer { mouth.finish() }
        try await link.orders(
            metadata: metadata,
            requestProducer: { writer in
                try await writer.write(await uplink.hello())
                await uplink.desk.attach(mouth)
                await uplink.facts.attach(mouth)
                for await message in outbox { try await writer.write(message) }
            },
            onResponse: { response in
                for try await message in response.messages { await take(message, welcome) }
            }
        )
    }

    private func take(_ message: Cordon_V1_ControllerMessage, _ welcome: Welcome) async {
        switch message.message {
        case .welcome(let said): welcome.said(said)
        case .order(let order): await uplink.desk.receive(order)
        case .keySet(let keySet): await uplink.keep(keySet)
        case .resultAck(let ack):
            if let id = OrderID(bytes: ack.orderID) { await uplink.desk.acknowledged(id) }
        case nil: break
        }
    }
}

/// The controller's first message, waited for.
private final class Welcome: Sendable {
    private let stream: AsyncStream<Cordon_V1_Welcome>
    private let continuation: AsyncStream<Cordon_V1_Welcome>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func said(_ welcome: Cordon_V1_Welcome) { continuation.yield(welcome) }

    func wait(_ patience: Duration) async throws -> Cordon_V1_Welcome {
        let stream = stream
        let said = try await Deadline.within(patience) {
            for await said in stream { return said }
            throw CancellationError()
        }
        guard let said else { throw UplinkError.silent }
        return said
    }
}
