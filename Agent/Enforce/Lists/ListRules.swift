internal import AgentNetlink
internal import CordonModel
internal import CordonOrders

/// The ruleset of one list of networks: a table of its own, so that another list takes its place in one transaction and
/// nothing else is touched.
///
/// The networks are intervals that do not end; what ends is the one element of the set `lasts`, which every rule asks for
/// first. So a list of 100,000 ends at once, by the kernel, and gets another end by one element.
enum ListRules {
    private static let prefix = "cordon_list_"
    /// Lists in force at once.
    static let mostLists = 16

    static func table(_ name: String) -> String { prefix + name }

    /// The list's name, of a table of ours; `nil` of any other.
    static func name(ofTable table: String) -> String? {
        table.hasPrefix(prefix) ? String(table.dropFirst(prefix.count)) : nil
    }

    /// Sets, chains and rules, after the table itself.
    static func messages(_ list: AddressList, named name: String, milliseconds: UInt64) -> [NetlinkMessage] {
        let table = table(name)
        let lasts = NFTSet(
            table: table, name: "lasts", type: NFTSet.KeyType.mark, fields: [4], flags: NFT.SetFlag.timeout)
        var sets = lasts.messages([.init(first: Self.mark, milliseconds: milliseconds)], id: 1)
        var families: [(isV4: Bool, set: NFTSet)] = []
        let networks = list.networks
        for isV4 in [true, false] {
            let intervals = intervals(networks.filter { ($0.address.width == 32) == isV4 })
            guard !intervals.isEmpty else { continue }
            let set = NFTSet.intervals(isV4 ? "nets4" : "nets6", of: table, isV4: isV4, lasting: true)
            sets += set.messages(NFTSet.elements(intervals, lasting: true), id: isV4 ? 2 : 3)
            families.append((isV4, set))
        }
        let chains = BlockRules.hooks.flatMap { hook, name, priority, isSource in
            [NFT.newChain(.inet, table: table, name, hook: hook, priority: priority, policy: .accept)]
                + families.map { isV4, set in
                    let family: [NFT.Expression] = isV4 ? .v4 : .v6
                    let lookups: [NFT.Expression] = [
                        BlockRules.address(isSource: isSource, isV4: isV4), .lookup(set.name), .constant(Self.mark),
                        .lookup(lasts.name),
                    ]
                    return NFT.newRule(.inet, table: table, chain: name, family + lookups + .drop)
                }
        }
        return sets + chains
    }

    private static let mark: [UInt8] = [1, 0, 0, 0]

    /// Networks that are in order and apart, those that touch made one.
    private static func intervals(_ networks: [Network]) -> [BlockRules.Element] {
        var intervals: [BlockRules.Element] = []
        intervals.reserveCapacity(networks.count)
        for network in networks {
            if let top = intervals.last, top.last.next == network.address {
                intervals[intervals.count - 1].last = network.last
            } else {
                intervals.append(.init(first: network.address, last: network.last, milliseconds: 0))
            }
        }
        return intervals
    }
}
