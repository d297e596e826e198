internal import CordonTrust
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2
internal import NIOSSL
internal import NIOTLS

/// Stands behind TLS on every connection: notes whose certificate it is, and ends connections that never become somebody's
/// or are old.
final class ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// How long a connection may stay nobody's, and how long it may live at all.
    struct Patience: Sendable {
        var stranger: TimeAmount
        var age: TimeAmount
    }

    private let connection: LinkConnection
    private let connections: LinkConnections
    private let patience: Patience
    private let aged: @Sendable (LinkConnection) -> Void
    private var timers: [Scheduled<Void>] = []

    var connectionID: UInt64 { connection.id }

    init(
        _ connection: LinkConnection, in connections: LinkConnections, patience: Patience,
        aged: @escaping @Sendable (LinkConnection) -> Void
    ) {
        self.connection = connection
        self.connections = connections
        self.patience = patience
        self.aged = aged
    }

    func handlerAdded(context: ChannelHandlerContext) {
        connections.add(connection)
        let (connection, aged) = (connection, aged)
        timers = [
            context.eventLoop.scheduleTask(in: patience.stranger) { if connection.agent == nil { connection.close() } },
            context.eventLoop.scheduleTask(in: patience.age) { aged(connection) },
        ]
    }

    func handlerRemoved(context: ChannelHandlerContext) { forget() }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            // A resumed session answers with the certificate of the first handshake: known, but proved only then.
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
            connection.fingerprint = (try? certificate?.toDERBytes()).map { Fingerprint(of: $0) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func forget() {
        connections.remove(connection)
        for timer in timers { timer.cancel() }
        timers = []
    }
}

/// Stands first on every HTTP/2 stream and writes into its headers which connection it is on; what the peer says of that
/// is thrown away. So the interceptor knows the TLS session of a stream without trusting a byte of the request.
final class StreamStamp: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload

    /// The metadata key.
    static let key = "cordon-connection"

    private let connection: UInt64

    init(connection: UInt64) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .headers(var frame) = unwrapInboundIn(data) else {
            context.fireChannelRead(data)
            return
        }
        frame.headers.remove(name: Self.key)
        frame.headers.add(name: Self.key, value: String(connection, radix: 16))
        context.fireChannelRead(wrapInboundOut(.headers(frame)))
    }
}
