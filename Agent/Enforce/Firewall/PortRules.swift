internal import AgentNetlink
internal import CordonModel
internal import CordonOrders

/// The ruleset of blocks by port or direction: `table inet cordon_ports`, written anew when one of them changes.
///
/// Blocks may overlap in any way; elements of one of the kernel's sets may not. So they are cut into boxes that are apart
/// (`PortBoxes`). The kernel ends each by itself.
///
/// What comes from a network is looked at as it arrives and again as it was translated, what goes to it before it is
/// translated and as it leaves. A fragment has no ports: where ports are blocked, those that nobody has put together are
/// dropped, or a packet could pass in parts.
enum PortRules {
    static let table = "cordon_ports"
    /// Blocks in force at once.
    static let mostBlocks = 256
    /// Boxes that they may be cut into, at worst: building them holds the enforcer up.
    static let mostBoxes = 1 << 18

    /// A block, and what it has left.
    struct Block: Sendable, Equatable {
        var network: Network
        var ports: [PortRange]
        var direction: AddressBlock.Direction
        var milliseconds: UInt64
    }

    /// Sets, chains and rules, after the table itself; none without blocks.
    static func messages(_ blocks: [Block]) -> [NetlinkMessage] {
        guard !blocks.isEmpty else { return [] }
        var sets: [NetlinkMessage] = []
        var chains: [NetlinkMessage] = []
        for side in Side.allCases {
            var rules: [[NFT.Expression]] = []
            for isV4 in [true, false] {
                let meant = blocks.filter { ($0.network.address.width == 32) == isV4 && side.has($0.direction) }
                let part = Part(side: side, isV4: isV4, blocks: meant)
                for (set, elements) in part.sets where !elements.isEmpty {
                    sets += set.messages(elements, id: UInt32(sets.count + 1))
                }
                rules += part.rules
            }
            for (hook, name, priority) in side.hooks where !rules.isEmpty {
                chains.append(
                    NFT.newChain(.inet, table: table, name, hook: hook, priority: priority, policy: .accept))
                chains += rules.map { NFT.newRule(.inet, table: table, chain: name, $0) }
            }
        }
        return sets + chains
    }

    /// Which end of a packet is looked at.
    private enum Side: String, CaseIterable {
        case source, destination

        func has(_ direction: AddressBlock.Direction) -> Bool {
            direction == .both || direction == (self == .source ? .inward : .outward)
        }

        var hooks: [(NFT.Hook, String, Int32)] {
            let priority = IsolationRules.priority
            return switch self {
            case .source:
                [
                    (.prerouting, "prerouting", -300), (.input, "input", priority),
                    (.forward, "forward_source", priority),
                ]
            case .destination: [(.output, "output", priority), (.postrouting, "postrouting", priority)]
            }
        }
    }

    /// The sets and rules of one side and family.
    private struct Part {
        let side: Side
        let isV4: Bool
        let blocks: [Block]

        private var withPorts: [Block] { blocks.filter { !$0.ports.isEmpty } }

        private func networks(_ name: String) -> NFTSet {
            NFTSet.intervals("\(side.rawValue)_\(name)\(isV4 ? 4 : 6)", of: table, isV4: isV4, lasting: false)
        }

        private var all: NFTSet { networks("all") }
        private var fragments: NFTSet { networks("parts") }
        private var ports: NFTSet {
            NFTSet(
                table: table, name: "\(side.rawValue)_ports\(isV4 ? 4 : 6)",
                type: NFTSet.KeyType.flow(isV4 ? NFTSet.KeyType.address4 : NFTSet.KeyType.address6),
                fields: [isV4 ? 4 : 16, 1, 2],
                flags: NFT.SetFlag.interval | NFT.SetFlag.timeout | NFT.SetFlag.concatenation)
        }

        var sets: [(NFTSet, [NFTSet.Element])] {
            [
                (all, Self.intervals(blocks.filter(\.ports.isEmpty))), (fragments, Self.intervals(withPorts)),
                (ports, PortBoxes.disjoint(withPorts).map(Self.element)),
            ]
        }

        private static func intervals(_ blocks: [Block]) -> [NFTSet.Element] {
            NFTSet.elements(IntervalUnion.disjoint(blocks.map { ($0.network, $0.milliseconds) }))
        }

        private static func element(_ box: PortBoxes.Box) -> NFTSet.Element {
            NFTSet.Element(
                first: key(box.first, box.ports.transport, box.ports.first),
                last: key(box.last, box.ports.transport, box.ports.last), milliseconds: box.milliseconds)
        }

        private static func key(_ address: IPAddress, _ transport: PortRange.Transport, _ port: UInt16) -> [UInt8] {
            address.bytes + [transport.number, 0, 0, 0, UInt8(port >> 8), UInt8(truncatingIfNeeded: port), 0, 0]
        }

        var rules: [[NFT.Expression]] {
            var rules: [[NFT.Expression]] = []
            let family: [NFT.Expression] = isV4 ? .v4 : .v6
            let address = BlockRules.address(isSource: side == .source, isV4: isV4)
            if blocks.contains(where: \.ports.isEmpty) {
                rules.append(family + [address, .lookup(all.name)] + .drop)
            }
            guard !withPorts.isEmpty else { return rules }
            // The registers behind the address.
            let next: UInt32 = isV4 ? 9 : 12
            let key: [NFT.Expression] = [
                .meta(.transport, into: next), .load(.transport, at: 2, count: 2, into: next + 1), address,
            ]
            rules.append(family + key + [.lookup(ports.name)] + .drop)
            let part: [NFT.Expression] = family + .isFragment(isV4: isV4)
            rules.append(part + [address, .lookup(fragments.name)] + .drop)
            return rules
        }
    }
}

/// Blocks by port that may overlap, cut into boxes that do not.
enum PortBoxes {
    /// An interval of addresses and one of ports, and what it has left.
    struct Box: Equatable {
        var first: IPAddress
        var last: IPAddress
        var ports: PortRange
        var milliseconds: UInt64
    }

    /// The boxes of blocks of one family, each lasting as long as the longest block over it.
    static func disjoint(_ blocks: [PortRules.Block]) -> [Box] {
        // Where the blocks that hold an address may change. CIDR networks nest or are apart.
        var starts = Set(blocks.map(\.network.address))
        starts.formUnion(blocks.compactMap(\.network.last.next))
        let sorted = starts.sorted()
        return sorted.indices.flatMap { index -> [Box] in
            let first = sorted[index]
            let over = blocks.filter { $0.network.contains(first) }
            guard let narrowest = over.map(\.network.last).min() else { return [] }
            let last = index + 1 < sorted.count ? sorted[index + 1].previous ?? narrowest : narrowest
            return ports(over).map { Box(first: first, last: last, ports: $0.ports, milliseconds: $0.milliseconds) }
        }
    }

    /// The ports of blocks over the same addresses, apart.
    private static func ports(_ blocks: [PortRules.Block]) -> [(ports: PortRange, milliseconds: UInt64)] {
        var result: [(ports: PortRange, milliseconds: UInt64)] = []
        for transport in PortRange.Transport.allCases {
            let ranges = blocks.flatMap { block in
                block.ports.filter { $0.transport == transport }.map { (range: $0, left: block.milliseconds) }
            }
            let starts = Set(ranges.flatMap { [Int($0.range.first), Int($0.range.last) + 1] }).sorted()
            for (first, next) in zip(starts, starts.dropFirst()) {
                let over = ranges.filter { Int($0.range.first) <= first && first <= Int($0.range.last) }
                guard let longest = over.map(\.left).max(),
                    let ports = PortRange(transport, UInt16(clamping: first), UInt16(clamping: next - 1))
                else { continue }
                result.append((ports, longest))
            }
        }
        return result
    }
}
