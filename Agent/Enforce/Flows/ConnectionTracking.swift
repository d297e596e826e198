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
        var addresses: [IPAddress] { ways.flatMap { [$0.source, $0.destination] } }
        /// The way of the first packet, then the way back.
        let ways: [Way]
        var destination: IPAddress { ways[0].destination }
        var destinationPort: UInt16 { ways[0].port }
        /// 6 for TCP.
        let transport: UInt8
        let family: UInt8
        /// CTA_TUPLE_ORIG and CTA_ID as the kernel wrote them.
        fileprivate let identity: [Attribute]

        /// Where packets go.
        struct Way: Sendable {
            let source: IPAddress
            let destination: IPAddress
            /// 0 where the transport has none.
            let port: UInt16
        }
    }

    /// Deletes the flows that the closure picks; returns how many. None where the kernel does not track.
    mutating func delete(where picked: (Flow) -> Bool) -> Int {
        // Of all families at once: the kernel walks its whole table for each dump, however few flows are in it.
        guard let messages = try? channel.dump(.init(type: Self.get, flags: 0, payload: [0, 0, 0, 0])) else { return 0 }
        let requests = messages.compactMap(Self.read).filter(picked).map { flow in
            var writer = AttributeWriter(after: [flow.family, 0, 0, 0])
            for attribute in flow.identity {
                writer.put(attribute.type == 12 ? attribute.type : attribute.type | 0x8000, attribute.value)
            }
            return NetlinkMessage(type: Self.delete, flags: NetlinkMessage.Flag.request, payload: writer.bytes)
        }
        return (try? channel.performEach(requests)) ?? 0
    }

    static func read(_ message: NetlinkMessage) -> Flow? {
        guard message.payload.count > 4 else { return nil }
        let attributes = Attribute.parse(message.payload.dropFirst(4))
        guard let original = attributes[type: 1] else { return nil }
        guard let forward = way(original) else { return nil }
        let back = attributes[type: 2].flatMap(way)
        let transport = original.nested[type: 2]?.nested[type: 1]?.big ?? 0
        return Flow(
            ways: [forward] + [back].compactMap(\.self), transport: UInt8(truncatingIfNeeded: transport),
            family: message.payload[0], identity: attributes.filter { $0.type == 1 || $0.type == 12 })
    }

    /// CTA_TUPLE_ORIG or CTA_TUPLE_REPLY.
    private static func way(_ attribute: Attribute) -> Flow.Way? {
        let parts = attribute.nested
        let ends = parts[type: 1]?.nested ?? []
        guard let source = (ends[type: 1] ?? ends[type: 3]).flatMap({ IPAddress(bytes: $0.value) }),
            let destination = (ends[type: 2] ?? ends[type: 4]).flatMap({ IPAddress(bytes: $0.value) })
        else { return nil }
        let port = parts[type: 2]?.nested[type: 3]?.big ?? 0
        return Flow.Way(source: source, destination: destination, port: UInt16(truncatingIfNeeded: port))
    }
}
