internal import CordonModel
internal import CordonOrders

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
