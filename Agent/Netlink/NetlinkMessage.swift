/// One netlink message (RFC 3549 §2.2): a header, a family header, attributes. Integers are in host order unless named
/// `big`.
package struct NetlinkMessage: Sendable, Hashable {
    package var type: UInt16
    package var flags: UInt16
    package var sequence: UInt32
    /// What follows the header.
    package var payload: [UInt8]

    package init(type: UInt16, flags: UInt16, sequence: UInt32 = 0, payload: [UInt8] = []) {
        self.type = type
        self.flags = flags
        self.sequence = sequence
        self.payload = payload
    }

    /// Flags of `linux/netlink.h`.
    package enum Flag {
        package static let request: UInt16 = 0x1
        package static let acknowledge: UInt16 = 0x4
        package static let dump: UInt16 = 0x300
        package static let create: UInt16 = 0x400
        package static let append: UInt16 = 0x800
    }

    /// Types of `linux/netlink.h`.
    package enum Control {
        package static let error: UInt16 = 2
        package static let done: UInt16 = 3
    }

    /// The bytes, padded to four.
    package func append(to bytes: inout [UInt8]) {
        bytes.append(host: UInt32(16 + payload.count))
        bytes.append(host: type)
        bytes.append(host: flags)
        bytes.append(host: sequence)
        bytes.append(host: UInt32(0))
        bytes += payload
        bytes.pad()
    }

    /// The messages of a datagram; what is malformed ends the reading.
    package static func parse(_ bytes: [UInt8]) -> [NetlinkMessage] {
        var messages: [NetlinkMessage] = []
        var offset = 0
        while let range = range(in: bytes, from: offset) {
            messages.append(NetlinkMessage(bytes, at: range))
            offset = range.lowerBound + (range.count + 3) & ~3
        }
        return messages
    }

    /// Where the message stands that begins at the offset, header and all; `nil` at the end, and where it is malformed.
    static func range(in bytes: [UInt8], from offset: Int) -> Range<Int>? {
        guard offset + 16 <= bytes.count else { return nil }
        let length = Int(bytes.host32(offset))
        guard length >= 16, offset + length <= bytes.count else { return nil }
        return offset..<(offset + length)
    }

    /// The message at a place that `range` gave.
    init(_ bytes: [UInt8], at range: Range<Int>) {
        self.init(
            type: bytes.host16(range.lowerBound + 4), flags: bytes.host16(range.lowerBound + 6),
            sequence: bytes.host32(range.lowerBound + 8), payload: Array(bytes[range.dropFirst(16)]))
    }
}

/// Builds attributes (type-length-value, four-byte aligned).
package struct AttributeWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Starts after a family header.
    package init(after header: [UInt8]) { bytes = header }

    package mutating func put(_ type: UInt16, _ value: [UInt8]) {
        bytes.append(host: UInt16(clamping: 4 + value.count))
        bytes.append(host: type)
        bytes += value
        bytes.pad()
    }

    /// Text with its ending zero.
    package mutating func put(_ type: UInt16, text: String) { put(type, Array(text.utf8) + [0]) }

    package mutating func put(_ type: UInt16, big value: UInt32) {
        bytes.append(host: UInt16(8))
        bytes.append(host: type)
        bytes.append(big: value)
    }

    package mutating func put(_ type: UInt16, big value: UInt64) {
        bytes.append(host: UInt16(12))
        bytes.append(host: type)
        bytes.append(big: UInt32(truncatingIfNeeded: value >> 32))
        bytes.append(big: UInt32(truncatingIfNeeded: value))
    }

    /// Attributes in an attribute (NLA_F_NESTED).
    package mutating func nest(_ type: UInt16, _ fill: (inout AttributeWriter) -> Void) {
        let start = bytes.count
        bytes.append(host: UInt16(0))
        bytes.append(host: type | 0x8000)
        fill(&self)
        let length = UInt16(clamping: bytes.count - start)
        bytes[start] = UInt8(truncatingIfNeeded: length)
        bytes[start + 1] = UInt8(truncatingIfNeeded: length >> 8)
    }
}

/// One attribute as it was read.
package struct Attribute: Sendable, Hashable {
    /// Without the flag bits.
    package let type: UInt16
    package let value: [UInt8]

    /// The attributes of the bytes; what is malformed ends the reading.
    package static func parse(_ bytes: some RandomAccessCollection<UInt8>) -> [Attribute] {
        let bytes = Array(bytes)
        var attributes: [Attribute] = []
        var offset = 0
        while offset + 4 <= bytes.count {
            let length = Int(bytes.host16(offset))
            guard length >= 4, offset + length <= bytes.count else { break }
            attributes.append(
                Attribute(
                    type: bytes.host16(offset + 2) & 0x3FFF, value: Array(bytes[(offset + 4)..<(offset + length)])))
            offset += (length + 3) & ~3
        }
        return attributes
    }

    /// Text up to its ending zero.
    package var text: String { String(decoding: value.prefix { $0 != 0 }, as: UTF8.self) }
    /// The value as one big-endian number; 0 when it is longer than eight bytes.
    package var big: UInt64 { value.count > 8 ? 0 : value.reduce(0) { $0 << 8 | UInt64($1) } }
    /// The value as a number in host order; 0 when it is not four bytes.
    package var host: UInt32 { value.count == 4 ? value.host32(0) : 0 }
    package var nested: [Attribute] { Attribute.parse(value) }
}

extension [Attribute] {
    /// The first of the type.
    package subscript(type type: UInt16) -> Attribute? { first { $0.type == type } }
}

extension [UInt8] {
    // Every machine that Cordon is built for is little-endian: host order is written out as such.
    package mutating func append(host value: UInt16) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
    }

    package mutating func append(host value: UInt32) {
        append(host: UInt16(truncatingIfNeeded: value))
        append(host: UInt16(truncatingIfNeeded: value >> 16))
    }

    package mutating func append(big value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    package mutating func append(big value: UInt32) {
        append(big: UInt16(truncatingIfNeeded: value >> 16))
        append(big: UInt16(truncatingIfNeeded: value))
    }

    package mutating func append(big value: UInt64) {
        append(big: UInt32(truncatingIfNeeded: value >> 32))
        append(big: UInt32(truncatingIfNeeded: value))
    }

    fileprivate mutating func pad() {
        while !count.isMultiple(of: 4) { append(0) }
    }

    package func host16(_ offset: Int) -> UInt16 { UInt16(self[offset]) | UInt16(self[offset + 1]) << 8 }
    package func host32(_ offset: Int) -> UInt32 { UInt32(host16(offset)) | UInt32(host16(offset + 2)) << 16 }
    package func big16(_ offset: Int) -> UInt16 { UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) }
    package func big32(_ offset: Int) -> UInt32 { UInt32(big16(offset)) << 16 | UInt32(big16(offset + 2)) }
    package func big64(_ offset: Int) -> UInt64 { UInt64(big32(offset)) << 32 | UInt64(big32(offset + 4)) }
}
