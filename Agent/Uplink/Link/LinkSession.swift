internal import AgentHunt
internal import AgentSpool
internal import CordonLink
internal import CordonModel
internal import CordonTrust
internal import CordonWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Logging
internal import SwiftProtobuf
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
            let channel = Channel(releases: ReleaseCourier(enforcer: uplink.enforcer, logger: logger))
            return try await withThrowingTaskGroup(of: End.self) { group in
                group.addTask {
                    try await orders(link, welcome, channel)
                    return .closed
                }
                group.addTask {
                    let said = try await welcome.wait(uplink.settings.timing.answer)
                    await uplink.welcomed(said)
                    return try await whileWelcome(link, said, channel)
                }
                defer { group.cancelAll() }
                return try await group.next() ?? .closed
            }
        }
    }

    /// What runs once the controller has accepted the agent. Shipping never ends by itself but with the connection.
    private func whileWelcome(_ link: Link, _ said: Cordon_V1_Welcome, _ channel: Channel) async throws -> End {
        try await withThrowingTaskGroup(of: End.self) { group in
            if let spool = uplink.spool {
                group.addTask {
                    try await Shipper(spool: spool, metadata: metadata, logger: logger).run(link)
                    return .closed
                }
            }
            group.addTask {
                await EvidenceCourier(
                    enforcer: uplink.enforcer, desk: uplink.desk, metadata: metadata, logger: logger
                ).run(link)
                return .closed
            }
            group.addTask {
                await channel.releases.run(link, metadata, telling: channel.mouth)
                return .closed
            }
            if let rules = uplink.rules {
                group.addTask {
                    await take(channel.offers, with: rules, link, answering: channel.mouth)
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

    /// Fetches what is offered beside the stream of orders, which never waits for it.
    private func take(
        _ offers: AsyncStream<UInt64>, with rules: RulePackKeeper, _ link: Link,
        answering mouth: AsyncStream<Cordon_V1_AgentMessage>.Continuation
    ) async {
        for await version in offers {
            let state = await rules.offered(version) { version in
                var options = CallOptions.defaults
                options.timeout = .seconds(60)
                return try await link.fetchRules(
                    .with { $0.version = version }, metadata: metadata, options: options)
            }
            mouth.yield(.with { $0.rulePack = state })
        }
    }

    private func orders(_ link: Link, _ welcome: Welcome, _ channel: Channel) async throws {
        let mouth = channel.mouth
        defer { channel.finish() }
        try await link.orders(
            metadata: metadata,
            requestProducer: { writer in
                try await writer.write(await uplink.hello())
                await uplink.desk.attach(mouth)
                await uplink.facts.attach(mouth)
                for await message in channel.outbox { try await writer.write(message) }
            },
            onResponse: { response in
                for try await message in response.messages { await take(message, welcome, channel) }
            }
        )
    }

    private func take(_ message: Cordon_V1_ControllerMessage, _ welcome: Welcome, _ channel: Channel) async {
        switch message.message {
        case .welcome(let said): welcome.said(said)
        case .order(let order): await uplink.desk.receive(order)
        case .keySet(let keySet): await uplink.keep(keySet)
        case .standingOrders(let standing): await uplink.keep(standing)
        case .resultAck(let ack):
            if let id = OrderID(bytes: ack.orderID) { await uplink.desk.acknowledged(id) }
        case .hunt(let question):
            let mouth = channel.mouth
            uplink.hunter.ask(question, now: uplink.surroundings.now) { answer in
                mouth.yield(.with { $0.hunt = answer })
            }
        case .huntEnd(let end):
            if let id = HuntID(bytes: end.huntID) { uplink.hunter.end(id) }
        case .rulePack(let offer): channel.offered(offer.version)
        case .upgrade(let offer): channel.releases.offered(offer)
        case nil: break
        }
    }
}

/// What passes between the stream of orders and what runs beside it.
private struct Channel: Sendable {
    /// What the agent says, in order.
    let outbox: AsyncStream<Cordon_V1_AgentMessage>
    let mouth: AsyncStream<Cordon_V1_AgentMessage>.Continuation
    /// Versions of the rules that were offered; only the newest counts.
    let offers: AsyncStream<UInt64>
    private let offering: AsyncStream<UInt64>.Continuation
    let releases: ReleaseCourier

    init(releases: ReleaseCourier) {
        self.releases = releases
        (outbox, mouth) = AsyncStream.makeStream()
        (offers, offering) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func offered(_ version: UInt64) { offering.yield(version) }

    func finish() {
        mouth.finish()
        offering.finish()
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
