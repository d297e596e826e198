package import CordonModel

/// A socket of IPv4 or IPv6 as sock_diag(7) tells it: `inet_diag_msg`.
package struct InetSocket: Sendable, Hashable {
    /// AF_INET (2) or AF_INET6 (10), as the socket was made: IPv4 may run over an IPv6 socket.
    package let family: UInt8
    /// Of `net/tcp_states.h`: 1 is joined, 2 being joined, 6 TIME_WAIT, 7 neither, 10 listening. UDP has 1 and 7.
    package let state: UInt8
    package let local: IPAddress
    package let localPort: UInt16
    package let remote: IPAddress
    /// 0 where there is no other end.
    package let remotePort: UInt16
    /// 0 also where the kernel does not know any more: see `inode`.
    package let user: UInt32
    /// What `/proc/PID/fd` names it by; 0 where it belongs to no process any more.
    package let inode: UInt32

    /// What is understood of a datagram's bytes; `nil` when they are too short.
    /// - Parameter start: where `inet_diag_msg` begins.
    package init?(_ bytes: [UInt8], at start: Int, end: Int) {
        guard start >= 0, end <= bytes.count, end - start >= Self.width else { return nil }
        family = bytes[start]
        state = bytes[start + 1]
        localPort = bytes.big16(start + 4)
        remotePort = bytes.big16(start + 6)
        local = Self.address(bytes, start + 8, isIPv4: bytes[start] == 2)
        remote = Self.address(bytes, start + 24, isIPv4: bytes[start] == 2)
        user = bytes.host32(start + 64)
        inode = bytes.host32(start + 68)
    }

    /// Bytes of `inet_diag_msg`.
    package static let width = 72

    private static func address(_ bytes: [UInt8], _ start: Int, isIPv4: Bool) -> IPAddress {
        if isIPv4 { return .v4(bytes.big32(start)) }
        let (high, low) = (bytes.big64(start), bytes.big64(start + 8))
        // An IPv4-mapped address means the IPv4 one.
        return high == 0 && low >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high: high, low: low)
    }
}

/// Requests and messages of `linux/sock_diag.h` and `linux/inet_diag.h`.
package enum InetDiagnostics {
    /// SOCK_DIAG_BY_FAMILY.
    package static let byFamily: UInt16 = 20
    /// SOCK_DESTROY.
    package static let destroy: UInt16 = 21

    /// Asks for the sockets of a family and a protocol (6 TCP, 17 UDP).
    /// - Parameter states: a bit for each state.
    package static func request(family: UInt8, protocol number: UInt8, states: UInt32) -> NetlinkMessage {
        var payload: [UInt8] = [family, number, 0, 0]
        payload.append(host: states)
        payload += [UInt8](repeating: 0, count: 48)
        return NetlinkMessage(type: byFamily, flags: 0, payload: payload)
    }
}
