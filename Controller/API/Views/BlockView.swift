internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// What blocks addresses on a host, as it last said: single blocks, those with ports or a direction, and lists.
enum BlockView {
    static let schema = Schema.named(
        "BlockInForce",
        .object([
            .required("kind", .choice(of: ActionKind.self), "`block_address` or `block_addresses`."),
            .required(
                "network", .nullable(.string),
                "What is blocked; of a list, the first of its networks that has an address of those that were asked for."
            ),
            .required("whole", .flag, "Whether that has all of the addresses that were asked for."),
            .required(
                "subject", .string, "For people: the network, with ports and direction, or the list's name. Untrusted."),
            .required("order", .nullable(.identifier), "Whose undoing ends it; null for what `unblock_address` ends."),
            .required("until", .nullable(.instant)),
        ])
    )

    static let page = Schema.named(
        "BlockInForcePage",
        .object([
            .required("items", .list(schema, most: mostItems)),
            .required(
                "is_whole", .flag,
                "Whether that is all: false where the host said nothing yet, or has more than are named here."),
        ])
    )
    private static let mostItems = 1000
    /// Blocks, and effects, that a host names: with so many it may have more.
    private static let mostNamed = 1000

    /// The answer: those that block an address of the network, and whether there may be more.
    static func json(_ host: HostRecord, of network: Network?, _ services: APIServices) async throws -> JSONValue {
        let found = try await blocks(on: host, of: network, services)
        var isWhole = false
        if let said = host.facts?.containment {
            isWhole =
                said.blocks.count < mostNamed && said.effects.count < mostNamed && found.count <= mostItems
        }
        return ["items": .array(Array(found.prefix(mostItems))), "is_whole": .flag(isWhole)]
    }

    /// Those that block an address of the network; all where none is given.
    private static func blocks(on host: HostRecord, of network: Network?, _ services: APIServices) async throws
        -> [JSONValue]
    {
        guard let said = host.facts?.containment else { return [] }
        let now = services.surroundings.now()
        var blocks = said.blocks.filter { $0.until > now && $0.network.overlaps(asked: network) }.map {
            json(.blockAddress, $0.network, of: network, "\($0.network)", nil, $0.until)
        }
        for effect in said.effects where effect.until.map({ $0 > now }) ?? true {
            // What the list holds stands in the order; the host may name none but its own.
            guard [.blockAddress, .blockAddresses].contains(effect.kind),
                let order = try await services.fleet.order(effect.order)?.order, order.agent == host.id
            else { continue }
            switch order.action {
            case .blockAddress(let block) where block.network.overlaps(asked: network):
                blocks.append(json(effect.kind, block.network, of: network, block.subject, effect.order, effect.until))
            case .blockAddresses(let block):
                let first = block.list.networks.first { $0.overlaps(asked: network) }
                guard let first else { continue }
                let shown = network == nil ? nil : first
                blocks.append(json(effect.kind, shown, of: network, block.name, effect.order, effect.until))
            default: continue
            }
        }
        return blocks
    }

    private static func json(
        _ kind: ActionKind, _ blocked: Network?, of asked: Network?, _ subject: String, _ order: OrderID?,
        _ until: Timestamp?
    ) -> JSONValue {
        let isWhole = if let asked, let blocked { blocked.prefix <= asked.prefix } else { false }
        return [
            "kind": .text(kind.rawValue), "network": .optional(blocked.map { "\($0)" }), "whole": .flag(isWhole),
            "subject": .text(subject), "order": .optional(order.map { "\($0)" }),
            "until": .optional(until.map { "\($0)" }),
        ]
    }
}

extension Network {
    /// Whether it has an address of that network; everything has, where none is asked for.
    fileprivate func overlaps(asked network: Network?) -> Bool { network.map { overlaps($0) } ?? true }
}
