/// Ports of one transport that stand beside each other: `tcp/22`, `udp/1000-2000`.
package struct PortRange: Sendable, Hashable, Comparable, CustomStringConvertible {
    package enum Transport: String, Sendable, Hashable, CaseIterable {
        case tcp, udp

        /// Its number in the header of IP (RFC 9293, RFC 768).
        package var number: UInt8 { self == .tcp ? 6 : 17 }
    }

    package let transport: Transport
    package let first: UInt16
    /// Not below the first.
    package let last: UInt16

    /// Ranges that one list may have, as it is written.
    package static let mostInList = 32

    /// `nil` when the last is below the first.
    package init?(_ transport: Transport, _ first: UInt16, _ last: UInt16) {
        guard first <= last else { return nil }
        (self.transport, self.first, self.last) = (transport, first, last)
    }

    /// Reads the form that `description` writes; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let transport = Transport(rawValue: String(parts[0])) else { return nil }
        let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2, let first = Self.port(ends[0]), let last = ends.count == 2 ? Self.port(ends[1]) : first
        else { return nil }
        self.init(transport, first, last)
    }

    /// Decimal digits without sign or leading zeros.
    private static func port(_ text: some StringProtocol) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            text.utf8.first != 0x30 || text.utf8.count == 1
        else { return nil }
        return UInt16(text)
    }

    package var description: String {
        first == last ? "\(transport.rawValue)/\(first)" : "\(transport.rawValue)/\(first)-\(last)"
    }

    package static func < (left: PortRange, right: PortRange) -> Bool {
        (left.transport.rawValue, left.first, left.last) < (right.transport.rawValue, right.first, right.last)
    }
}

extension PortRange {
    /// Reads a list with commas between: at least one range, at most ``mostInList``. What overlaps or touches is made one,
    /// in order, so that two lists that mean the same are the same. `nil` for anything else.
    package static func list(_ text: String) -> [PortRange]? {
        // The longest range has 15 characters: what is longer is not looked at.
        guard text.utf8.count <= mostInList * 16 else { return nil }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let ranges = parts.compactMap { PortRange($0) }
        guard parts.count <= mostInList, ranges.count == parts.count else { return nil }
        return joined(ranges)
    }

    /// The ranges in order, those that overlap or touch made one.
    package static func joined(_ ranges: [PortRange]) -> [PortRange] {
        var joined: [PortRange] = []
        for range in ranges.sorted() {
            guard let top = joined.last, top.transport == range.transport, Int(range.first) <= Int(top.last) + 1,
                let wider = PortRange(top.transport, top.first, max(top.last, range.last))
            else {
                joined.append(range)
                continue
            }
            joined[joined.count - 1] = wider
        }
        return joined
    }

    /// The form that `list` reads.
    package static func text(_ ranges: [PortRange]) -> String { ranges.map(\.description).joined(separator: ",") }
}
