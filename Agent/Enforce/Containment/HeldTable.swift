internal import AgentNetlink
internal import CordonModel
internal import CordonOrders

/// A table of rules that is made of held effects, and written anew as a whole when one of them changes.
enum HeldTable: String, CaseIterable {
    /// Blocks by port or direction.
    case ports

    /// The table's name in the kernel.
    var name: String {
        switch self {
        case .ports: PortRules.table
        }
    }

    /// The kind of the effects that it is made of.
    var kind: ActionKind {
        switch self {
        case .ports: .blockAddress
        }
    }

    /// Sets, chains and rules of the effects that last; none where there is nothing to hold.
    func messages(_ desired: DesiredState, clock: BootClock) -> [NetlinkMessage] {
        let lasting = desired.held.values.filter { $0.key.kind == kind }.compactMap { effect in
            let left = clock.remaining(of: effect.term).milliseconds
            return left > 0 ? (undo: effect.undo, milliseconds: UInt64(left)) : nil
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
        }
    }
}

extension ActionKind {
    /// The table that its effects are held in; `nil` for what is held otherwise.
    var heldTable: HeldTable? { HeldTable.allCases.first { $0.kind == self } }
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
