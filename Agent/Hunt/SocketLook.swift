internal import CordonModel

/// Sockets of TCP and UDP, as /proc/net shows them for this network namespace.
struct SocketLook {
    let parameters: [String: String]
    let allowance: Allowance

    func run() throws(Allowance.Stop) {
        let accounts = Accounts()
        for table in ["tcp", "tcp6", "udp", "udp6"] {
            let text = SmallFile.text("/proc/net/\(table)", most: 64 << 20)
            for line in text.split(separator: "\n").dropFirst() {
                try allowance.step()
                guard let socket = Socket(line, table: table), fits(socket) else { continue }
                try allowance.found(socket.row(accounts))
            }
        }
    }

    private func fits(_ socket: Socket) -> Bool {
        let ends = [socket.local, socket.remote]
        if let port = parameters["port"].flatMap({ UInt16($0) }), !ends.contains(where: { $0.port == port }) {
            return false
        }
        if let network = parameters["address"].flatMap({ Network($0) }),
            !ends.contains(where: { network.contains($0.address) })
        {
            return false
        }
        return ["state": socket.state].fits("state", in: parameters)
    }
}

/// One line of /proc/net/tcp and its like: proc_pid_net(5).
struct Socket {
    let table: String
    let local: Endpoint
    let remote: Endpoint
    let state: String
    let uid: String
    let inode: String

    private static let states = [
        1: "established", 2: "syn_sent", 3: "syn_received", 4: "fin_wait_1", 5: "fin_wait_2", 6: "time_wait",
        7: "close", 8: "close_wait", 9: "last_ack", 10: "listen", 11: "closing", 12: "new_syn_received",
    ]

    init?(_ line: some StringProtocol, table: String) {
        let parts = line.split(separator: " ")
        guard parts.count > 9, let local = Self.end(parts[1]), let remote = Self.end(parts[2]),
            let code = Int(parts[3], radix: 16)
        else { return nil }
        self.table = table
        self.local = local
        self.remote = remote
        // UDP has no states: 7 is a socket that waits for anybody, 1 one with a peer.
        state = table.hasPrefix("udp") && code == 7 ? "listen" : Self.states[code] ?? "\(code)"
        uid = String(parts[7])
        inode = String(parts[9])
    }

    /// `0100007F:0016`: 32-bit words in the machine's order, and the port.
    private static func end(_ text: some StringProtocol) -> Endpoint? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let bytes = HexDigit.bytes(parts[0]), let port = UInt16(parts[1], radix: 16) else {
            return nil
        }
        var ordered: [UInt8] = []
        for start in stride(from: 0, to: bytes.count - 3, by: 4) { ordered += bytes[start..<start + 4].reversed() }
        return IPAddress(bytes: ordered).map { Endpoint($0, port: port) }
    }

    func row(_ accounts: Accounts) -> [String: String] {
        [
            "protocol": table, "local_address": "\(local.address)", "local_port": "\(local.port)",
            "remote_address": "\(remote.address)", "remote_port": "\(remote.port)", "state": state,
            "user": accounts.name(of: uid), "inode": inode,
        ]
    }
}
