internal import AgentNetlink
internal import CordonModel
internal import CordonOrders

/// A table of rules that is made of held effects, and written anew as a whole when one of them changes.
enum HeldTable: Hashable {
    /// Blocks by port or direction.
    case ports
    /// A list of networks, by its name.
    case list(String)
    /// Users whose network is cut.
    case users
    /// Sinkholed domains.
    case domains

    /// The table that an effect is held in; `nil` for what is held otherwise.
    init?(_ key: HeldEffect.Key) {
        switch key.kind {
        case .blockAddress: self = .ports
        case .blockAddresses: self = .list(key.subject)
        case .cutUserNetwork: self = .users
        case .sinkholeDomain: self = .domains
        default: return nil
        }
    }

    /// What brings about the effects that it holds.
    var kind: ActionKind {
        switch self {
        case .ports: .blockAddress
        case .list: .blockAddresses
        case .users: .cutUserNetwork
        case .domains: .sinkholeDomain
        }
    }

    /// Those that there are whatever is in force.
    static let fixed: [HeldTable] = [.ports, .users, .domains]

    /// The table's name in the kernel.
    var name: String {
        switch self {
        case .ports: PortRules.table
        case .list(let name): ListRules.table(name)
        case .users: UserRules.table
        case .domains: DomainRules.table
        }
    }

    /// What it does, for people.
    var purpose: String {
        switch self {
        case .ports: "blocks by port or direction"
        case .list(let name): "the block of the list \(name)"
        case .users: "cutting users' network"
        case .domains: "sinkholes of domains"
        }
    }

    /// Sets, chains and rules of the effects that last; none where there is nothing to hold.
    func messages(
        _ desired: DesiredState, _ lists: ListFiles, _ reach: DomainRules.Reach, clock: BootClock
    ) throws(EnforceError) -> [NetlinkMessage] {
        let lasting = desired.held.values.filter { HeldTable($0.key) == self }.compactMap { effect in
            let left = clock.remaining(of: effect.term).milliseconds
            return left > 0 ? (subject: effect.key.subject, undo: effect.undo, milliseconds: UInt64(left)) : nil
        }
        switch self {
        case .ports:
            return PortRules.messages(
                lasting.compactMap { effect in
                    AddressBlock(bytes: effect.undo).map {
                        PortRules.Block(
                            network: $0.network, ports: $0.ports, direction: $0.direction,
                            milliseconds: effect.milliseconds)
                    }
                })
        case .users:
            return UserRules.messages(
                lasting.compactMap { effect in UInt32(effect.subject).map { ($0, effect.milliseconds) } })
        case .domains:
            let domains = lasting.compactMap { effect in
                DomainName(effect.subject, lenient: true).map { (name: $0, milliseconds: effect.milliseconds) }
            }
            return DomainRules.messages(domains, reach)
        case .list(let name):
            guard let effect = lasting.first, let held = HeldList(bytes: effect.undo) else { return [] }
            return ListRules.messages(
                try lists.list(held.digest), named: name, milliseconds: effect.milliseconds)
        }
    }
}

extension DesiredState {
    /// The tables that its effects are held in.
    var heldTables: Set<HeldTable> { Set(held.keys.compactMap { HeldTable($0) }) }

    /// Blocks by port or direction of addresses of the network.
    func parts(touching network: Network) -> [HeldEffect] {
        held.values.filter { $0.key.kind == .blockAddress }
            .filter { AddressBlock(bytes: $0.undo)?.network.overlaps(network) == true }
            .sorted { $0.title < $1.title }
    }

    /// Blocks by port or direction, and ranges of ports that they name; one that names none has all, as one range.
    var partBlocks: (count: Int, ranges: Int) {
        let blocks = held.values.filter { $0.key.kind == .blockAddress }.compactMap { AddressBlock(bytes: $0.undo) }
        return (blocks.count, blocks.reduce(0) { $0 + max(1, $1.ports.count) })
    }
}

extension AddressBlock {
    /// As a held effect keeps it: all but how long.
    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(network)
        writer.put(text: PortRange.text(ports))
        writer.put(text: direction.rawValue)
        return writer.bytes
    }

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: [UInt8]) {
        var reader = RecordReader(bytes[...])
        guard let network = reader.network(), let text = reader.text(),
            let direction = reader.text().flatMap(Direction.init), reader.isAtEnd,
            let ports = text.isEmpty ? [] : PortRange.list(text)
        else { return nil }
        self.init(network: network, duration: .zero, ports: ports, direction: direction)
    }
}
