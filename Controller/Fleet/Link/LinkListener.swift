internal import CordonModel
internal import CordonTrust
internal import GRPCNIOTransportCore
internal import GRPCNIOTransportHTTP2Posix
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// The listening socket with our own TLS in front of gRPC's HTTP/2.
///
/// The transport's own listener pins TLS 1.2 as its least and can only require a client certificate or not ask for one.
/// Ours takes TLS 1.3 and nothing older, asks for a certificate and lets a stranger in without one, so that a host can enrol on
/// the same port: whether a stream is allowed is decided at every stream by ``LinkGate``, never by the handshake.
struct LinkListener: HTTP2ServerTransport.ListenerFactory {
    let address: CordonModel.Endpoint
    let certificate: ListenerCertificate
    let connections: LinkConnections
    let settings: FleetSettings
    let random: @Sendable () -> UInt64
    let aged: @Sendable (LinkConnection) -> Void

    var eventLoopGroup: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator,
        connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel, Never> {
        do {
            return try await ServerBootstrap(group: eventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.backlog, value: 4096)
                .serverChannelInitializer { listenerConfigurator.configure(channel: $0) }
                .bind(host: "\(address.address)", port: Int(address.port)) { channel in
                    channel.eventLoop.makeCompletedFuture { try secure(channel) }
                        .flatMap {
                            connectionConfigurator.configure(channel: channel, tls: .configured(requireALPN: true))
                        }
                }
        } catch let error as IOError {
            throw FleetError.cannotListen(address, errno: error.errnoCode)
        }
    }

    private func secure(_ channel: any Channel) throws {
        let connection = LinkConnection(id: random(), channel: channel)
        // Any certificate may come in: possession of its key is proved by TLS, whose it is by the registry.
        let tls = NIOSSLServerHandler(context: certificate.context) { _, promise in
            promise.succeed(.certificateVerified)
        }
        let age = Double(settings.connectionAge.milliseconds) * (0.5 + Double(random() % 1000) / 2000)
        let patience = ConnectionGuard.Patience(
            stranger: .milliseconds(settings.strangerPatience.milliseconds), age: .milliseconds(Int64(age)))
        let silence = settings.keepaliveInterval + settings.keepaliveTimeout
        try channel.pipeline.syncOperations.addHandlers(
            DeadPeerCut.handlers(after: silence) + [
                tls, ConnectionGuard(connection, in: connections, patience: patience, aged: aged),
            ])
    }
}

extension LinkListener {
    /// What the transport runs for every new stream: see ``StreamStamp``.
    static func stamp(_ stream: any Channel) -> EventLoopFuture<Void> {
        stream.eventLoop.makeCompletedFuture {
            guard let parent = stream.parent else { throw ChannelError.ioOnClosedChannel }
            let guardian = try parent.pipeline.syncOperations.handler(type: ConnectionGuard.self)
            try stream.pipeline.syncOperations.addHandler(
                StreamStamp(connection: guardian.connectionID), position: .first)
        }
    }
}

/// The controller's certificate as the listener presents it; can be exchanged while it listens.
///
/// Each exchange makes a new TLS context. Session tickets die with the context that made them, so it is exchanged on
/// a revocation too.
final class ListenerCertificate: Sendable {
    private let current: Mutex<NIOSSLContext>
    private let files: (certificate: String, key: String)

    /// Reads the PEM files.
    init(certificateFile: String, keyFile: String) throws {
        files = (certificateFile, keyFile)
        current = Mutex(try Self.load(certificateFile, keyFile))
    }

    var context: NIOSSLContext { current.withLock { $0 } }

    /// Reads the files again; what was there stays in use when they cannot be read.
    func reload() throws {
        let fresh = try Self.load(files.certificate, files.key)
        current.withLock { $0 = fresh }
    }

    private static func load(_ certificateFile: String, _ keyFile: String) throws -> NIOSSLContext {
        let chain = try KeyFile.read(certificateFile, secret: false)
        let key = try KeyFile.read(keyFile)
        do {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            )
            configuration.minimumTLSVersion = .tlsv13
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates([])
            configuration.applicationProtocols = ["h2"]
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw FleetError.badListenerCertificate(certificateFile, keyFile)
        }
    }
}
