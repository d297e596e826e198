internal import AgentNetlink
internal import CordonOrders

/// The ruleset of sinkholed domains: `table inet cordon_domains`, which rejects DNS queries (RFC 1035) about them.
///
/// Why here and not in files: a block in /etc/hosts knows no subdomains, is not asked by who speaks DNS itself, and stays
/// when the enforcer is dead; systemd-resolved is not on every host, and whoever asks another server passes it. A query is a
/// packet whoever sends it. The kernel has no loop over labels, so there is a rule for each place where the domain's name
/// may begin within the 255 bytes of a name: it takes as many bytes as the domain has, folds the case of letters, and looks
/// them up. A label's length stands before it, so that `notevil.example` is not `evil.example`; and the empty label at the
/// end makes it the end of the name. Case is folded where the domain has a letter and nowhere else: elsewhere it would make
/// a hyphen the same as a label's length of 13, and digits the same as those of 16 to 25. So domains with letters at the
/// same places share their rules.
enum DomainRules {
    static let table = "cordon_domains"
    /// Domains in force at once.
    static let mostDomains = 64
    /// Rules at once. The kernel takes so many in a tenth of a second; 64 domains that share none would make 32,000.
    static let mostRules = 12_000

    /// A domain, and what it has left.
    typealias Domain = (name: DomainName, milliseconds: UInt64)

    /// Bytes of a name at most, and those of a message before its first.
    private static let longestName = 255
    private static let header: UInt32 = 12

    /// How far a kernel can look into a packet.
    enum Reach: Int, CaseIterable {
        /// At every place.
        case everywhere
        /// At the first 256 bytes behind the transport's header (before 6.12).
        case near
        /// The same behind the header of UDP alone (before 5.16).
        case overUDP

        /// What passes for it, for people; `nil` where nothing does.
        var fault: String? {
            switch self {
            case .everywhere: nil
            case .near:
                "the longest names below domains of less than 12 characters pass: this kernel is older than 6.12"
            case .overUDP: "queries over TCP, and those with the longest names, pass: this kernel is older than 5.16"
            }
        }

        /// The next that can do less.
        var less: Reach? { Reach(rawValue: rawValue + 1) }
    }

    /// Sets, chains and rules, after the table itself; none without domains.
    static func messages(_ domains: [Domain], _ reach: Reach) -> [NetlinkMessage] {
        guard !domains.isEmpty else { return [] }
        var groups: [(mask: [UInt8], set: NFTSet)] = []
        var sets: [NetlinkMessage] = []
        let alike = Dictionary(grouping: domains) { mask($0.name) }
        for (mask, domains) in alike.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let elements = domains.map {
                NFTSet.Element(first: zip($0.name.wire, mask).map { $0 & $1 }, milliseconds: $0.milliseconds)
            }
            let set = NFTSet(
                table: table, name: "names\(groups.count)", type: 0, fields: [UInt32(clamping: mask.count)],
                flags: NFT.SetFlag.timeout)
            groups.append((mask, set))
            sets += set.messages(elements, id: UInt32(groups.count))
        }
        var chains: [NetlinkMessage] = []
        // Queries in one chain a transport, so that other packets are asked for their port alone.
        for transport in reach != .overUDP ? ["udp", "tcp"] : ["udp"] {
            chains.append(NFT.newChain(.inet, table: table, transport))
            chains += groups.flatMap { rules($0.mask, $0.set, transport, reach) }
        }
        for (hook, name) in [(NFT.Hook.output, "output"), (.forward, "forward")] {
            chains.append(
                NFT.newChain(
                    .inet, table: table, name, hook: hook, priority: IsolationRules.priority, policy: .accept))
            let udp: [NFT.Expression] = .udp + .destinationPort(53)
            chains.append(NFT.newRule(.inet, table: table, chain: name, udp + [.jump("udp")]))
            guard reach != .overUDP else { continue }
            let tcp: [NFT.Expression] = .tcp + .destinationPort(53)
            chains.append(NFT.newRule(.inet, table: table, chain: name, tcp + [.jump("tcp")]))
        }
        return sets + chains
    }

    /// How many rules look for these domains, at most.
    static func ruleCount(_ names: some Sequence<DomainName>) -> Int {
        Set(names.map(mask)).reduce(0) { $0 + 2 * places($1.count) }
    }

    /// What makes small letters of a name capital, and leaves all else. A label's length is less than any letter.
    private static func mask(_ name: DomainName) -> [UInt8] {
        name.wire.map { (0x61...0x7A).contains($0) ? 0xDF : 0xFF }
    }

    /// Places where so many bytes may begin: all but the second, for a label before it has two bytes at least.
    private static func places(_ length: Int) -> Int { longestName - length }

    /// The rules for names with letters at the same places, one for each place.
    private static func rules(
        _ mask: [UInt8], _ set: NFTSet, _ transport: String, _ reach: Reach
    ) -> [NetlinkMessage] {
        let length = mask.count
        // Over TCP the message's length comes first.
        let start = header + (reach == .overUDP ? 8 : transport == "tcp" ? 2 : 0)
        let places = (0...UInt32(longestName - length)).filter {
            $0 != 1 && (reach == .everywhere || start + $0 <= 255)
        }
        return places.map { place in
            let load = NFT.Expression.load(
                reach == .overUDP ? .transport : .inner, at: start + place, count: UInt32(length))
            // Registers hold 16 bytes each, one behind the other.
            let folds = stride(from: 0, to: length, by: 16).map { first in
                NFT.Expression.mask(Array(mask[first..<min(first + 16, length)]), in: UInt32(1 + first / 16))
            }
            let answer: NFT.Expression = transport == "udp" ? .portUnreachable : .reset
            return NFT.newRule(
                .inet, table: table, chain: transport, [load] + folds + [.lookup(set.name), answer])
        }
    }
}
