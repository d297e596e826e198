internal import CordonModel
internal import CordonTrust
internal import NIOCore
internal import NIOPosix

/// Finds the controller's address. An isolated host may have no DNS: then it goes where it went last time.
struct ControllerResolver: Sendable {
    /// Names are looked up on a thread of their own: getaddrinfo(3) may hang for half a minute.
    private static let thread: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        return pool
    }()
    private static let patience: Duration = .seconds(5)

    let address: ControllerAddress
    /// The file with the last address.
    let memory: String

    func target() async throws -> SocketAddress {
        let host = address.host
        let port = Int(address.port)
        if address.address != nil { return try SocketAddress(ipAddress: host, port: port) }
        if let found = try await Self.lookUp(host, port) { return found }
        if let last = Self.remembered(in: memory), last.port == address.port {
            return try SocketAddress(ipAddress: "\(last.address)", port: port)
        }
        throw UplinkError.unreachable("\(address)", "the name cannot be resolved")
    }

    /// `nil` when there is no such name or no answer in time. The look-up itself cannot be cancelled and is left behind.
    private static func lookUp(_ host: String, _ port: Int) async throws -> SocketAddress? {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: SocketAddress?.self)
        thread.submit { _ in promise.succeed(try? SocketAddress.makeAddressResolvingHost(host, port: port)) }
        loop.scheduleTask(in: TimeAmount(patience)) { promise.succeed(nil) }
        return try await promise.futureResult.get()
    }

    static func remembered(in file: String) -> Endpoint? {
        guard let bytes = try? KeyFile.read(file) else { return nil }
        return Endpoint(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
    }

    static func remember(_ endpoint: Endpoint?, in file: String) {
        guard let endpoint, remembered(in: file) != endpoint else { return }
        try? KeyFile.write(Array("\(endpoint)\n".utf8), to: file)
    }
}
