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

    /// Whether the pattern stands in the text, at the bounds of words where it begins or ends with a word's byte. Runs stay
    /// within words, so that `pass*` is a word that begins so and not the rest of the line.
    ///
    /// All beginnings are tried in one pass over the text: it costs their product at most, whatever both hold.
    package func isFound(in text: String) -> Bool {
        guard let first = parts.first, let last = parts.last else { return true }
        let bytes = Array(text.utf8)
        let (opens, closes) = (first.isOfWord, last.isOfWord)
        var walk = Walk(parts)
        for (index, byte) in bytes.enumerated() {
            if !opens || index == 0 || !bytes[index - 1].isWordByte { walk.begin() }
            if walk.isAtEnd, !closes || !byte.isWordByte { return true }
            walk.take(byte)
        }
        return !bytes.isEmpty && walk.isAtEnd
    }

    /// How far into the pattern the text so far leads, from all beginnings at once.
    private struct Walk {
        private let parts: [Part]
        /// Parts that come next, each once; the pattern's end among them.
        private var places: [Int] = []
        private var former: [Int] = []
        /// At which byte each part was last reached.
        private var reached: [Int]
        private var index = 0

        init(_ parts: [Part]) {
            self.parts = parts
            reached = [Int](repeating: -1, count: parts.count + 1)
        }

        var isAtEnd: Bool { reached[parts.count] == index }

        mutating func begin() { reach(0) }

        private mutating func reach(_ part: Int) {
            guard reached[part] < index else { return }
            reached[part] = index
            places.append(part)
            // A run may be empty; no two stand side by side.
            if part < parts.count, parts[part] == .anyRun { reach(part + 1) }
        }

        mutating func take(_ byte: UInt8) {
            index += 1
            swap(&places, &former)
            places.removeAll(keepingCapacity: true)
            for part in former where part < parts.count {
                if parts[part] == .anyRun {
                    if byte.isWordByte { reach(part) }
                } else if TextPattern.fits(parts[part], byte) {
                    reach(part + 1)
                }
            }
        }
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

    private static func fits(_ part: Part, _ byte: UInt8) -> Bool {
        switch part {
        case .byte(let wanted): byte.asciiLowercased == wanted
        case .anyOne: true
        case .anyRun: false
        }
    }
}

extension TextPattern.Part {
    fileprivate var isOfWord: Bool { if case .byte(let byte) = self { byte.isWordByte } else { false } }
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
