package import CordonModel
internal import CordonTrust
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

/// The gRPC server that agents dial: one port for the held connections and for enrolment, TLS 1.3 only.
///
/// What a handshake proves is possession of a key. Whose key it is, and whether that host is still part of the fleet, is
/// asked of the registry at every stream (``LinkGate``): a resumed session skips the certificate and proves nothing.
package struct LinkServer: Service {
    private typealias Transport = HTTP2ServerTransport.Custom<LinkListener>

    private let fleet: Fleet
    private let transport: Transport
    private let server: GRPCServer<Transport>

    /// Makes the server; it listens once it runs.
    /// - Throws: when the controller's certificate files cannot be used.
    package init(fleet: Fleet, listen address: CordonModel.Endpoint) throws {
        self.fleet = fleet
        let connections = fleet.connections
        let listener = LinkListener(
            address: address, certificate: fleet.listenerCertificate, connections: connections,
            settings: fleet.settings,
            random: fleet.surroundings.random, aged: { [fleet] in fleet.retire($0) })
        transport = Transport(listenerFactory: listener, config: Self.config(fleet.settings))
        server = GRPCServer(
            transport: transport,
            services: [LinkService(fleet: fleet), EnrolmentService(fleet: fleet)],
            interceptors: [LinkGate(fleet: fleet, connections: connections)])
    }

    /// The port that it listens on, once it does; `nil` when it stopped before. For listeners on port 0.
    package var port: UInt16? {
        get async {
            let address = await transport.listeningAddress
            return (address?.ipv4?.port ?? address?.ipv6?.port).flatMap { UInt16(exactly: $0) }
        }
    }

    /// Serves until the group shuts down. Agents are told to come back, then cut.
    package func run() async throws {
        try await withGracefulShutdownHandler {
            do {
                try await server.serve()
            } catch let error as RuntimeError {
                throw error.cause ?? error
            }
        } onGracefulShutdown: {
            server.beginGracefulShutdown()
            fleet.endAllSessions()
        }
    }

    private static func config(_ settings: FleetSettings) -> Transport.Config {
        var config = Transport.Config.defaults
        config.http2.maxConcurrentStreams = 8
        config.http2.targetWindowSize = 256 * 1024
        // Of a message as it is after decompression too: what expands beyond it ends the call.
        config.rpc.maxRequestPayloadSize = 4 * 1024 * 1024
        config.compression.enabledAlgorithms = [.gzip]
        config.connection.keepalive = HTTP2ServerTransport.Config.Keepalive(
            time: settings.keepaliveInterval,
            timeout: settings.keepaliveTimeout,
            clientBehavior: .init(minPingIntervalWithoutCalls: .seconds(5), allowWithoutCalls: true))
        config.channelDebuggingCallbacks.onAcceptHTTP2Stream = { LinkListener.stamp($0) }
        return config
    }
}
