internal import AgentNetlink

/// Families, message types and attributes of `linux/netfilter/nf_tables.h` that are used here, named as there.
enum NFT {
    static let subsystem: UInt16 = 10

    enum Family: UInt8 {
        case inet = 1
        case netdev = 5
    }

    enum Message: UInt16 {
        case newTable = 0
        case getTable = 1
        case deleteTable = 2
        case newChain = 3
        case getChain = 4
        case newRule = 6
        case getRule = 7
        case newSet = 9
        case getSet = 10
        case newSetElement = 12
        case getSetElement = 13
        case deleteSetElement = 14

        var type: UInt16 { NFT.subsystem << 8 | rawValue }
    }

    enum TableFlag {
        static let owner: UInt32 = 2
        static let persist: UInt32 = 4
    }

    enum SetFlag {
        static let interval: UInt32 = 4
        static let timeout: UInt32 = 0x10
        /// Keys of several fields, each with a range of its own (kernel 5.6).
        static let concatenation: UInt32 = 0x80
    }

    enum Verdict: UInt32 {
        case drop = 0
        case accept = 1
    }

    /// A message for one family, its attributes filled in.
    static func message(
        _ message: Message, _ family: Family, flags: UInt16 = 0, _ fill: (inout AttributeWriter) -> Void
    ) -> NetlinkMessage {
        var writer = AttributeWriter(after: [family.rawValue, 0, 0, 0])
        fill(&writer)
        return NetlinkMessage(
            type: message.type, flags: NetlinkMessage.Flag.request | flags, payload: writer.bytes)
    }

    /// The messages as one transaction: the kernel takes all or none.
    static func batch(_ messages: [NetlinkMessage]) -> [NetlinkMessage] {
        // nfgenmsg: family unspecified, version 0, res_id the subsystem in network order.
        let header: [UInt8] = [0, 0, 0, UInt8(subsystem)]
        return [NetlinkMessage(type: 0x10, flags: NetlinkMessage.Flag.request, payload: header)] + messages
            + [NetlinkMessage(type: 0x11, flags: NetlinkMessage.Flag.request, payload: header)]
    }

    static func newTable(_ family: Family, _ name: String, flags: UInt32) -> NetlinkMessage {
        message(.newTable, family, flags: NetlinkMessage.Flag.create) {
            $0.put(1, text: name)
            $0.put(2, big: flags)
        }
    }

    static func deleteTable(_ family: Family, _ name: String) -> NetlinkMessage {
        message(.deleteTable, family) { $0.put(1, text: name) }
    }

    /// A base chain of type filter.
    static func newChain(
        _ family: Family, table: String, _ name: String, hook: Hook, priority: Int32, policy: Verdict
    ) -> NetlinkMessage {
        message(.newChain, family, flags: NetlinkMessage.Flag.create) {
            $0.put(1, text: table)
            $0.put(3, text: name)
            $0.nest(4) {
                $0.put(1, big: hook.number)
                $0.put(2, big: UInt32(bitPattern: priority))
                if case .egress(let device) = hook { $0.put(3, text: device) }
            }
            $0.put(5, big: policy.rawValue)
            $0.put(7, text: "filter")
        }
    }

    /// A chain that rules jump to.
    static func newChain(_ family: Family, table: String, _ name: String) -> NetlinkMessage {
        message(.newChain, family, flags: NetlinkMessage.Flag.create) {
            $0.put(1, text: table)
            $0.put(3, text: name)
        }
    }

    enum Hook {
        case prerouting
        case input
        case forward
        case output
        case postrouting
        /// What leaves through one device, of netdev tables (kernel 5.16 and later).
        case egress(device: String)

        fileprivate var number: UInt32 {
            switch self {
            case .prerouting: 0
            case .input: 1
            case .forward: 2
            case .output: 3
            case .postrouting: 4
            case .egress: 1
            }
        }
    }

    /// How many rules the messages make: what a read-back must find.
    static func ruleCount(_ messages: [NetlinkMessage]) -> Int { messages.count { $0.type == Message.newRule.type } }

    static func newRule(_ family: Family, table: String, chain: String, _ expressions: [Expression]) -> NetlinkMessage {
        message(.newRule, family, flags: NetlinkMessage.Flag.create | NetlinkMessage.Flag.append) {
            $0.put(1, text: table)
            $0.put(2, text: chain)
            $0.nest(4) { list in
                for expression in expressions {
                    list.nest(1) { element in
                        element.put(1, text: expression.name)
                        element.nest(2, expression.fill)
                    }
                }
            }
        }
    }
}
