/// One entry of a file: `magic | length | sequence | sum | payload`, all numbers little-endian.
///
/// The sum is seeded with the file's random epoch. Log lines are written by attackers: without the seed a line could hold the
/// bytes of a frame, and a search for the next good frame after damage would find it.
struct Frame: Sendable, Hashable {
    var sequence: UInt64
    var payload: [UInt8]

    static let headerLength = 20
    private static let magic: UInt32 = 0x3146_7243

    /// The bytes on disk.
    func bytes(epoch: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerLength + payload.count)
        bytes.append(littleEndian: Self.magic)
        bytes.append(littleEndian: UInt32(payload.count))
        bytes.append(littleEndian: sequence)
        var sum = CRC32C(seed: epoch)
        sum.update(bytes[...])
        sum.update(payload[...])
        bytes.append(littleEndian: sum.value)
        bytes.append(contentsOf: payload)
        return bytes
    }

    enum Reading {
        /// A frame, and where the next one starts.
        case frame(Frame, next: Int)
        /// The bytes end inside a frame that may be whole on disk.
        case short(needed: Int)
        /// No frame starts here.
        case damaged
    }

    /// Looks at the bytes from the place on.
    static func read(_ bytes: ArraySlice<UInt8>, epoch: [UInt8], limit: Int) -> Reading {
        guard bytes.count >= headerLength else { return .short(needed: headerLength) }
        let start = bytes.startIndex
        let length = Int(bytes.littleEndian(UInt32.self, at: start + 4))
        guard bytes.littleEndian(UInt32.self, at: start) == magic, length <= limit else { return .damaged }
        guard bytes.count >= headerLength + length else { return .short(needed: headerLength + length) }
        let end = start + headerLength + length
        var sum = CRC32C(seed: epoch)
        sum.update(bytes[start..<(start + 16)])
        sum.update(bytes[(start + headerLength)..<end])
        guard sum.value == bytes.littleEndian(UInt32.self, at: start + 16) else { return .damaged }
        let sequence = bytes.littleEndian(UInt64.self, at: start + 8)
        return .frame(Frame(sequence: sequence, payload: Array(bytes[(start + headerLength)..<end])), next: end)
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}

extension ArraySlice<UInt8> {
    func littleEndian<Number: FixedWidthInteger>(_ type: Number.Type, at index: Int) -> Number {
        var number: Number = 0
        for offset in 0..<(Number.bitWidth / 8) { number |= Number(truncatingIfNeeded: self[index + offset]) << (offset * 8) }
        return number
    }
}
