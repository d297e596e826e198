internal import AgentNetlink
internal import CordonModel

/// Forgets flows that the kernel tracks, so that address translation and stateful rules of others do not carry them on.
struct ConnectionTracking {
    private var channel: NetlinkChannel

    init() throws(NetlinkError) {
        channel = NetlinkChannel(try NetlinkSocket(protocol: NetlinkProtocol.netfilter))
    }

    init(socket: any ByteSocket) { channel = NetlinkChannel(socket) }

    // nfnetlink_conntrack.h: subsystem 1, messages GET 1 and DELETE 2.
    private static let get: UInt16 = 1 << 8 | 1
    private static let delete: UInt16 = 1 << 8 | 2

    /// One tracked flow: its addresses in both directions, for translation changes them.
    struct Flow: Sendable {
        let addresses: [IPAddress]
        let destination: IPAddress
        let destinationPort: UInt16
        /// 6 for TCP.
        let transport: UInt8
        let family: UInt8
        /// CTA_TUPLE_ORIG and CTA_ID as the kernel wrote them.
        fileprivate let identity: [Attribute]
    }

    /// Deletes the flows that the closure picks; returns how many. None where the kernel does not track.
    mutating func delete(where picked: (Flow) -> Bool) -> Int {
        var deleted = 0
        for family: UInt8 in [2, 10] {
            guard let messages = try? channel.dump(.init(type: Self.get, flags: 0, payload: [family, 0, 0, 0])) else {
                continue
            }
            let requests = messages.compactMap(Self.read).filter(picked).map { flow in
                var writer = AttributeWriter(after: [flow.family, 0, 0, 0])
                for attribute in flow.identity {
                    writer.put(attribute.type == 12 ? attribute.type : attribute.type | 0x8000, attribute.value)
                }
                return NetlinkMessage(type: Self.delete, flags: NetlinkMessage.Flag.request, payload: writer.bytes)
            }
            deleted += (try? channel.performEach(requests)) ?? 0
        }
        return deleted
    }

    static func read(_ message: NetlinkMessage) -> Flow? {
        guard message.payload.count > 4 else { return nil }
        let attributes = Attribute.parse(message.payload.dropFirst(4))
        guard let original = attributes[type: 1] else { return nil }
        let forward = tuple(original)
        guard let destination = forward.destination else { return nil }
        let back = attributes[type: 2].map { tuple($0).addresses } ?? []
        return Flow(
            addresses: forward.addresses + back, destination: destination, destinationPort: forward.port,
            transport: forward.transport, family: message.payload[0],
            identity: attributes.filter { $0.type == 1 || $0.type == 12 })
    }

    private static func tuple(
        _ attribute: Attribute
    ) -> (addresses: [IPAddress], destination: IPAddress?, port: UInt16, transport: UInt8) {
        let parts = attribute.nested
        let ends = parts[type: 1]?.nested ?? []
        let transport = parts[type: 2]?.nested ?? []
        let addresses = ends.filter { (1...4).contains($0.type) }.compactMap { IPAddress(bytes: $0.value) }
        let destination = (ends[type: 2] ?? ends[type: 4]).flatMap { IPAddress(bytes: $0.value) }
        return (
            addresses, destination, UInt16(truncatingIfNeeded: transport[type: 3]?.big ?? 0),
            UInt8(truncatingIfNeeded: transport[type: 1]?.big ?? 0)
        )
    }
}
