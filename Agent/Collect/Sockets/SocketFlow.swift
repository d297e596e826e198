internal import AgentNetlink
internal import CordonModel

/// One end of a connection, or what listens, with the protocol it speaks.
struct SocketFlow: Sendable, Hashable {
    enum Transport: String, Sendable, Hashable, CaseIterable {
        case tcp, udp

        /// IPPROTO_….
        var number: UInt8 { self == .tcp ? 6 : 17 }
    }

    var transport: Transport
    var local: IPAddress
    var localPort: UInt16
    var remote: IPAddress
    /// 0 for what listens.
    var remotePort: UInt16

    init(_ transport: Transport, _ socket: InetSocket) {
        self.transport = transport
        (local, localPort) = (socket.local, socket.localPort)
        (remote, remotePort) = (socket.remote, socket.remotePort)
    }

    var isLoopback: Bool { Self.isLoopback(remote) || Self.isLoopback(local) }

    /// 64 bits for it, by a key that nobody outside knows.
    var key: Int { hashValue }

    private static func isLoopback(_ address: IPAddress) -> Bool {
        switch address {
        case .v4(let word): word >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }
}

/// What is listened on: a place, whoever has it open.
struct ListeningPlace: Sendable, Hashable {
    var transport: SocketFlow.Transport
    var address: IPAddress
    var port: UInt16

    /// As the position keeps it, `tcp 0.0.0.0 22`.
    var text: String { "\(transport.rawValue) \(address) \(port)" }
}

extension ListeningPlace {
    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 3, let transport = SocketFlow.Transport(rawValue: String(parts[0])),
            let address = IPAddress(parts[1]), let port = UInt16(parts[2])
        else { return nil }
        self.init(transport: transport, address: address, port: port)
    }
}
