/// Bytes in the encoding of protocol buffers (protobuf.dev, "Encoding"), written in one go.
///
/// Generated messages are built, measured and visited before there is a byte. For the one message that comes thousands of
/// times a second, the event, that was most of an agent's work.
struct WireBytes {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// How what follows a field's number is told apart.
    enum Kind: UInt64 {
        case varint = 0
        case eightBytes = 1
        case length = 2
        case fourBytes = 5
    }

    /// A field's number and kind.
    mutating func tag(_ field: UInt64, _ kind: Kind) { varint(field << 3 | kind.rawValue) }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A field of text.
    mutating func text(_ field: UInt64, _ text: String) {
        tag(field, .length)
        varint(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Bytes of a varint.
    static func length(ofVarint value: UInt64) -> Int { (70 - (value | 1).leadingZeroBitCount) / 7 }

    /// Bytes of a field below 16 with so many bytes of content.
    static func length(ofField count: Int) -> Int { 1 + length(ofVarint: UInt64(count)) + count }

    static func length(ofText text: String) -> Int { length(ofField: text.utf8.count) }
}
