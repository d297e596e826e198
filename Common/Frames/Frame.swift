/// One entry of a file: `magic | length | sequence | sum of these | sum of the payload | payload`, all numbers
/// little-endian.
///
/// The header has a sum of its own, so that a frame that the file's end cuts off is told from one whose length is
/// damaged. Sums are seeded with the file's random epoch: log lines are written by attackers: without the seed a line
/// could hold the bytes of a frame, and a search for the next good frame after damage would find it.
package struct Frame: Sendable, Hashable {
    /// Rises within a file.
    package var sequence: UInt64
    /// Any bytes.
    package var payload: [UInt8]

    package init(sequence: UInt64, payload: [UInt8]) {
        self.sequence = sequence
        self.payload = payload
    }

    /// Bytes before the payload.
    package static let headerLength = 24
    private static let magic: UInt32 = 0x3146_7243

    /// The bytes on disk.
    package func bytes(epoch: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerLength + payload.count)
        Self.append(payload, sequence: sequence, seed: CRC32C(seed: epoch), to: &bytes)
        return bytes
    }

    /// Puts a frame's bytes at the end, without a frame.
    /// - Parameter seed: A sum of the file's epoch alone.
    package static func append(_ payload: [UInt8], sequence: UInt64, seed: CRC32C, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(littleEndian: magic)
        bytes.append(littleEndian: UInt32(payload.count))
        bytes.append(littleEndian: sequence)
        bytes.append(littleEndian: sum(bytes[start...], seed))
        bytes.append(littleEndian: sum(payload[...], seed))
        bytes.append(contentsOf: payload)
    }

    private static func sum(_ bytes: ArraySlice<UInt8>, _ seed: CRC32C) -> UInt32 {
        var sum = seed
        sum.update(bytes)
        return sum.value
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
        let seed = CRC32C(seed: epoch)
        let length = Int(bytes.littleEndian(UInt32.self, at: start + 4))
        guard bytes.littleEndian(UInt32.self, at: start) == magic, length <= limit,
            bytes.littleEndian(UInt32.self, at: start + 16) == sum(bytes[start..<(start + 16)], seed)
        else { return .damaged }
        guard bytes.count >= headerLength + length else { return .short(needed: headerLength + length) }
        let end = start + headerLength + length
        let payload = bytes[(start + headerLength)..<end]
        guard bytes.littleEndian(UInt32.self, at: start + 20) == sum(payload, seed) else { return .damaged }
        let sequence = bytes.littleEndian(UInt64.self, at: start + 8)
        return .frame(Frame(sequence: sequence, payload: Array(payload)), next: end)
    }
}

extension [UInt8] {
    /// Puts the number at the end, lowest byte first.
    package mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        unsafe Swift.withUnsafeBytes(of: number.littleEndian) { unsafe append(contentsOf: $0) }
    }
}

extension ArraySlice<UInt8> {
    /// The number whose lowest byte is at the index; there must be enough bytes.
    package func littleEndian<Number: FixedWidthInteger>(_ type: Number.Type, at index: Int) -> Number {
        var number: Number = 0
        for offset in 0..<(Number.bitWidth / 8) {
            number |= Number(truncatingIfNeeded: self[index + offset]) << (offset * 8)
        }
        return number
    }
}
