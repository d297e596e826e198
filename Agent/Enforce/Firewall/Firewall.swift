internal import AgentNetlink
internal import CordonModel
internal import CordonTrust

/// Our nf_tables tables, through the one socket that owns them.
struct Firewall: Sendable {
    private var channel: NetlinkChannel
    /// Whether the kernel takes tables that only their owner may change and that outlive it (kernel 6.9).
    let ownsTables: Bool
    /// Whether packets can be dropped as they leave an interface (kernel 5.16).
    private(set) var hasEgress = true
    /// It has been done: no answer of the kernel means any more that it cannot.
    private var isEgressProven = false

    /// Opens the socket and asks the kernel what it can do.
    init() throws(EnforceError) {
        do {
            try self.init(socket: NetlinkSocket(protocol: NetlinkProtocol.netfilter))
        } catch {
            throw Self.unavailable(error)
        }
    }

    init(socket: any ByteSocket) {
        channel = NetlinkChannel(socket)
        let name = "cordon_probe"
        let probe = [
            NFT.newTable(.inet, name, flags: NFT.TableFlag.owner | NFT.TableFlag.persist), NFT.deleteTable(.inet, name),
        ]
        ownsTables = (try? channel.perform(NFT.batch(probe), acknowledgeLast: probe.count)) != nil
    }

    private var tableFlags: UInt32 { ownsTables ? NFT.TableFlag.owner | NFT.TableFlag.persist : 0 }

    /// Puts the isolation in force in one transaction, replacing what there was. Returns the rules as they are in
    /// force: without egress chains where the kernel has none. Where it refuses them for now, the network is cut all the
    /// same, chains of interfaces that there are stay as they are, and the error comes back beside: it is to be tried again.
    /// - Parameter listed: Lists the interfaces anew: one of those wanted may have gone away meanwhile.
    mutating func isolate(
        _ wanted: IsolationRules, listed: () -> [String]
    ) throws(EnforceError) -> (rules: IsolationRules, refused: EnforceError?) {
        var rules = wanted
        if !hasEgress { rules.interfaces = [] }
        do {
            try replaceIsolation(&rules, listed: listed)
            return (rules, nil)
        } catch {
            guard !rules.interfaces.isEmpty else { throw Self.failed("isolation", error) }
            let refused = Self.failed("what stops raw sockets", error)
            rules.interfaces = []
            do {
                if Self.unknown.contains(error.number), !isEgressProven,
                    (try? readClosedInterfaces())?.isEmpty == true
                {
                    hasEgress = false
                    try replace(IsolationRules.table, [.inet], with: rules.messages)
                    return (rules, nil)
                }
                try replace(IsolationRules.table, [.inet], among: [.inet], with: rules.messages)
            } catch {
                throw Self.failed("isolation", error)
            }
            rules.interfaces = closedInterfaces()
            return (rules, refused)
        }
    }

    /// What a kernel says of hooks and families that it does not know: EOPNOTSUPP and EAFNOSUPPORT.
    private static let unknown: Set<Int32> = [95, 97]
    /// How often interfaces are listed anew in the end.
    private static let listings = 5

    /// Where an interface has gone away since it was listed (ENOENT), they are listed again; at last those are closed that
    /// were there each time, so that one that comes and goes keeps none of the others open.
    private mutating func replaceIsolation(_ rules: inout IsolationRules, listed: () -> [String]) throws(NetlinkError) {
        var steady = Set(rules.interfaces)
        for left in (0...Self.listings).reversed() {
            do {
                try replace(
                    IsolationRules.table, rules.interfaces.isEmpty ? [.inet] : [.inet, .netdev], with: rules.messages)
                if !rules.interfaces.isEmpty { isEgressProven = true }
                return
            } catch  where error.number == 2 && left > 0 && !rules.interfaces.isEmpty {
                let now = listed()
                steady.formIntersection(now)
                // Never fewer because they change all the time.
                guard !steady.isEmpty else { throw error }
                rules.interfaces = left > 1 ? now : now.filter { steady.contains($0) }
            }
        }
    }

    /// Takes the isolation away; nothing to do when there is none.
    mutating func release() throws(EnforceError) {
        do {
            var messages: [NetlinkMessage] = []
            for family in [NFT.Family.inet, .netdev] where try exists(family, IsolationRules.table) {
                messages.append(NFT.deleteTable(family, IsolationRules.table))
            }
            if !messages.isEmpty { try transact(messages) }
        } catch {
            throw Self.failed("release", error)
        }
    }

    /// Puts the table of blocks in place with these blocks, replacing what there was.
    mutating func replaceBlocks(_ blocks: [(network: Network, milliseconds: UInt64)]) throws(EnforceError) {
        do {
            try replace(BlockRules.table, [.inet], with: BlockRules.messages + Self.additions(blocks))
        } catch {
            throw Self.failed("block", error)
        }
    }

    /// Adds blocks of single addresses; the table must be there. `known` are in the kernel already and get the new
    /// time.
    mutating func addHosts(
        _ blocks: [(network: Network, milliseconds: UInt64)], known: [Network]
    ) throws(EnforceError) {
        do {
            try transact(Self.removals(known) + Self.additions(blocks))
        } catch  where error.number == 2 && !known.isEmpty {
            // One of the known ended in between: a second attempt without asking for their removal first.
            do {
                try transact(Self.additions(blocks))
            } catch {
                throw Self.failed("block", error)
            }
        } catch {
            throw Self.failed("block", error)
        }
    }

    /// Ends blocks of single addresses; those that are not there are left alone.
    mutating func removeHost(_ network: Network) throws(EnforceError) {
        do {
            try transact(Self.removals([network]))
        } catch  where error.number == 2 {
            return
        } catch {
            throw Self.failed("unblock", error)
        }
    }

    /// Writes the networks of a family anew.
    mutating func replaceNetworks(
        _ networks: [(network: Network, milliseconds: UInt64)], in set: BlockRules.SetName
    ) throws(EnforceError) {
        do {
            try transact([BlockRules.clear(set)] + BlockRules.add(IntervalUnion.disjoint(networks), to: set))
        } catch {
            throw Self.failed("block", error)
        }
    }

    /// Takes the table of blocks away.
    mutating func dropBlocks() throws(EnforceError) {
        do {
            if try exists(.inet, BlockRules.table) { try transact([NFT.deleteTable(.inet, BlockRules.table)]) }
        } catch {
            throw Self.failed("unblock", error)
        }
    }

    /// Puts an inet table in place as a whole, replacing what there was; without messages takes it away.
    mutating func replaceTable(_ name: String, with messages: [NetlinkMessage], doing what: String) throws(EnforceError)
    {
        do {
            if !messages.isEmpty {
                try replace(name, [.inet], with: messages)
            } else if try exists(.inet, name) {
                try transact([NFT.deleteTable(.inet, name)])
            }
        } catch {
            throw Self.failed(what, error)
        }
    }

    // MARK: - What is in force

    /// What the kernel holds of a table: how many chains and rules, and a hash over all of it but counters and element
    /// lists.
    struct ReadBack: Sendable, Equatable {
        var chains = 0
        var rules = 0
        var hash = ""
        var closed = Closed()

        /// Chains that drop what none of their rules lets pass.
        struct Closed: Sendable, Equatable {
            /// Of the whole host: what comes in, goes out, is passed on.
            var hooks = 0
            /// Interfaces that have one.
            var interfaces: Set<String> = []
        }
    }

    /// Reads a table back, of both families.
    mutating func readBack(_ table: String) throws(EnforceError) -> ReadBack {
        var result = ReadBack()
        var content: [UInt8] = []
        do {
            for family in [NFT.Family.inet, .netdev] {
                guard try exists(family, table) else { continue }
                for kind in [NFT.Message.getChain, .getRule, .getSet] {
                    for message in try channel.dump(Self.list(kind, family, table)) {
                        let attributes = Attribute.parse(message.payload.dropFirst(4))
                        guard attributes[type: 1]?.text == table else { continue }
                        if kind == .getChain {
                            result.chains += 1
                            // Hook, policy.
                            if let hook = attributes[type: 4]?.value,
                                attributes[type: 5]?.value.allSatisfy({ $0 == 0 }) == true
                            {
                                if family == .inet { result.closed.hooks += 1 }
                                // Its device.
                                if let name = Attribute.parse(hook)[type: 3]?.text {
                                    result.closed.interfaces.insert(name)
                                }
                            }
                        }
                        if kind == .getRule { result.rules += 1 }
                        content += [family.rawValue, UInt8(truncatingIfNeeded: kind.rawValue)]
                        content += Self.lasting(attributes, of: kind)
                    }
                }
            }
        } catch {
            throw Self.failed("read the rules back", error)
        }
        result.hash = result.chains == 0 ? "" : "\(Fingerprint(of: content))"
        return result
    }

    /// The names of all inet tables, whosever.
    mutating func tables() throws(EnforceError) -> [String] {
        do {
            return try channel.dump(NFT.message(.getTable, .inet) { _ in }).compactMap {
                Attribute.parse($0.payload.dropFirst(4))[type: 1]?.text
            }
        } catch {
            throw Self.failed("list tables", error)
        }
    }

    /// Interfaces that an isolation closes to raw sockets, by its chains in the kernel; none where they cannot be read.
    mutating func closedInterfaces() -> [String] { (try? readClosedInterfaces()) ?? [] }

    private mutating func readClosedInterfaces() throws(NetlinkError) -> [String] {
        let chains = try channel.dump(Self.list(.getChain, .netdev, IsolationRules.table))
        return chains.compactMap { message -> String? in
            let attributes = Attribute.parse(message.payload.dropFirst(4))
            guard attributes[type: 1]?.text == IsolationRules.table, let name = attributes[type: 3]?.text else {
                return nil
            }
            return IsolationRules.interface(ofChain: name)
        }.sorted()
    }

    /// Whether the table is there at all: the reconciler's quick look.
    mutating func exists(_ family: NFT.Family, _ table: String) throws(NetlinkError) -> Bool {
        let request = NFT.message(.getTable, family) { $0.put(1, text: table) }
        do {
            try channel.perform([request], acknowledgeLast: 0)
            return true
        } catch  where error.number == 2 {
            return false
        }
    }

    /// The bytes of the attributes that do not change by themselves: no handles, uses, counters or positions.
    private static func lasting(_ attributes: [Attribute], of kind: NFT.Message) -> [UInt8] {
        let kept: Set<UInt16> =
            switch kind {
            // Table, name, hook, policy, type.
            case .getChain: [1, 3, 4, 5, 7]
            // Table, chain, expressions.
            case .getRule: [1, 2, 4]
            // Table, name, flags, key type, key length.
            default: [1, 2, 3, 4, 5]
            }
        return attributes.filter { kept.contains($0.type) }.flatMap { attribute -> [UInt8] in
            var bytes: [UInt8] = []
            bytes.append(host: attribute.type)
            bytes.append(host: UInt16(clamping: attribute.value.count))
            return bytes + attribute.value
        }
    }

    private static func list(_ kind: NFT.Message, _ family: NFT.Family, _ table: String) -> NetlinkMessage {
        // Chains are listed for a whole family: only rules and sets take a table to list.
        NFT.message(kind, family) { if kind != .getChain { $0.put(1, text: table) } }
    }

    // MARK: - Transactions

    /// - Parameter among: Families whose tables of that name are taken away: of others they stay as they are.
    private mutating func replace(
        _ table: String, _ families: [NFT.Family], among: [NFT.Family] = [.inet, .netdev],
        with content: [NetlinkMessage]
    ) throws(NetlinkError) {
        var messages: [NetlinkMessage] = []
        for family in among where try exists(family, table) {
            messages.append(NFT.deleteTable(family, table))
        }
        messages += families.map { NFT.newTable($0, table, flags: tableFlags) }
        try transact(messages + content)
    }

    private mutating func transact(_ messages: [NetlinkMessage]) throws(NetlinkError) {
        try channel.perform(NFT.batch(messages), acknowledgeLast: messages.count)
    }

    private static func additions(_ blocks: [(network: Network, milliseconds: UInt64)]) -> [NetlinkMessage] {
        let sorted = Dictionary(grouping: blocks) { BlockRules.SetName.of($0.network) }
        return BlockRules.SetName.allCases.flatMap { set -> [NetlinkMessage] in
            guard let blocks = sorted[set] else { return [] }
            let elements =
                set.isInterval
                ? IntervalUnion.disjoint(blocks)
                : blocks.map {
                    .init(first: $0.network.address, last: $0.network.address, milliseconds: $0.milliseconds)
                }
            return BlockRules.add(elements, to: set)
        }
    }

    private static func removals(_ networks: [Network]) -> [NetlinkMessage] {
        let sorted = Dictionary(grouping: networks) { BlockRules.SetName.of($0) }
        return BlockRules.SetName.allCases.flatMap { set in
            let elements = (sorted[set] ?? []).map {
                BlockRules.Element(first: $0.address, last: $0.address, milliseconds: 0)
            }
            return BlockRules.remove(elements, from: set)
        }
    }

    private static func failed(_ what: String, _ error: NetlinkError) -> EnforceError {
        if error.number == 1 {
            return EnforceError(
                "firewall.not_permitted", "The kernel did not permit: \(what). \(error.detail)",
                remedy: "Check that cordon-enforcer has CAP_NET_ADMIN and that no second one owns the table.")
        }
        let detail = error.detail.isEmpty ? "" : " (\(error.detail))"
        return .system("firewall.kernel", "The kernel refused: \(what)\(detail)", error.number)
    }

    private static func unavailable(_ error: NetlinkError) -> EnforceError {
        .system(
            "firewall.unavailable", "There is no way to nf_tables", error.number,
            remedy: "Load the module nf_tables, and check CAP_NET_ADMIN and RestrictAddressFamilies=AF_NETLINK.")
    }
}
