internal import AgentNetlink
internal import CordonModel

/// What the host itself is on the network: interfaces, addresses, gateways (rtnetlink(7)).
struct LinkTable {
    var channel: NetlinkChannel

    init() throws(NetlinkError) {
        channel = NetlinkChannel(try NetlinkSocket(protocol: NetlinkProtocol.route))
    }

    init(socket: any ByteSocket) { channel = NetlinkChannel(socket) }

    static let getLink: UInt16 = 18
    private static let getAddress: UInt16 = 22
    static let getRoute: UInt16 = 26

    /// Names of all interfaces but loopback: those of hardware, and then those that are made, each in order.
    mutating func interfaces() throws(NetlinkError) -> [String] {
        var (hardware, made): ([String], [String]) = ([], [])
        for message in try channel.dump(.init(type: Self.getLink, flags: 0, payload: [UInt8](repeating: 0, count: 16)))
        {
            // ifinfomsg: flags at 8 (IFF_LOOPBACK is 8); IFLA_IFNAME is 3, IFLA_LINKINFO 18, IFLA_INFO_KIND 1.
            guard message.payload.count > 16, message.payload.host32(8) & 8 == 0 else { continue }
            let attributes = Attribute.parse(message.payload.dropFirst(16))
            guard let name = attributes[type: 3]?.text else { continue }
            if attributes[type: 18]?.nested[type: 1] == nil { hardware.append(name) } else { made.append(name) }
        }
        return hardware.sorted() + made.sorted()
    }

    /// All addresses of the host.
    mutating func addresses() throws(NetlinkError) -> Set<IPAddress> {
        var found: Set<IPAddress> = []
        for message in try channel.dump(
            .init(type: Self.getAddress, flags: 0, payload: [UInt8](repeating: 0, count: 8)))
        {
            guard message.payload.count > 8 else { continue }
            // IFA_ADDRESS 1 is the peer's on a point-to-point link; IFA_LOCAL 2 is then ours.
            let attributes = Attribute.parse(message.payload.dropFirst(8))
            if let own = attributes[type: 2] ?? attributes[type: 1], let address = IPAddress(bytes: own.value) {
                found.insert(address)
            }
        }
        return found
    }

    /// Gateways of the default routes.
    mutating func gateways() throws(NetlinkError) -> Set<IPAddress> {
        var found: Set<IPAddress> = []
        for family: UInt8 in [2, 10] {
            let payload = [family] + [UInt8](repeating: 0, count: 11)
            for message in try channel.dump(.init(type: Self.getRoute, flags: 0, payload: payload)) {
                // rtmsg: destination length at 1; RTA_GATEWAY 5, RTA_MULTIPATH 9.
                guard message.payload.count > 12, message.payload[1] == 0 else { continue }
                let attributes = Attribute.parse(message.payload.dropFirst(12))
                if let gateway = attributes[type: 5], let address = IPAddress(bytes: gateway.value) {
                    found.insert(address)
                }
                if let paths = attributes[type: 9] { found.formUnion(Self.multipath(paths.value)) }
            }
        }
        return found
    }

    /// The gateways of `rtnexthop` records: length at 0, attributes from 8.
    private static func multipath(_ bytes: [UInt8]) -> Set<IPAddress> {
        var found: Set<IPAddress> = []
        var offset = 0
        while offset + 8 <= bytes.count {
            let length = Int(bytes.host16(offset))
            guard length >= 8, offset + length <= bytes.count else { break }
            let attributes = Attribute.parse(bytes[(offset + 8)..<(offset + length)])
            if let gateway = attributes[type: 5], let address = IPAddress(bytes: gateway.value) {
                found.insert(address)
            }
            offset += (length + 3) & ~3
        }
        return found
    }
}
