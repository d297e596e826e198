/// A ``Wildcards`` pattern made ready to match UTF-8 bytes. `*` is any run of bytes, `?` exactly one Unicode scalar. Its
/// time is at most the product of the two lengths; it needs no memory.
package struct WildcardMatcher: Sendable {
    /// What stands between two `*`: bytes, and ``anyOne``.
    private typealias Segment = [Int16]

    private static let anyOne: Int16 = -1

    private let isCased: Bool
    /// The whole pattern where it has no `*`: then the first is also the last.
    private let segments: [Segment]
    private let hasStar: Bool

    /// Folds the pattern unless it is cased.
    package init(_ pattern: Wildcards, isCased: Bool) {
        self.isCased = isCased
        var segments: [Segment] = [[]]
        for part in pattern.parts {
            switch part {
            case .literal(let text):
                let bytes = isCased ? Array(text.utf8) : Folding.fold(text)
                segments[segments.count - 1] += bytes.map { Int16($0) }
            case .anyOne: segments[segments.count - 1].append(Self.anyOne)
            case .anyRun: segments.append([])
            }
        }
        self.segments = segments
        hasStar = segments.count > 1
    }

    /// Whether the whole text has the pattern. A pattern that is not cased wants text that is folded already, or that is
    /// ASCII in any case.
    package func matches(_ text: Span<UInt8>) -> Bool {
        guard hasStar else { return end(of: segments[0], at: 0, in: text) == text.count }
        guard var position = end(of: segments[0], at: 0, in: text) else { return false }
        for segment in segments[1..<(segments.count - 1)] {
            guard let next = firstEnd(of: segment, from: position, in: text) else { return false }
            position = next
        }
        return endsWith(segments[segments.count - 1], from: position, in: text)
    }

    /// Where the segment ends if it stands at the place.
    private func end(of segment: Segment, at start: Int, in text: Span<UInt8>) -> Int? {
        var position = start
        for element in segment {
            guard position < text.count else { return nil }
            let byte = text[position]
            if element == Self.anyOne {
                guard !Self.continues(byte) else { return nil }
                position += 1
                while position < text.count, Self.continues(text[position]) { position += 1 }
            } else {
                guard element == Int16(isCased ? byte : Folding.lower(byte)) else { return nil }
                position += 1
            }
        }
        return position
    }

    /// The leftmost place is as good as any: what follows has the most room then.
    private func firstEnd(of segment: Segment, from start: Int, in text: Span<UInt8>) -> Int? {
        var position = start
        while position <= text.count {
            if let end = end(of: segment, at: position, in: text) { return end }
            position += 1
        }
        return nil
    }

    private func endsWith(_ segment: Segment, from start: Int, in text: Span<UInt8>) -> Bool {
        // A scalar is at most four bytes.
        var position = max(start, text.count - 4 * segment.count)
        while position <= text.count {
            if end(of: segment, at: position, in: text) == text.count { return true }
            position += 1
        }
        return false
    }

    /// Whether the byte is inside a scalar (RFC 3629 §3).
    private static func continues(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
