internal import CordonModel
internal import CordonTrust
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// One TCP connection to the controller with TLS 1.3 and HTTP/2 on it. It never reconnects: `Uplink` does, with its own waits.
///
/// TLS is set up here and not by the gRPC transport, because that would accept TLS 1.2.
struct LinkConnection: Sendable {
    let transport: HTTP2ClientTransport.WrappedChannel
    let verdict: PeerVerdict
    let failure: ChannelFailure
    /// Where it went.
    let remote: ControllerEndpoint?

    /// What a connection is made with.
    struct Parameters: Sendable {
        var address: ControllerAddress
        var trust: PeerTrust
        /// Absent while enrolling.
        var identity: AgentCredentials?
        var timing: LinkTiming
        var now: @Sendable () -> Timestamp
    }

    /// Connects and starts the handshake; its outcome shows in the first call. Throws `UplinkError`.
    static func open(_ parameters: Parameters, to target: NIOCore.SocketAddress) async throws -> LinkConnection {
        let verdict = PeerVerdict()
        let failure = ChannelFailure()
        let context = try NIOSSLContext(configuration: try tlsConfiguration(parameters.identity))
        let callback = verdict.callback(parameters.trust, now: parameters.now)
        let name = parameters.address.address == nil ? parameters.address.host : nil
        let transport = try await HTTP2ClientTransport.WrappedChannel.wrapping(
            config: http2(parameters.timing, authority: "\(parameters.address)")
        ) { configure in
            let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(TimeAmount(parameters.timing.connect))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            do {
                return try await bootstrap.connect(to: target) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = try NIOSSLClientHandler(
                            context: context, serverHostname: name, customVerificationCallback: callback)
                        try channel.pipeline.syncOperations.addHandlers(handler, FailureWatch(failure))
                    }.flatMap { configure(channel) }
                }
            } catch {
                throw UplinkError.unreachable("\(parameters.address)", SocketFailure.text(error))
            }
        }
        // From here on the transport must be run: a channel that nobody reads from stops the process when it is let go.
        return LinkConnection(
            transport: transport, verdict: verdict, failure: failure, remote: ControllerEndpoint(target))
    }

    /// Calls of one connection share a window of 1 MiB a stream; orders have a stream of their own, so that unread
    /// acknowledgements of logs cannot hold them back.
    private static func http2(
        _ timing: LinkTiming, authority: String
    ) -> HTTP2ClientTransport.WrappedChannel.Config {
        .defaults {
            $0.http2.authority = authority
            $0.http2.targetWindowSize = 1 << 20
            $0.compression.enabledAlgorithms = [.gzip]
            $0.connection.maxIdleTime = nil
            $0.connection.keepalive = .init(
                time: timing.keepaliveInterval, timeout: timing.keepaliveTimeout, allowWithoutCalls: true)
        }
    }

    private static func tlsConfiguration(_ identity: AgentCredentials?) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv13
        configuration.trustRoots = .certificates([])
        configuration.certificateVerification = .fullVerification
        configuration.applicationProtocols = ["h2"]
        if let identity {
            let chain = [try NIOSSLCertificate(bytes: identity.certificate, format: .der)]
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(identity.privateKeyPEM.utf8), format: .pem))
        }
        return configuration
    }
}

/// How patient the link is.
package struct LinkTiming: Sendable {
    /// For the TCP connection.
    package var connect: Duration = .seconds(10)
    /// For the first answer, from the start of the handshake.
    package var answer: Duration = .seconds(20)
    /// Silence before a ping. With the timeout it finds a dead peer within 30 seconds.
    package var keepaliveInterval: Duration = .seconds(12)
    /// For the answer to a ping.
    package var keepaliveTimeout: Duration = .seconds(10)

    package init() {}
}

/// Why a channel failed, as far as its pipeline saw: a call only learns that it is gone.
final class ChannelFailure: Sendable {
    private let state = Mutex<String?>(nil)

    /// For people; `nil` when nothing was seen.
    var text: String? { state.withLock { $0 } }

    func note(_ error: any Error) {
        let text = SocketFailure.text(error)
        state.withLock { $0 = $0 ?? text }
    }
}

private final class FailureWatch: ChannelInboundHandler {
    typealias InboundIn = Any
    private let failure: ChannelFailure

    init(_ failure: ChannelFailure) { self.failure = failure }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure.note(error)
        context.fireErrorCaught(error)
    }
}

/// Words for what the network says.
enum SocketFailure {
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as IOError: return unsafe String(cString: strerror(error.errnoCode))
        case let error as NIOConnectionError:
            return error.connectionErrors.first.map { text($0.error) } ?? "the name cannot be resolved"
        case ChannelError.connectTimeout: return "no answer in time"
        case NIOSSLError.uncleanShutdown: return "the connection was cut"
        case NIOSSLError.handshakeFailed(let cause):
            return "the TLS handshake failed (\("\(cause)".printable(limit: 200)))"
        default: return "\(error)".printable(limit: 200)
        }
    }
}

/// An address and port of our own vocabulary: the gRPC modules have an `Endpoint` and a `SocketAddress` too.
typealias ControllerEndpoint = CordonModel.Endpoint

extension ControllerEndpoint {
    /// The Internet address of a socket; `nil` for a Unix socket.
    init?(_ address: NIOCore.SocketAddress) {
        guard let text = address.ipAddress, let ip = IPAddress(text), let port = address.port,
            let narrow = UInt16(exactly: port)
        else { return nil }
        self.init(ip, port: narrow)
    }
}

extension TimeAmount {
    init(_ duration: Duration) { self = .microseconds(duration.microseconds) }
}
