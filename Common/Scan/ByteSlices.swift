// Looks at ASCII text in bytes, without making strings. The bytes are somebody else's: everything may be there.

extension ArraySlice<UInt8> {
    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    package var string: String { String(decoding: self, as: UTF8.self) }

    package func hasPrefix(_ text: StaticString) -> Bool { matches(text, at: startIndex) }

    package func hasSuffix(_ text: StaticString) -> Bool { matches(text, at: endIndex - text.utf8CodeUnitCount) }

    /// Whether the text stands at the place.
    package func matches(_ text: StaticString, at index: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard index >= startIndex, index + length <= endIndex else { return false }
        return text.withUTF8Buffer { buffer in
            for offset in 0..<length where unsafe buffer[offset] != self[index + offset] { return false }
            return true
        }
    }

    /// Takes the text off the front if it is there.
    package mutating func take(_ text: StaticString) -> Bool {
        guard hasPrefix(text) else { return false }
        removeFirst(text.utf8CodeUnitCount)
        return true
    }

    /// Takes the text off the end if it is there.
    package mutating func take(last text: StaticString) -> Bool {
        guard hasSuffix(text) else { return false }
        removeLast(text.utf8CodeUnitCount)
        return true
    }

    /// Where the text first stands.
    package func firstRange(of text: StaticString) -> Range<Int>? {
        let length = text.utf8CodeUnitCount
        guard length > 0, count >= length else { return nil }
        var index = startIndex
        while index <= endIndex - length {
            if matches(text, at: index) { return index..<(index + length) }
            index += 1
        }
        return nil
    }

    /// Where the text last stands.
    package func lastRange(of text: StaticString) -> Range<Int>? {
        let length = text.utf8CodeUnitCount
        guard length > 0, count >= length else { return nil }
        var index = endIndex - length
        while index >= startIndex {
            if matches(text, at: index) { return index..<(index + length) }
            index -= 1
        }
        return nil
    }

    /// Takes what stands before the first such byte, and the byte; everything when it is not there.
    package mutating func word(until byte: UInt8 = UInt8(ascii: " ")) -> ArraySlice<UInt8> {
        let end = firstIndex(of: byte) ?? endIndex
        defer { self = self[Swift.min(end + 1, endIndex)...] }
        return self[startIndex..<end]
    }

    /// Takes the text off the front up to where the given one starts, and that too; `nil` and unchanged when it is not
    /// there.
    package mutating func take(until text: StaticString) -> ArraySlice<UInt8>? {
        guard let range = firstRange(of: text) else { return nil }
        defer { self = self[range.upperBound...] }
        return self[startIndex..<range.lowerBound]
    }

    package mutating func skipSpaces() {
        while let byte = first, byte == 0x20 || byte == 0x09 { removeFirst() }
    }

    /// Without spaces at both ends.
    package var trimmed: ArraySlice<UInt8> {
        var slice = self
        slice.skipSpaces()
        while let byte = slice.last, byte == 0x20 || byte == 0x09 || byte == 0x0D { slice.removeLast() }
        return slice
    }

    /// The number that all of the bytes spell: decimal digits alone, at most 18.
    package var decimal: Int64? {
        guard (1...18).contains(count) else { return nil }
        var number: Int64 = 0
        for byte in self {
            guard byte.isDigit else { return nil }
            number = number * 10 + Int64(byte - 0x30)
        }
        return number
    }

    /// Takes the digits off the front.
    package mutating func takeDecimal() -> Int64? {
        let digits = prefix { $0.isDigit }
        guard let number = digits.decimal else { return nil }
        removeFirst(digits.count)
        return number
    }
}
