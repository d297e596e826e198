/// A text with `*` (any run) and `?` (one byte), held against bytes with ASCII letter case ignored.
package struct TextPattern: Sendable, Hashable {
    package enum Part: Sendable, Hashable {
        /// One byte, lower-case where it is an ASCII letter.
        case byte(UInt8)
        case anyRun
        case anyOne
    }

    package let parts: [Part]

    /// - Parameter literal: Take `*` and `?` as they stand: the text was quoted.
    init(_ text: String, literal: Bool) {
        var parts: [Part] = []
        var escaped = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\") where !literal && !escaped: escaped = true
            case UInt8(ascii: "*") where !literal && !escaped: if parts.last != .anyRun { parts.append(.anyRun) }
            case UInt8(ascii: "?") where !literal && !escaped: parts.append(.anyOne)
            default:
                parts.append(.byte(byte.asciiLowercased))
                escaped = false
            }
        }
        if escaped { parts.append(.byte(UInt8(ascii: "\\"))) }
        self.parts = parts
    }

    /// Whether it holds no wildcard.
    package var isLiteral: Bool { parts.allSatisfy { if case .byte = $0 { true } else { false } } }

    /// The bytes before the first wildcard, lower-case.
    package var head: [UInt8] { Array(Self.bytes(parts[...])) }

    /// Runs of bytes without a wildcard in them, and whether a wildcard stands before and after each.
    package var runs: [(bytes: [UInt8], openBefore: Bool, openAfter: Bool)] {
        var runs: [(bytes: [UInt8], openBefore: Bool, openAfter: Bool)] = []
        var rest = parts[...]
        var isOpen = false
        while !rest.isEmpty {
            let bytes = Array(Self.bytes(rest))
            rest = rest.dropFirst(bytes.count)
            if !bytes.isEmpty { runs.append((bytes, isOpen, !rest.isEmpty)) }
            isOpen = !rest.isEmpty
            rest = rest.dropFirst()
        }
        return runs
    }

    private static func bytes(_ parts: ArraySlice<Part>) -> some Sequence<UInt8> {
        parts.lazy.map { if case .byte(let byte) = $0 { byte } else { UInt8?.none } }.prefix { $0 != nil }
            .compactMap { $0 }
    }

    /// Whether the whole text fits.
    package func matches(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        return Self.matches(parts[...], bytes[...])
    }

    /// Whether the pattern stands in the text, at the bounds of words where it begins or ends with a word's byte.
    package func isFound(in text: String) -> Bool {
        guard let first = parts.first, let last = parts.last else { return true }
        let bytes = Array(text.utf8)
        for start in bytes.indices {
            if case .byte(let byte) = first {
                guard bytes[start].asciiLowercased == byte else { continue }
                if byte.isWordByte, start > 0, bytes[start - 1].isWordByte { continue }
            }
            let closes = if case .byte(let byte) = last { byte.isWordByte } else { false }
            if Self.begins(bytes[start...], with: parts, atWordEnd: closes) { return true }
        }
        return false
    }

    /// The classic two-pointer match: linear but for runs, which are tried anew from one byte on.
    private static func matches(_ pattern: ArraySlice<Part>, _ text: ArraySlice<UInt8>) -> Bool {
        var (p, t) = (pattern.startIndex, text.startIndex)
        var retry: (p: Int, t: Int)?
        while t < text.endIndex {
            if p < pattern.endIndex, pattern[p] == .anyRun {
                retry = (p, t)
                p += 1
            } else if p < pattern.endIndex, fits(pattern[p], text[t]) {
                p += 1
                t += 1
            } else if let last = retry {
                retry = (last.p, last.t + 1)
                (p, t) = (last.p + 1, last.t + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == .anyRun }
    }

    /// Whether the text begins with the pattern, greedy nowhere: of several ends any will do. Runs stay within words, so
    /// that `pass*` is a word that begins so and not the rest of the line.
    private static func begins(_ text: ArraySlice<UInt8>, with pattern: [Part], atWordEnd: Bool) -> Bool {
        var ends: Set<Int> = [text.startIndex]
        for part in pattern {
            var next: Set<Int> = []
            for end in ends {
                switch part {
                case .anyRun:
                    var reach = end
                    next.insert(reach)
                    while reach < text.endIndex, text[reach].isWordByte, reach - end < 256 {
                        reach += 1
                        next.insert(reach)
                    }
                default: if end < text.endIndex, fits(part, text[end]) { next.insert(end + 1) }
                }
            }
            ends = next
            guard !ends.isEmpty else { return false }
        }
        return ends.contains { !atWordEnd || $0 == text.endIndex || !text[$0].isWordByte }
    }

    private static func fits(_ part: Part, _ byte: UInt8) -> Bool {
        switch part {
        case .byte(let wanted): byte.asciiLowercased == wanted
        case .anyOne: true
        case .anyRun: false
        }
    }
}

extension UInt8 {
    /// Of an ASCII capital its small letter; of anything else itself.
    package var asciiLowercased: UInt8 { self >= 65 && self <= 90 ? self + 32 : self }

    /// Letters and digits of ASCII, and every byte of other characters.
    package var isWordByte: Bool {
        switch self {
        case 48...57, 65...90, 97...122, 128...255: true
        default: false
        }
    }
}
