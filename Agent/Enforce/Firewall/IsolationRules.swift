internal import AgentNetlink
internal import CordonModel

/// The ruleset of an isolated host: `table inet cordon_isolation` and, against raw sockets, `table netdev
/// cordon_isolation`.
///
/// What may pass: loopback; TCP between the agent's own user and the controllers; DHCP by broadcast; neighbour
/// discovery on the link. Nothing looks at connection tracking, so nothing depends on its being loaded or on its memory
/// of flows that began before: "established" means "not the first packet of a connection".
///
/// Levels, honestly:
/// - Sockets of any kind that pass through IP (TCP, UDP, ICMP, raw IP, of any user): stopped by the output chain. The
///   hole to
///   the controller is bound to the user id, not to the port. Root can become that user; then it reaches the
/// controller's
///   address and port, and no other.
/// - Packet sockets (AF_PACKET), macvlan and bridge ports: stopped by an egress chain on each interface but loopback,
///   where the kernel has it (5.16); also for those that pass the queues by (PACKET_QDISC_BYPASS).
/// - Root that uses AF_XDP, moves the interface into another network
///   namespace,
///   or loads a module passes: no table of the same kernel stops that. Frames can also be hidden in ARP on the local
/// link.
struct IsolationRules: Sendable, Hashable {
    static let table = "cordon_isolation"
    /// After defragmentation and early: a drop at any priority is final. Above -200, so that a rule that an
    /// administrator adds to look at connection tracking finds it filled in.
    static let priority: Int32 = -150

    var controllers: [Endpoint]
    /// The user id of the unprivileged half.
    var agentUser: UInt32
    /// Every interface but loopback, in the order of their names; empty where the kernel has no egress hook.
    var interfaces: [String]

    /// Interfaces that are closed at most; those of hardware first.
    static let mostInterfaces = 4096

    /// All messages after the tables themselves.
    var messages: [NetlinkMessage] {
        inputChain + outputChain + forwardChain
            + (interfaces.isEmpty ? [] : keptChain + interfaces.flatMap(egressChain))
    }

    /// How many rules there are: what a read-back must find.
    var ruleCount: Int { NFT.ruleCount(messages) }

    private func chain(_ name: String, _ hook: NFT.Hook, _ rules: [[NFT.Expression]]) -> [NetlinkMessage] {
        let chain = NFT.newChain(
            .inet, table: Self.table, name, hook: hook, priority: Self.priority, policy: .drop)
        return [chain] + rules.map { NFT.newRule(.inet, table: Self.table, chain: name, $0) }
    }

    private var inputChain: [NetlinkMessage] {
        var rules: [[NFT.Expression]] = [.fromLoopback + .accept]
        for controller in controllers {
            let from: [NFT.Expression] = .family(controller.address) + .source(controller.address) + .tcp
            rules.append(from + .sourcePort(controller.port) + .notFirstOfConnection + .accept)
            rules.append(tooBig(controller.address))
        }
        // 134: router advertisement.
        for type in neighbourTypes + [134] {
            let start: [NFT.Expression] = .v6 + .icmp6
            rules.append(start + .messageType(type) + .fromLink + .accept)
        }
        let dhcp4: [NFT.Expression] = .v4 + .udp + .ports(from: 67, to: 68)
        let dhcp6: [NFT.Expression] = .v6 + .udp + .ports(from: 547, to: 546)
        rules.append(dhcp4 + .accept)
        rules.append(dhcp6 + .source6([0xFE, 0x80], mask: [0xFF, 0xC0]) + .accept)
        return chain("input", .input, rules)
    }

    /// A router's word that packets to the controller are too long for it; without this a path with a smaller MTU goes
    /// dark. The packet complained of is inside: its destination must be the controller.
    private func tooBig(_ controller: IPAddress) -> [NFT.Expression] {
        let bytes = controller.bytes
        let isV4 = controller.width == 32
        var rule: [NFT.Expression] = isV4 ? .v4 : .v6
        rule += isV4 ? .icmp : .icmp6
        // Type 3, code 4; or type 2.
        rule.append(.load(.transport, at: 0, count: isV4 ? 2 : 1))
        rule.append(.compare(isV4 ? [3, 4] : [2]))
        rule.append(.load(.transport, at: isV4 ? 24 : 32, count: UInt32(bytes.count)))
        rule.append(.compare(bytes))
        return rule + .accept
    }

    private var outputChain: [NetlinkMessage] {
        var rules: [[NFT.Expression]] = [.toLoopback + .accept]
        rules += kept(inet: true)
        // Tells local sockets at once that their connections are gone.
        rules.append(.tcp + [.reset])
        return chain("output", .output, rules)
    }

    private var forwardChain: [NetlinkMessage] { chain("forward", .forward, [.tcp + [.reset]]) }

    private func egressChain(_ interface: String) -> [NetlinkMessage] {
        let name = Self.chainName(interface)
        let chain = NFT.newChain(
            .netdev, table: Self.table, name, hook: .egress(device: interface), priority: Self.priority, policy: .drop)
        return [chain, NFT.newRule(.netdev, table: Self.table, chain: name, [.jump(Self.keptName)])]
    }

    /// What may leave by any interface, once for all of them: there may be thousands.
    private var keptChain: [NetlinkMessage] {
        // ARP; and what keeps links up: EAPOL (802.1X) and the slow protocols of bonds (802.3ad).
        let link: [[NFT.Expression]] = [0x0806, 0x888E, 0x8809].map { .ethertype($0) + .accept }
        return [NFT.newChain(.netdev, table: Self.table, Self.keptName)]
            + (link + kept(inet: false)).map { NFT.newRule(.netdev, table: Self.table, chain: Self.keptName, $0) }
    }

    private static let keptName = "kept"

    /// Interface names may hold characters that chain names may not.
    static func chainName(_ interface: String) -> String { "egress_" + HexDigit.text(Array(interface.utf8)) }

    /// The interface of a chain's name.
    static func interface(ofChain name: String) -> String? {
        guard name.hasPrefix("egress_") else { return nil }
        return HexDigit.bytes(String(name.dropFirst(7))).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What may leave by an interface, in the terms of an inet or a netdev table.
    private func kept(inet: Bool) -> [[NFT.Expression]] {
        let v4: [NFT.Expression] = inet ? .v4 : .ethertype(0x0800)
        let v6: [NFT.Expression] = inet ? .v6 : .ethertype(0x86DD)
        var rules: [[NFT.Expression]] = []
        for controller in controllers {
            var rule: [NFT.Expression] = .user(agentUser)
            rule += controller.address.width == 32 ? v4 : v6
            rule += .destination(controller.address)
            rule += .tcp
            rule += .destinationPort(controller.port)
            rules.append(rule + .accept)
        }
        // Resets of the kernel's own reject expression, which no socket sent: they tell both ends of a forwarded
        // connection.
        rules.append(.tcp + .resetFlag + .fromSocket + .drop)
        rules.append(.tcp + .resetFlag + .accept)
        // DHCP asks by broadcast or multicast only: a unicast renewal would be a hole to any address, and clients
        // that get no answer to it ask by broadcast (RFC 2131 §4.4.5).
        let dhcp4: [NFT.Expression] = v4 + .udp + .ports(from: 68, to: 67)
        let dhcp6: [NFT.Expression] = v6 + .udp + .ports(from: 546, to: 547)
        rules.append(dhcp4 + .destination(.v4(.max)) + .accept)
        let allServers: [UInt8] = [0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2]
        rules.append(dhcp6 + .destination6(allServers, mask: [UInt8](repeating: 0xFF, count: 16)) + .accept)
        rules += neighbourDiscovery(v6)
        return rules
    }

    /// Neighbour solicitation and advertisement.
    private var neighbourTypes: [UInt8] { [135, 136] }

    /// Neighbour discovery to the link and to the controllers, never to addresses beyond.
    private func neighbourDiscovery(_ v6: [NFT.Expression]) -> [[NFT.Expression]] {
        var targets: [[NFT.Expression]] = [
            .destination6([0xFF, 0x02], mask: [0xFF, 0xFF]), .destination6([0xFE, 0x80], mask: [0xFF, 0xC0]),
        ]
        targets += controllers.filter { $0.address.width == 128 }.map { .destination($0.address) }
        return targets.flatMap { target in
            // 133: router solicitation.
            ([133] + neighbourTypes).map { type in
                let start: [NFT.Expression] = v6 + target + .icmp6
                return start + .messageType(type) + .fromLink + .accept
            }
        }
    }
}
