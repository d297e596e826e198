/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is read as the IPv4 address that it means.
package enum IPAddress: Sendable, Hashable, Comparable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// 32 or 128.
    package var width: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// Network byte order: 4 or 16 bytes.
    package var bytes: [UInt8] {
        switch self {
        case .v4(let word): (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
        case .v6(let high, let low): UUIDv7(high: high, low: low).bytes
        }
    }

    /// Reads 4 or 16 bytes in network byte order; `nil` for any other count.
    package init?(bytes: some Collection<UInt8>) {
        if bytes.count == 4 {
            self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        } else if let wide = UUIDv7(bytes: bytes) {
            self.init(high: wide.high, low: wide.low)
        } else {
            return nil
        }
    }

    private init(high: UInt64, low: UInt64) {
        if high == 0, low >> 32 == 0xFFFF {
            self = .v4(UInt32(truncatingIfNeeded: low))
        } else {
            self = .v6(high: high, low: low)
        }
    }

    /// Reads dotted decimal without leading zeros (RFC 6943 §3.1.1: strict form) or RFC 4291 §2.2 text. No zone, no port, no brackets.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 45 else { return nil }
        if bytes.contains(UInt8(ascii: ":")) {
            guard let words = Self.v6(bytes[...]) else { return nil }
            self.init(high: words.high, low: words.low)
        } else {
            guard let word = Self.v4(bytes) else { return nil }
            self = .v4(word)
        }
    }

    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let left), .v4(let right)): left < right
        case (.v6(let leftHigh, let leftLow), .v6(let rightHigh, let rightLow)):
            (leftHigh, leftLow) < (rightHigh, rightLow)
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }

    private static func v4(_ bytes: some Sequence<UInt8>) -> UInt32? {
        var (word, part): (UInt32, UInt32) = (0, 0)
        var (dots, digits) = (0, 0)
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard digits < 3, digits == 0 || part > 0 else { return nil }
                part = part * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
            case UInt8(ascii: "."):
                guard dots < 3, digits > 0, part < 256 else { return nil }
                word = word << 8 | part
                (part, digits, dots) = (0, 0, dots + 1)
            default: return nil
            }
        }
        return dots == 3 && digits > 0 && part < 256 ? word << 8 | part : nil
    }

    private static func v6(_ bytes: ArraySlice<UInt8>) -> (high: UInt64, low: UInt64)? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let gap = text.range(of: "::") else {
            guard let groups = groups(text[...]), groups.count == 8 else { return nil }
            return words(groups)
        }
        // Dotted decimal stands at the end of an address only.
        guard !text[..<gap.lowerBound].contains("."), let head = groups(text[..<gap.lowerBound]),
            let tail = groups(text[gap.upperBound...]),
            head.count + tail.count <= 7
        else { return nil }
        return words(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    /// The 16-bit groups of colon-separated text, the last two possibly in dotted decimal.
    private static func groups(_ text: Substring) -> [UInt16]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(".") {
                guard let word = v4(part.utf8) else { return nil }
                groups += [UInt16(word >> 16), UInt16(truncatingIfNeeded: word)]
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ HexDigit.value($0) != nil }),
                    let group = UInt16(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }

    private static func words(_ groups: [UInt16]) -> (high: UInt64, low: UInt64) {
        (groups[..<4].reduce(0) { $0 << 16 | UInt64($1) }, groups[4...].reduce(0) { $0 << 16 | UInt64($1) })
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the canonical text of RFC 5952 §4.
    package var description: String {
        switch self {
        case .v4(let word): return (0..<4).map { String(word >> (24 - 8 * $0) & 255) }.joined(separator: ".")
        case .v6(let high, let low):
            let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> (48 - 16 * ($0 % 4))) }
            let gap = Self.longestZeroRun(groups)
            let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
            guard let gap else { return text(groups[...]) }
            return text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
        }
    }

    /// The first longest run of at least two zero groups (RFC 5952 §4.2.2, §4.2.3).
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start >= 2, end - start > (best?.count ?? 0) { best = start..<end }
            start = max(end, start) + 1
        }
        return best
    }
}

extension IPAddress: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let address = IPAddress(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an IP address")
        }
        self = address
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension StringProtocol {
    /// Where the text first stands; without Foundation.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<(index(start, offsetBy: text.count)) }
            start = index(after: start)
        }
        return nil
    }
}
