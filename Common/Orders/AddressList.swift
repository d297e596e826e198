package import CordonModel
internal import CordonTrust
internal import FoundationEssentials

/// Many networks of both families, apart from each other and in order, in one compact form.
///
/// A list travels inside the order that asks for it, so that one signature covers every network, an order is whole or is
/// not, and neither controller, agent nor enforcer has to fetch, match and expire attachments of which an order speaks.
/// What that costs is the size of an order, raised for this kind alone: about 4 bytes for each of 100,000 scattered IPv4
/// addresses, 530 KB as text, where dotted decimals would take 1.5 MB. With at most ``longestText`` it fits the frames of
/// the enforcer's socket, a message of the link and a request of the API as they are. Longer lists are ordered in parts,
/// each under a name of its own.
///
/// The form, in bytes: the number of IPv4 networks, then each of them, then the same of IPv6. A network is its prefix
/// length in a byte, and how many networks of that length fit between the end of the one before and its beginning. Numbers
/// are unsigned LEB128, as short as can be. So no list can be written whose host bits are set, that is out of order or
/// overlaps, or in two ways.
package struct AddressList: Sendable, Hashable {
    /// The form above.
    package let bytes: [UInt8]
    /// How many networks.
    package let count: Int

    /// Networks of a list.
    package static let most = 131_072
    /// Bytes of the form as text.
    package static let longestText = 900_000
    /// What the compact form as text begins with; base64 (RFC 4648) follows.
    private static let mark = "n1:"

    /// A list of these, those that lie in others left out; `nil` where there are none, too many, or too long a form.
    package init?(_ networks: some Sequence<Network>) {
        // Outer networks first.
        let sorted = networks.sorted { ($0.address, $0.prefix) < ($1.address, $1.prefix) }
        var apart: [Network] = []
        for network in sorted where apart.last?.overlaps(network) != true { apart.append(network) }
        self.init(apart: apart)
    }

    private init?(apart: [Network]) {
        guard (1...Self.most).contains(apart.count) else { return nil }
        let firstV6 = apart.firstIndex { $0.address.width == 128 } ?? apart.count
        bytes = Form.bytes(apart[..<firstV6], width: 32) + Form.bytes(apart[firstV6...], width: 128)
        count = apart.count
        guard bytes.count <= Self.longestText / 4 * 3 - 16 else { return nil }
    }

    /// Reads the form; `nil` for anything else.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.longestText, let networks = Form.networks(Array(bytes)),
            (1...Self.most).contains(networks.count)
        else { return nil }
        self.bytes = Array(bytes)
        count = networks.count
    }

    /// Reads the form as text, or networks as people write them: between white space or commas, what follows `#` or `;`
    /// in a line left out. `nil` for anything else.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.mark) else {
            guard let networks = Self.written(text), let list = AddressList(networks) else { return nil }
            self = list
            return
        }
        guard text.utf8.count <= Self.longestText, let data = Data(base64Encoded: String(text.dropFirst(3))),
            let list = AddressList(bytes: data), list.text == text
        else { return nil }
        self = list
    }

    /// The form as text.
    package var text: String { Self.mark + Data(bytes).base64EncodedString() }

    /// The networks, in order.
    package var networks: [Network] { Form.networks(bytes) ?? [] }

    /// SHA-256 of the form, in hexadecimal digits.
    package var digest: String { "\(Fingerprint(of: bytes))" }

    /// For people: `100000 networks, SHA-256 6f1a…`.
    package var words: String { "\(count) network\(count == 1 ? "" : "s"), SHA-256 \(digest)" }

    /// What is wrong with a text that makes no list, as the end of a sentence: the first item that is no network, and
    /// where it stands.
    package static func fault(in text: String) -> String {
        guard !text.hasPrefix(mark) else { return "is no list in compact form" }
        var count = 0
        for (line, words) in words(of: text) {
            for word in words {
                count += 1
                guard Network(word) == nil else { continue }
                return
                    "has \(Parameter.quoted(word)), item \(count), in line \(line), which is no address, and no network "
                    + "whose host bits are zero"
            }
        }
        guard count > 0 else { return "has no network" }
        return "has \(count) networks, more than fit an order: at most \(most), in \(longestText) bytes of compact form"
    }

    /// The networks of a text that people wrote; `nil` where one cannot be read.
    private static func written(_ text: String) -> [Network]? {
        var networks: [Network] = []
        for (_, words) in words(of: text) {
            for word in words {
                guard let network = Network(word) else { return nil }
                networks.append(network)
                // Some may lie in others: twice as many are looked at.
                guard networks.count <= 2 * most else { return nil }
            }
        }
        return networks
    }

    /// The lines of a text that people wrote, each with its number and what stands in it between blanks and commas.
    private static func words(of text: String) -> some Sequence<(line: Int, words: [String])> {
        text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).lazy.enumerated().map {
            number, line in
            let content = line.prefix { $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: ";") }
            let words = content.split(whereSeparator: { [0x20, 0x09, 0x0D, 0x2C].contains($0) })
            return (number + 1, words.map { String(decoding: $0, as: UTF8.self) })
        }
    }
}

extension AddressList {
    /// The form of one family.
    private enum Form {
        static func bytes(_ networks: some Collection<Network>, width: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            put(UInt128(networks.count), &bytes)
            // The first address that is free.
            var next: UInt128 = 0
            for network in networks {
                let shift = width - network.prefix
                let first = network.address.number
                bytes.append(UInt8(clamping: network.prefix))
                put((first >> UInt128(shift)) - place(next, shift), &bytes)
                next = network.last.number &+ 1
            }
            return bytes
        }

        /// `nil` for what `bytes` did not write.
        static func networks(_ bytes: [UInt8]) -> [Network]? {
            var rest = bytes[...]
            guard let v4 = read(&rest, width: 32), let v6 = read(&rest, width: 128), rest.isEmpty else { return nil }
            return v4 + v6
        }

        private static func read(_ rest: inout ArraySlice<UInt8>, width: Int) -> [Network]? {
            guard let count = number(&rest), count <= UInt128(most) else { return nil }
            var networks: [Network] = []
            networks.reserveCapacity(Int(count))
            var next: UInt128 = 0
            for index in 0..<Int(count) {
                // Behind the last address of IPv6 the next would be 0 again.
                guard index == 0 || next != 0, let prefix = rest.popFirst(), Int(prefix) <= width,
                    let gap = number(&rest)
                else { return nil }
                let shift = width - Int(prefix)
                let (place, isOver) = place(next, shift).addingReportingOverflow(gap)
                // `>>` of all bits is 0.
                guard !isOver, place >> UInt128(prefix) == 0, let first = IPAddress(place << UInt128(shift), width),
                    let network = Network(first, prefix: Int(prefix))
                else { return nil }
                networks.append(network)
                next = network.last.number &+ 1
            }
            return networks
        }

        /// The first place of networks of that size at or behind an address.
        private static func place(_ address: UInt128, _ shift: Int) -> UInt128 {
            let rest = (UInt128(1) << UInt128(shift)) &- 1
            return (address >> UInt128(shift)) + (address & rest == 0 ? 0 : 1)
        }

        private static func put(_ number: UInt128, _ bytes: inout [UInt8]) {
            var rest = number
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: rest))
        }

        private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt128? {
            var number: UInt128 = 0
            for shift in stride(from: 0, to: 128, by: 7) {
                guard let byte = rest.popFirst() else { return nil }
                let part = UInt128(byte & 0x7F)
                guard (part << UInt128(shift)) >> UInt128(shift) == part else { return nil }
                number |= part << UInt128(shift)
                // Not longer than need be.
                if byte < 0x80 { return byte == 0 && shift > 0 ? nil : number }
            }
            return nil
        }
    }
}

extension IPAddress {
    fileprivate var number: UInt128 {
        switch self {
        case .v4(let word): UInt128(word)
        case .v6(let high, let low): UInt128(high) << 64 | UInt128(low)
        }
    }

    /// `nil` for what is no address of that width: an IPv4-mapped one means another.
    fileprivate init?(_ number: UInt128, _ width: Int) {
        if width == 32 {
            guard let word = UInt32(exactly: number) else { return nil }
            self = .v4(word)
        } else {
            let (high, low) = (UInt64(truncatingIfNeeded: number >> 64), UInt64(truncatingIfNeeded: number))
            guard high != 0 || low >> 32 != 0xFFFF else { return nil }
            self = .v6(high: high, low: low)
        }
    }
}
