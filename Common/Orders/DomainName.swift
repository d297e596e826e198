/// A domain's name as DNS queries have it, with all names below it.
package struct DomainName: Sendable, Hashable, CustomStringConvertible {
    /// Lower-case letters, digits, `-` and `_`; no dot at the end.
    package let description: String

    /// Characters of the longest name that is taken: what the kernel compares holds 64 bytes.
    package static let longest = 62

    /// Reads a name of at least two labels, in either case, with or without the last dot. Names of other scripts are
    /// written as they are asked for (RFC 5890 A-labels). `nil` for anything else, and for what looks like an address.
    /// - Parameter lenient: Also one whose labels begin or end with a hyphen, which no host has: earlier versions took them,
    ///   and what those hold is still read so.
    package init?(_ text: some StringProtocol, lenient: Bool = false) {
        let name = (text.last == "." ? text.dropLast() : text[...]).lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard (2...).contains(labels.count), name.utf8.count <= Self.longest,
            labels.allSatisfy({ Self.isLabel($0) && (lenient || $0.first != "-" && $0.last != "-") }),
            labels.last?.utf8.allSatisfy({ (0x30...0x39).contains($0) }) == false
        else { return nil }
        description = name
    }

    /// RFC 5890 §2.3.1, and the underscore, which names in DNS have besides.
    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count)
            && label.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
    }

    /// As it stands in a query (RFC 1035 §3.1): each label behind its length, and the empty one at the end.
    package var wire: [UInt8] {
        description.split(separator: ".").flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) } + [0]
    }

    /// Whether a name is this one or below it.
    package func holds(_ name: String) -> Bool { name == description || name.hasSuffix("." + description) }
}
