package import CordonModel

/// Parameters of `isolate`: cut the host off the network, save loopback, DHCP, neighbour discovery and the controller for
/// the agent's own user.
package struct Isolation: Sendable, Hashable {
    /// How long; the host releases itself afterwards. Whole seconds, at least one.
    package var duration: Duration
    /// The host releases itself earlier when its agent has not heard the controller for so long; `nil`: it stays. Whole
    /// seconds, at least ``shortestLoss``.
    package var releaseWhenLost: Duration?

    /// What comes and goes within this time is no loss.
    package static let shortestLoss: Int64 = 300

    package var level: Level

    /// How much is cut, in order.
    package enum Level: String, Sendable, Hashable, CaseIterable, Comparable {
        /// Whatever passes through IP, of this host and forwarded.
        case network
        /// And whatever else leaves by an interface, such as frames of packet sockets, macvlans and bridge ports. A kernel
        /// without egress hooks (before 5.16) cannot: it does the other, and says so.
        case networkAndRaw = "network_and_raw"

        package static func < (left: Level, right: Level) -> Bool { left == .network && right == .networkAndRaw }
    }

    package init(duration: Duration, releaseWhenLost: Duration? = nil, level: Level = .networkAndRaw) {
        self.duration = duration
        self.releaseWhenLost = releaseWhenLost
        self.level = level
    }

    init(_ given: GivenParameters) throws(ActionError) {
        duration = try given.seconds("duration_s")
        releaseWhenLost = given.optionalNumber("release_when_lost_s").map { .seconds($0) }
        level = try given.choice("level", of: Level.self, default: .networkAndRaw)
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = ["duration_s": .number(duration.wholeSeconds)]
        if let releaseWhenLost { parameters["release_when_lost_s"] = .number(releaseWhenLost.wholeSeconds) }
        if level != .networkAndRaw { parameters["level"] = .text(level.rawValue) }
        return parameters
    }
}

/// Parameters of `block_address`: drop packets from and to addresses, in input, output and forward.
package struct AddressBlock: Sendable, Hashable {
    package var network: Network
    /// How long; the kernel ends it. Whole seconds, at least one.
    package var duration: Duration
    /// Only packets to these ports, in order and apart; empty for all packets, whatever they carry.
    package var ports: [PortRange]
    package var direction: Direction

    /// Which way packets go, as the host sees it. This is about packets, not about who began a connection: the port is
    /// always the one that a packet goes to, so that answers to other connections are none of its business.
    package enum Direction: String, Sendable, Hashable, CaseIterable {
        /// From the network.
        case inward = "in"
        /// To the network.
        case outward = "out"
        case both
    }

    package init(network: Network, duration: Duration, ports: [PortRange] = [], direction: Direction = .both) {
        self.network = network
        self.duration = duration
        self.ports = PortRange.joined(ports)
        self.direction = direction
    }

    init(_ given: GivenParameters) throws(ActionError) {
        self.init(
            network: try given.network("network"), duration: try given.seconds("duration_s"),
            ports: try given.ports("ports"),
            direction: try given.choice("direction", of: Direction.self, default: .both))
    }

    /// Whether it is about all packets: such blocks are known by their network alone, all others by their order.
    package var isWhole: Bool { ports.isEmpty && direction == .both }

    /// What is blocked, in words: `203.0.113.7, to tcp/22, inward`.
    package var subject: String {
        let to = ports.isEmpty ? "" : ", to \(PortRange.text(ports))"
        let way =
            switch direction {
            case .inward: ", inward"
            case .outward: ", outward"
            case .both: ""
            }
        return "\(network)\(to)\(way)"
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = [
            "network": .text("\(network)"), "duration_s": .number(duration.wholeSeconds),
        ]
        if !ports.isEmpty { parameters["ports"] = .text(PortRange.text(ports)) }
        if direction != .both { parameters["direction"] = .text(direction.rawValue) }
        return parameters
    }
}

extension CatalogueEntry {
    static let isolate = CatalogueEntry(
        kind: .isolate, capability: .network,
        parameters: [
            .duration,
            .optional(
                "release_when_lost_s", .seconds(Isolation.shortestLoss...Parameter.longestDuration),
                "Release earlier, when the agent has not heard the controller for so long; without it the isolation stays."
            ),
            .optional(
                "level", .choice(Isolation.Level.allCases.map(\.rawValue)),
                "Whatever passes through IP, or raw frames too.", usual: Isolation.Level.networkAndRaw.rawValue),
        ],
        precondition: "The host knows an address of its controller.",
        effect:
            "Nothing passes in or out, or forwarded, but loopback, DHCP, neighbour discovery, and the controller for the "
            + "agent's user. What was connected is reset. With raw frames, nothing leaves by packet sockets, macvlans or "
            + "bridge ports either; a kernel before 5.16 cannot stop that, and the proof says so. An isolation that is "
            + "in force is never made weaker.",
        proof:
            "Hash of the rules read back from the kernel; sockets reset; probes: a canary is unreachable, the controller "
            + "is reachable, loopback is alive.",
        openC2:
            "contain device, args.er.device_containment network_isolation, args.x-cordon.level and release_when_lost_s")

    static let release = CatalogueEntry(
        kind: .release, capability: .network, parameters: [], precondition: "",
        effect: "The isolation has ended.", proof: "Its table is gone; a canary that answered before answers again.",
        openC2: "allow device")

    static let blockAddress = CatalogueEntry(
        kind: .blockAddress, capability: .network,
        parameters: [
            .required("network", .network, "An address, or a network in CIDR form."), .duration,
            .optional("ports", .ports, "Only packets to these ports, whichever side has them; otherwise all packets."),
            .optional(
                "direction", .choice(AddressBlock.Direction.allCases.map(\.rawValue)),
                "Only packets from the network (in) or to it (out); otherwise both. A TCP connection needs both.",
                usual: AddressBlock.Direction.both.rawValue),
        ],
        precondition: "",
        effect:
            "Packets from and to the network are dropped in input, output and forward; flows with it are ended. With ports "
            + "or a direction, only those that match: the port is the one that the packet goes to, before or after it is "
            + "translated, and fragments that nobody has put together yet are dropped in that direction. Blocks with other "
            + "ports or another direction live beside each other, at most 256 of them.",
        proof: "Hash of the rules read back from the kernel; sockets reset, flows deleted.",
        openC2: "deny ipv4_net or ipv6_net")

    static let unblockAddress = CatalogueEntry(
        kind: .unblockAddress, capability: .network,
        parameters: [
            .optional("network", .network, "The address or network whose block of all packets is undone."),
            .optional(
                "order", .identifier, "Or the order whose block by ports or direction is undone: one of the two."),
        ],
        precondition: "", effect: "The block has ended; others of the same network stay.",
        proof: "The rules read back from the kernel.",
        openC2: "allow ipv4_net or ipv6_net")
}
