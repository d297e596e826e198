internal import AgentNetlink
internal import CordonModel

/// The ruleset of blocked addresses: `table inet cordon_blocks`, with two sets a family, whose elements the kernel ends
/// by itself.
///
/// Single addresses are in hash sets, where one more is a matter of microseconds however many there are. Networks are
/// in interval sets; they are kept few, and are written anew as disjoint intervals when one of them changes.
enum BlockRules {
    static let table = "cordon_blocks"

    enum SetName: String, CaseIterable {
        case hosts4, hosts6, nets4, nets6

        static func of(_ network: Network) -> SetName {
            switch network.address {
            case .v4: network.isSingleAddress ? .hosts4 : .nets4
            case .v6: network.isSingleAddress ? .hosts6 : .nets6
            }
        }

        var isV4: Bool { self == .hosts4 || self == .nets4 }
        var isInterval: Bool { self == .nets4 || self == .nets6 }
    }

    /// One interval or address with what it has left, in milliseconds.
    struct Element: Hashable {
        var first: IPAddress
        var last: IPAddress
        var milliseconds: UInt64
    }

    /// Where packets are looked at, and which end of them: sources before anything translates them, destinations of this
    /// host's own before and of all after that.
    static let hooks: [(NFT.Hook, name: String, priority: Int32, isSource: Bool)] = [
        (.prerouting, "prerouting", -300, true), (.output, "output", IsolationRules.priority, false),
        (.postrouting, "postrouting", IsolationRules.priority, false),
    ]

    /// Loads an address.
    static func address(isSource: Bool, isV4: Bool) -> NFT.Expression {
        .load(.network, at: isV4 ? (isSource ? 12 : 16) : (isSource ? 8 : 24), count: isV4 ? 4 : 16)
    }

    /// Sets, chains and rules, after the table itself.
    static var messages: [NetlinkMessage] {
        SetName.allCases.enumerated().map { newSet($1, id: UInt32($0 + 1)) }
            + hooks.flatMap { hook, name, priority, isSource in
                [NFT.newChain(.inet, table: table, name, hook: hook, priority: priority, policy: .accept)]
                    + SetName.allCases.map { set in
                        let family: [NFT.Expression] = set.isV4 ? .v4 : .v6
                        let lookup = [address(isSource: isSource, isV4: set.isV4), .lookup(set.rawValue)]
                        return NFT.newRule(.inet, table: table, chain: name, family + lookup + .drop)
                    }
            }
    }

    static var ruleCount: Int { NFT.ruleCount(messages) }

    /// Messages that put elements in; a message carries at most 64 KiB of them.
    static func add(_ elements: [Element], to set: SetName) -> [NetlinkMessage] {
        // The largest element, an IPv6 interval, takes 72 bytes.
        stride(from: 0, to: elements.count, by: 800).map { start in
            change(
                .newSetElement, set, elements[start..<min(start + 800, elements.count)],
                flags: NetlinkMessage.Flag.create)
        }
    }

    static func remove(_ elements: [Element], from set: SetName) -> [NetlinkMessage] {
        stride(from: 0, to: elements.count, by: 800).map { start in
            change(.deleteSetElement, set, elements[start..<min(start + 800, elements.count)])
        }
    }

    /// Empties a set.
    static func clear(_ set: SetName) -> NetlinkMessage {
        NFT.message(.deleteSetElement, .inet) {
            $0.put(1, text: table)
            $0.put(2, text: set.rawValue)
        }
    }

    private static func newSet(_ set: SetName, id: UInt32) -> NetlinkMessage {
        NFT.message(.newSet, .inet, flags: NetlinkMessage.Flag.create) {
            $0.put(1, text: table)
            $0.put(2, text: set.rawValue)
            $0.put(3, big: set.isInterval ? NFT.SetFlag.interval | NFT.SetFlag.timeout : NFT.SetFlag.timeout)
            // nft's own numbers of ipv4_addr and ipv6_addr, so that `nft list` shows addresses.
            $0.put(4, big: UInt32(set.isV4 ? 7 : 8))
            $0.put(5, big: UInt32(set.isV4 ? 4 : 16))
            $0.put(10, big: id)
        }
    }

    private static func change(
        _ kind: NFT.Message, _ set: SetName, _ elements: ArraySlice<Element>, flags: UInt16 = 0
    ) -> NetlinkMessage {
        NFT.message(kind, .inet, flags: flags) {
            $0.put(1, text: table)
            $0.put(2, text: set.rawValue)
            $0.nest(3) { list in
                for element in elements {
                    put(element.first.bytes, end: false, element.milliseconds, adding: kind == .newSetElement, &list)
                    // An interval ends before its end; one that reaches the last address has no end.
                    if set.isInterval, let after = element.last.next {
                        put(after.bytes, end: true, 0, adding: false, &list)
                    }
                }
            }
        }
    }

    private static func put(
        _ key: [UInt8], end: Bool, _ milliseconds: UInt64, adding: Bool, _ list: inout AttributeWriter
    ) {
        list.nest(1) {
            if end { $0.put(3, big: UInt32(1)) }
            $0.nest(1) { $0.put(1, key) }
            if adding { $0.put(4, big: milliseconds) }
        }
    }
}

extension IPAddress {
    /// The address after it; `nil` for the last of its family.
    var next: IPAddress? {
        switch self {
        case .v4(let word): word == .max ? nil : .v4(word + 1)
        case .v6(let high, let low):
            low == .max ? (high == .max ? nil : .v6(high: high + 1, low: 0)) : .v6(high: high, low: low + 1)
        }
    }

    /// The address before it; `nil` for the first of its family.
    var previous: IPAddress? {
        switch self {
        case .v4(let word): word == 0 ? nil : .v4(word - 1)
        case .v6(let high, let low):
            low == 0 ? (high == 0 ? nil : .v6(high: high - 1, low: .max)) : .v6(high: high, low: low - 1)
        }
    }
}
