internal import AgentNetlink
internal import CordonModel

/// A set of an inet table: how it is made, and how elements are put in.
struct NFTSet: Sendable {
    let table: String
    let name: String
    /// As `nft list` shows it: its own number of the type, fields of a concatenation packed by six bits.
    let type: UInt32
    /// Bytes of each field of a key; in a key of several, each is padded to four.
    let fields: [UInt32]
    let flags: UInt32

    /// nft's own numbers of types (`include/datatype.h` of nftables).
    enum KeyType {
        static let address4: UInt32 = 7
        static let address6: UInt32 = 8
        static let mark: UInt32 = 19
        static let user: UInt32 = 24

        /// An address, a transport and a port.
        static func flow(_ address: UInt32) -> UInt32 { (address << 6 | 12) << 6 | 13 }
    }

    /// One element.
    struct Element: Sendable, Hashable {
        var first: [UInt8]
        /// Of a concatenation: the last of what it covers.
        var last: [UInt8]?
        /// Of intervals: it is the first key behind one.
        var isEnd = false
        /// What it has left; `nil` where it does not end by itself.
        var milliseconds: UInt64?
    }

    private var isConcatenation: Bool { fields.count > 1 }

    /// Addresses of a family, in intervals.
    static func intervals(_ name: String, of table: String, isV4: Bool, lasting: Bool) -> NFTSet {
        NFTSet(
            table: table, name: name, type: isV4 ? KeyType.address4 : KeyType.address6, fields: [isV4 ? 4 : 16],
            flags: NFT.SetFlag.interval | (lasting ? 0 : NFT.SetFlag.timeout))
    }

    /// The elements of intervals that are in order and apart.
    static func elements(_ intervals: [BlockRules.Element], lasting: Bool = false) -> [Element] {
        intervals.flatMap { interval -> [Element] in
            let first = Element(
                first: interval.first.bytes, milliseconds: lasting ? nil : interval.milliseconds)
            // An interval ends before its end; one that reaches the last address has no end.
            guard let after = interval.last.next else { return [first] }
            return [first, Element(first: after.bytes, isEnd: true)]
        }
    }

    /// The set and its elements.
    func messages(_ elements: [Element], id: UInt32) -> [NetlinkMessage] {
        // The largest element, two keys of 24 bytes, takes 84 bytes; a list of them holds 64 KiB.
        [create(id)]
            + stride(from: 0, to: elements.count, by: 700).map { add(elements[$0..<min($0 + 700, elements.count)]) }
    }

    private func create(_ id: UInt32) -> NetlinkMessage {
        NFT.message(.newSet, .inet, flags: NetlinkMessage.Flag.create) {
            $0.put(1, text: table)
            $0.put(2, text: name)
            $0.put(3, big: flags)
            $0.put(4, big: type)
            $0.put(5, big: isConcatenation ? fields.reduce(0) { $0 + ($1 + 3) & ~3 } : fields[0])
            if isConcatenation {
                $0.nest(9) { description in
                    description.nest(2) { list in
                        for length in fields { list.nest(1) { $0.put(1, big: length) } }
                    }
                }
            }
            $0.put(10, big: id)
        }
    }

    func add(_ elements: ArraySlice<Element>) -> NetlinkMessage {
        NFT.message(.newSetElement, .inet, flags: NetlinkMessage.Flag.create) {
            $0.put(1, text: table)
            $0.put(2, text: name)
            $0.nest(3) { list in
                for element in elements {
                    list.nest(1) {
                        if element.isEnd { $0.put(3, big: UInt32(1)) }
                        $0.nest(1) { $0.put(1, element.first) }
                        if let last = element.last { $0.nest(10) { $0.put(1, last) } }
                        if let milliseconds = element.milliseconds { $0.put(4, big: milliseconds) }
                    }
                }
            }
        }
    }
}
