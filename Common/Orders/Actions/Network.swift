package import CordonModel

/// Parameters of `isolate`: cut the host off the network, save loopback, DHCP, neighbour discovery and the controller for
/// the agent's own user.
package struct Isolation: Sendable, Hashable {
    /// How long; the host releases itself afterwards. Whole seconds, at least one.
    package var duration: Duration

    package init(duration: Duration) { self.duration = duration }

    init(_ given: GivenParameters) throws(ActionError) { duration = try given.seconds("duration_s") }

    var parameters: [String: FieldValue] { ["duration_s": .number(duration.wholeSeconds)] }
}

/// Parameters of `block_address`: drop packets from and to addresses, in input, output and forward.
package struct AddressBlock: Sendable, Hashable {
    package var network: Network
    /// How long; the kernel ends it. Whole seconds, at least one.
    package var duration: Duration

    package init(network: Network, duration: Duration) {
        self.network = network
        self.duration = duration
    }

    init(_ given: GivenParameters) throws(ActionError) {
        network = try given.network("network")
        duration = try given.seconds("duration_s")
    }

    var parameters: [String: FieldValue] {
        ["network": .text("\(network)"), "duration_s": .number(duration.wholeSeconds)]
    }
}

extension CatalogueEntry {
    private static let networks = Parameter.required("network", .network, "An address, or a network in CIDR form.")

    static let isolate = CatalogueEntry(
        kind: .isolate, capability: .network, parameters: [.duration],
        precondition: "The host knows an address of its controller.",
        effect:
            "Nothing passes in or out, forwarded or raw, but loopback, DHCP, neighbour discovery, and the controller "
            + "for the agent's user. What was connected is reset.",
        proof:
            "Hash of the rules read back from the kernel; sockets reset; probes: a canary is unreachable, the controller "
            + "is reachable, loopback is alive.",
        openC2: "contain device, args.er.device_containment network_isolation")

    static let release = CatalogueEntry(
        kind: .release, capability: .network, parameters: [], precondition: "",
        effect: "The isolation has ended.", proof: "Its table is gone; a canary that answered before answers again.",
        openC2: "allow device")

    static let blockAddress = CatalogueEntry(
        kind: .blockAddress, capability: .network, parameters: [networks, .duration], precondition: "",
        effect: "Packets from and to the network are dropped in input, output and forward; flows with it are ended.",
        proof: "Hash of the rules read back from the kernel; sockets reset, flows deleted.",
        openC2: "deny ipv4_net or ipv6_net")

    static let unblockAddress = CatalogueEntry(
        kind: .unblockAddress, capability: .network, parameters: [networks], precondition: "",
        effect: "The block has ended.", proof: "The rules read back from the kernel.",
        openC2: "allow ipv4_net or ipv6_net")
}
