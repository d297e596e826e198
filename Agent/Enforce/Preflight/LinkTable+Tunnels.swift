internal import AgentNetlink
internal import CordonModel

extension LinkTable {
    /// The tunnel that packets to the address leave by; `nil` where they leave by anything else, or not at all.
    mutating func tunnel(to address: IPAddress) throws(NetlinkError) -> (interface: String, kind: String)? {
        // rtmsg: family, length of the destination. RTA_DST is 1, RTA_OIF 4.
        var request = AttributeWriter(
            after: [address.width == 32 ? 2 : 10, UInt8(address.width)] + [UInt8](repeating: 0, count: 10))
        request.put(1, address.bytes)
        let route: [UInt8]
        do {
            route = try channel.ask(.init(type: Self.getRoute, flags: 0, payload: request.bytes)).payload
        } catch  where Self.noRoute.contains(error.number) {
            return nil
        }
        guard route.count > 12, let index = Attribute.parse(route.dropFirst(12))[type: 4]?.host else { return nil }
        // ifinfomsg: index at 4. IFLA_IFNAME is 3, IFLA_LINKINFO 18, IFLA_INFO_KIND 1.
        var header = [UInt8](repeating: 0, count: 4)
        header.append(host: index)
        let payload = header + [UInt8](repeating: 0, count: 8)
        let link = try channel.ask(.init(type: Self.getLink, flags: 0, payload: payload)).payload
        guard link.count > 16 else { return nil }
        let attributes = Attribute.parse(link.dropFirst(16))
        guard let name = attributes[type: 3]?.text, let kind = attributes[type: 18]?.nested[type: 1]?.text,
            Self.tunnels.contains(kind)
        else { return nil }
        return (name, kind)
    }

    /// ENETUNREACH and EHOSTUNREACH: there is no way at all; EAFNOSUPPORT: this kernel does not speak IPv6.
    private static let noRoute: Set<Int32> = [101, 113, 97]

    /// Kinds of interfaces whose packets travel in others that the host sends.
    private static let tunnels: Set<String> = [
        "wireguard", "tun", "ipip", "sit", "gre", "gretap", "ip6gre", "ip6gretap", "ip6tnl", "vti", "vti6", "xfrm",
        "vxlan", "geneve", "l2tp", "ppp", "erspan", "amneziawg",
    ]
}
