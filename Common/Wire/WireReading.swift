internal import CordonModel

/// Reads the encoding of protocol buffers field by field, without a generated message. The bytes are handed in each time:
/// this is only the place in them.
struct WireReading {
    private var place: Int
    private let end: Int

    init(_ range: Range<Int>) {
        place = range.lowerBound
        end = range.upperBound
    }

    /// What a field holds.
    enum Content {
        case number(UInt64)
        /// Where text, bytes or a message lie.
        case range(Range<Int>)
        /// A number of four or eight bytes; no message of ours has one.
        case other
    }

    /// The next field; `nil` at the end.
    mutating func next(_ bytes: Span<UInt8>) throws(WireError) -> (field: UInt64, content: Content)? {
        guard place < end else { return nil }
        let tag = try varint(bytes)
        guard let kind = WireBytes.Kind(rawValue: tag & 7), tag >> 3 > 0, tag >> 32 == 0 else {
            throw WireError("a field of an unknown shape")
        }
        switch kind {
        case .varint: return (tag >> 3, .number(try varint(bytes)))
        case .length:
            let length = try varint(bytes)
            guard length <= UInt64(end - place) else { throw WireError("it ends within a field") }
            return (tag >> 3, .range(skip(Int(length))))
        case .fourBytes, .eightBytes:
            let length = kind == .fourBytes ? 4 : 8
            guard length <= end - place else { throw WireError("it ends within a field") }
            _ = skip(length)
            return (tag >> 3, .other)
        }
    }

    private mutating func skip(_ length: Int) -> Range<Int> {
        let range = place..<(place + length)
        place += length
        return range
    }

    private mutating func varint(_ bytes: Span<UInt8>) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard place < end else { throw WireError("it ends within a number") }
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw WireError("a number of more than ten bytes")
    }

    /// The text that lies there.
    static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(WireError) -> String {
        do {
            return String(copying: try UTF8Span(validating: bytes.extracting(range)))
        } catch {
            throw WireError("a text is not UTF-8")
        }
    }
}
