internal import AgentNetlink
internal import CordonModel

/// What was there at the last look at all sockets, and what the next one finds anew. A connection is remembered by 64
/// bits; the kernel's list is never held as a whole.
struct SocketScan: Sendable {
    /// What a look found.
    struct Findings: Sendable {
        /// Connections that this host opened.
        var opened: [(flow: SocketFlow, socket: InetSocket)] = []
        /// Those beyond `findingLimit`.
        var leftOut = 0
        var listening: [(place: ListeningPlace, socket: InetSocket)] = []
        var stopped: [ListeningPlace] = []
        /// There are more connections than are remembered.
        var isOverfull = false
    }

    /// Connections that are remembered: about 8 MB.
    static let limit = 262_144
    static let findingLimit = 4096
    static let placeLimit = 1024

    /// By the key of a connection the look that last saw it.
    private var known: [Int: UInt32] = [:]
    private var look: UInt32 = 0
    private(set) var places: Set<ListeningPlace>
    /// UDP sockets that wait for anybody since the last look only: most are questions that wait for their answer.
    private var brief: Set<ListeningPlace> = []
    private var ports: Set<UInt32> = []
    private let seesLoopback: Bool
    private var isFirst = true

    init(places: Set<ListeningPlace>, seesLoopback: Bool) {
        self.places = places
        self.seesLoopback = seesLoopback
    }

    /// How many connections are remembered.
    var count: Int { known.count }

    // Bits of `net/tcp_states.h`: what others have only begun to open (SYN_RECV) is left out.
    private static let listen: UInt32 = 1 << 10
    private static let joined: UInt32 = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 9 | 1 << 11
    private static let close: UInt32 = 1 << 7

    /// Looks at all sockets of this network namespace.
    /// - Parameter toldPlaces: whether what listens is compared with `places` at the first look too.
    mutating func run(_ channel: inout NetlinkChannel, toldPlaces: Bool) throws(NetlinkError) -> Findings {
        var findings = Findings()
        try lookAtPlaces(&channel, toldPlaces, &findings)
        look &+= 1
        for transport in SocketFlow.Transport.allCases {
            let states = transport == .tcp ? Self.joined : 1 << 1
            try Self.each(&channel, transport, states) { socket in
                let flow = SocketFlow(transport, socket)
                let isNew = remember(flow, &findings)
                guard isNew, !isFirst, isOpened(flow) else { return }
                if findings.opened.count < Self.findingLimit {
                    findings.opened.append((flow, socket))
                } else {
                    findings.leftOut += 1
                }
            }
        }
        let now = look
        known = known.filter { $0.value == now }
        isFirst = false
        return findings
    }

    /// A connection that ended; whether it was opened by this host and no look saw it.
    mutating func ended(_ socket: InetSocket) -> SocketFlow? {
        let flow = SocketFlow(.tcp, socket)
        guard flow.remotePort != 0, known[flow.key] == nil, isOpened(flow) else { return nil }
        // What is left of it may be seen for a minute.
        if known.count < Self.limit { known[flow.key] = look }
        return flow
    }

    // MARK: - Connections

    /// Whether nobody listens where it begins: so it began here.
    private func isOpened(_ flow: SocketFlow) -> Bool {
        (seesLoopback || !flow.isLoopback) && !ports.contains(Self.port(flow.transport, flow.localPort))
    }

    private mutating func remember(_ flow: SocketFlow, _ findings: inout Findings) -> Bool {
        let key = flow.key
        if known[key] != nil {
            known[key] = look
            return false
        }
        guard known.count < Self.limit else {
            findings.isOverfull = true
            return false
        }
        known[key] = look
        return true
    }

    private static func port(_ transport: SocketFlow.Transport, _ port: UInt16) -> UInt32 {
        UInt32(transport.number) << 16 | UInt32(port)
    }

    // MARK: - Places

    private mutating func lookAtPlaces(
        _ channel: inout NetlinkChannel, _ toldPlaces: Bool, _ findings: inout Findings
    ) throws(NetlinkError) {
        var found: [ListeningPlace: InetSocket] = [:]
        for transport in SocketFlow.Transport.allCases {
            try Self.each(&channel, transport, transport == .tcp ? Self.listen : Self.close) { socket in
                guard socket.localPort != 0, socket.remotePort == 0 else { return }
                let place = ListeningPlace(transport: transport, address: socket.local, port: socket.localPort)
                if found.count < Self.placeLimit || found[place] != nil { found[place] = socket }
            }
        }
        ports = Set(found.keys.map { Self.port($0.transport, $0.port) })
        let waiting = Set(found.keys.filter { $0.transport == .udp && !places.contains($0) && !brief.contains($0) })
        let lasting = isFirst && !toldPlaces ? found : found.filter { !waiting.contains($0.key) }
        if !isFirst || toldPlaces {
            findings.listening = lasting.filter { !places.contains($0.key) }.map { ($0.key, $0.value) }
                .sorted { $0.place.text < $1.place.text }
            findings.stopped = places.filter { found[$0] == nil }.sorted { $0.text < $1.text }
        }
        places = Set(lasting.keys)
        brief = waiting
    }

    private static func each(
        _ channel: inout NetlinkChannel, _ transport: SocketFlow.Transport, _ states: UInt32,
        _ body: (InetSocket) -> Void
    ) throws(NetlinkError) {
        for family: UInt8 in [2, 10] {
            let request = InetDiagnostics.request(family: family, protocol: transport.number, states: states)
            try channel.dump(request) { datagram, message in
                guard let socket = InetSocket(datagram, at: message.lowerBound + 16, end: message.upperBound) else {
                    return
                }
                body(socket)
            }
        }
    }
}
