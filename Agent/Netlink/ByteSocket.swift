internal import CLinux

/// Where netlink datagrams go and come from: the kernel, or a test that feeds bytes.
package protocol ByteSocket: Sendable {
    /// The netlink port: what owns a table.
    var port: UInt32 { get }
    /// Sends one datagram.
    func send(_ bytes: [UInt8]) throws(NetlinkError)
    /// One datagram, or `nil` when none came in time; -1 waits for ever.
    func receive(timeoutMilliseconds: Int32) throws(NetlinkError) -> [UInt8]?
}

/// What the kernel or the socket said no with.
package struct NetlinkError: Error, Equatable, Sendable {
    /// A positive error number of errno(3).
    package let number: Int32
    /// The kernel's own words (extended acknowledgement), or what was tried.
    package let detail: String

    package init(_ number: Int32, _ detail: String = "") {
        self.number = number
        self.detail = detail
    }
}

/// A netlink socket of this process. Closing it gives up the tables it owns.
package final class NetlinkSocket: ByteSocket {
    /// Of one transaction and of what a dump may queue. 100,000 set elements take about 4 MiB.
    package static let bufferBytes: Int32 = 64 << 20

    package let port: UInt32
    /// For poll(2).
    package let descriptor: Int32

    /// Opens a socket of a protocol number of `linux/netlink.h`.
    /// - Parameter bufferBytes: what may be queued; without CAP_NET_ADMIN the kernel may grant less.
    package init(protocol number: Int32, bufferBytes: Int32 = NetlinkSocket.bufferBytes) throws(NetlinkError) {
        descriptor = clinux_netlink_open(number, bufferBytes)
        guard descriptor >= 0 else { throw NetlinkError(-descriptor, "open a netlink socket") }
        port = UInt32(clamping: clinux_netlink_port(descriptor))
    }

    deinit { clinux_close(descriptor) }

    /// Hears a multicast group from now on.
    package func join(group: Int32) throws(NetlinkError) {
        let status = clinux_netlink_join(descriptor, group)
        guard status >= 0 else { throw NetlinkError(-status, "join netlink group \(group)") }
    }

    package func send(_ bytes: [UInt8]) throws(NetlinkError) {
        let status = unsafe bytes.withUnsafeBytes { unsafe clinux_netlink_send(descriptor, $0.baseAddress, $0.count) }
        guard status == bytes.count else { throw NetlinkError(Int32(clamping: -status), "send to the kernel") }
    }

    package func receive(timeoutMilliseconds: Int32) throws(NetlinkError) -> [UInt8]? {
        var length: Int64 = 0
        let buffer = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            length = unsafe clinux_netlink_receive(descriptor, buffer.baseAddress, buffer.count, timeoutMilliseconds)
            count = Int(max(0, min(length, 65_536)))
        }
        if length == -11 { return nil }
        guard length >= 0 else { throw NetlinkError(Int32(clamping: -length), "receive from the kernel") }
        guard length <= 65_536 else { throw NetlinkError(90, "a datagram of \(length) bytes from the kernel") }
        return buffer
    }
}

/// Protocol and group numbers of `linux/netlink.h`, `linux/rtnetlink.h` and `linux/netfilter/nfnetlink.h`.
package enum NetlinkProtocol {
    package static let route: Int32 = 0
    package static let socketDiagnostics: Int32 = 4
    package static let netfilter: Int32 = 12
    package static let audit: Int32 = 9
    package static let connector: Int32 = 11
    /// RTNLGRP_LINK.
    package static let linkGroup: Int32 = 1
    /// NFNLGRP_NFTABLES.
    package static let tableGroup: Int32 = 7
}
