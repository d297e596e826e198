internal import AgentNetlink
package import CordonModel

/// A TCP socket of this network namespace, as sock_diag(7) tells it.
package struct TCPSocket: Sendable, Hashable {
    package let local: IPAddress
    package let localPort: UInt16
    package let remote: IPAddress
    package let remotePort: UInt16
    package let user: UInt32
    /// AF_INET or AF_INET6, as the socket was made: an IPv4 connection may run over an IPv6 socket.
    let family: UInt8
    /// `inet_diag_sockid`: what names the socket to the kernel.
    let identity: [UInt8]

    /// Whether it never leaves the host.
    func isLocal(own: Set<IPAddress>) -> Bool {
        remote.isLoopback || local.isLoopback || own.contains(remote)
    }
}

/// Lists and destroys TCP sockets (SOCK_DESTROY, kernel 4.9 with CONFIG_INET_DIAG_DESTROY).
struct SocketDiagnostics {
    private var channel: NetlinkChannel

    init() throws(NetlinkError) {
        channel = NetlinkChannel(try NetlinkSocket(protocol: NetlinkProtocol.socketDiagnostics))
    }

    init(socket: any ByteSocket) { channel = NetlinkChannel(socket) }

    /// TCP states of `net/tcp_states.h` in which two ends are joined or about to be: all but TIME_WAIT, CLOSE and
    /// LISTEN.
    private static let connected: UInt32 =
        (1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11 | 1 << 12)

    /// Connected TCP sockets of both families.
    mutating func connections() throws(NetlinkError) -> [TCPSocket] {
        var found: [TCPSocket] = []
        for family: UInt8 in [2, 10] {
            let request = InetDiagnostics.request(family: family, protocol: 6, states: Self.connected)
            for message in try channel.dump(request) {
                if let socket = Self.read(message.payload) { found.append(socket) }
            }
        }
        return found
    }

    /// Ends sockets: their programs get an error, their peers a reset. Returns how many there still were.
    mutating func destroy(_ sockets: [TCPSocket]) throws(NetlinkError) -> Int {
        try channel.performEach(
            sockets.map { socket in
                var payload: [UInt8] = [socket.family, 6, 0, 0]
                payload.append(host: UInt32.max)
                return NetlinkMessage(
                    type: InetDiagnostics.destroy, flags: NetlinkMessage.Flag.request,
                    payload: payload + socket.identity)
            })
    }

    /// Reads `inet_diag_msg`; `nil` when it is too short.
    static func read(_ bytes: [UInt8]) -> TCPSocket? {
        guard let socket = InetSocket(bytes, at: 0, end: bytes.count) else { return nil }
        return TCPSocket(
            local: socket.local, localPort: socket.localPort, remote: socket.remote, remotePort: socket.remotePort,
            user: socket.user, family: socket.family, identity: Array(bytes[4..<52]))
    }
}

extension IPAddress {
    /// 127.0.0.0/8 and ::1.
    package var isLoopback: Bool {
        switch self {
        case .v4(let word): word >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }
}
