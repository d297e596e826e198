internal import CordonModel
internal import CordonOrders

/// What of the network may be blocked.
extension LocalPolicy {
    func checkBlock(_ block: AddressBlock, at host: Surroundings) throws(Refusal) {
        try checkBlockLength(block.duration)
        try checkNetworks(ApartNetworks([block.network]), at: host)
        if !block.isWhole { try checkPorts(block, at: host) }
        try checkCount(1, host.blockCount + host.lists.values.reduce(0, +))
    }

    /// Blocks that overlap are cut into boxes that do not: as many, at worst, as there are ends of networks times ends of
    /// ranges.
    private func checkPorts(_ block: AddressBlock, at host: Surroundings) throws(Refusal) {
        let (count, ranges) = (host.partBlocks.count + 1, host.partBlocks.ranges + max(1, block.ports.count))
        guard count <= PortRules.mostBlocks, 2 * count * 2 * ranges <= PortRules.mostBoxes else {
            throw Refusal(
                "built-in: blocks by port",
                "With \(host.partBlocks.count) blocks by port or direction, of \(host.partBlocks.ranges) ranges, in force "
                    + "there is no room for this one: end some, or name fewer ranges.")
        }
    }

    func checkList(_ block: AddressListBlock, at host: Surroundings) throws(Refusal) {
        try checkBlockLength(block.duration)
        let others = host.lists.filter { $0.key != block.name }
        guard others.count < ListRules.mostLists else {
            throw Refusal("built-in: lists", "\(others.count) other lists are in force, the most.")
        }
        try checkCount(block.list.count, host.blockCount + others.values.reduce(0, +))
        try checkNetworks(ApartNetworks(block.list.networks), at: host)
    }

    private func checkBlockLength(_ duration: Duration) throws(Refusal) {
        guard duration <= longestBlock.value else {
            throw Refusal(
                "longest_block", longestBlock,
                "This host's policy blocks for at most \(longestBlock.value.spelled), not \(duration.spelled).")
        }
    }

    private func checkCount(_ more: Int, _ before: Int) throws(Refusal) {
        guard before + more <= mostBlocks.value else {
            throw Refusal(
                "most_blocks", mostBlocks,
                "\(before) networks are blocked; with \(more) more they are more than the \(mostBlocks.value) that this "
                    + "host's policy allows.")
        }
    }

    /// Throws for the first network that touches what is never blocked, or is too wide.
    private func checkNetworks(_ networks: ApartNetworks, at host: Surroundings) throws(Refusal) {
        for (name, list) in Self.neverBlocked {
            for kept in list {
                guard let hit = networks.first(touching: kept) else { continue }
                throw Refusal("built-in: \(name)", "\(hit) touches \(kept) (\(name)), which is never blocked.")
            }
        }
        let groups: [(String, [IPAddress])] = [
            ("own address", host.own.sorted()), ("default gateway", host.gateways.sorted()),
            ("resolver", host.resolvers.sorted()), ("controller", host.controllers.map(\.address)),
        ]
        for (name, addresses) in groups {
            for kept in addresses {
                guard let hit = networks.first(touching: Network(kept)) else { continue }
                throw Refusal("built-in: \(name)", "\(hit) holds \(kept), this host's \(name), which is never blocked.")
            }
        }
        for (width, name, widest) in [
            (32, "widest_block_ipv4", widestBlockIPv4), (128, "widest_block_ipv6", widestBlockIPv6),
        ] {
            guard let wide = networks.first(width: width, widerThan: widest.value) else { continue }
            throw Refusal(
                name, widest, "This host's policy blocks networks of at most /\(widest.value); \(wide) was asked.")
        }
        for kept in protectedAddresses.value {
            guard let hit = networks.first(touching: kept) else { continue }
            throw Refusal(
                "protected_addresses", protectedAddresses,
                "\(hit) touches \(kept), which this host's policy protects.")
        }
    }

    private static let neverBlocked: [(String, [Network])] = [
        ("loopback", ["127.0.0.0/8", "::1"].compactMap { Network($0) }),
        ("unspecified", ["0.0.0.0/8", "::"].compactMap { Network($0) }),
        ("link-local", ["169.254.0.0/16", "fe80::/10"].compactMap { Network($0) }),
        ("multicast and broadcast", ["224.0.0.0/4", "255.255.255.255", "ff00::/8"].compactMap { Network($0) }),
    ]
}

/// Networks in order and apart, of which one is found without looking at each.
struct ApartNetworks {
    private let networks: [Network]

    /// - Parameter networks: In order, apart from each other: of a list, or one alone.
    init(_ networks: [Network]) { self.networks = networks }

    /// The network that holds the address.
    func contains(_ address: IPAddress) -> Bool {
        let behind = firstBehind(address)
        return behind > 0 && networks[behind - 1].contains(address)
    }

    /// The first that shares an address with another.
    func first(touching other: Network) -> Network? {
        let behind = firstBehind(other.address)
        if behind > 0, networks[behind - 1].overlaps(other) { return networks[behind - 1] }
        return behind < networks.count && networks[behind].overlaps(other) ? networks[behind] : nil
    }

    func first(width: Int, widerThan prefix: Int) -> Network? {
        networks.first { $0.prefix < prefix && $0.address.width == width }
    }

    /// Where those begin whose first address is behind this one.
    private func firstBehind(_ address: IPAddress) -> Int {
        var (low, high) = (0, networks.count)
        while low < high {
            let middle = (low + high) / 2
            if networks[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
