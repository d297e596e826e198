internal import CLinux

/// The Castagnoli cyclic redundancy check of RFC 3720 §12.1 (iSCSI), as storage uses it.
package struct CRC32C: Sendable {
    private var state: UInt32
    private let usesProcessor: Bool

    /// Whether the processor has an instruction for it.
    package static let isBuiltIn = clinux_has_crc32c() == 1

    /// A seed other than nothing makes sums that do not fit files of another seed.
    /// - Parameter usesProcessor: `false` does without the processor's instruction; the sums are the same.
    package init(seed: some Sequence<UInt8> = EmptyCollection(), usesProcessor: Bool = true) {
        state = .max
        self.usesProcessor = usesProcessor && Self.isBuiltIn
        for byte in seed { update(byte) }
    }

    /// The sum of what was given so far.
    package var value: UInt32 { ~state }

    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        guard !usesProcessor else {
            let before = state
            state = unsafe bytes.withUnsafeBytes { unsafe clinux_crc32c(before, $0.baseAddress, $0.count) }
            return
        }
        var state = state
        let table = Self.table
        var index = bytes.startIndex
        while index + 4 <= bytes.endIndex {
            state ^=
                UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
                | UInt32(bytes[index + 3]) << 24
            let low = table[768 + Int(state & 255)] ^ table[512 + Int(state >> 8 & 255)]
            let high = table[256 + Int(state >> 16 & 255)] ^ table[Int(state >> 24)]
            state = low ^ high
            index += 4
        }
        self.state = state
        while index < bytes.endIndex {
            update(bytes[index])
            index += 1
        }
    }

    private mutating func update(_ byte: UInt8) {
        state = state >> 8 ^ Self.table[Int((state ^ UInt32(byte)) & 255)]
    }

    /// Four tables of 256: slicing by four.
    private static let table: [UInt32] = {
        var table = [UInt32](repeating: 0, count: 1024)
        for index in 0..<256 {
            var word = UInt32(index)
            for _ in 0..<8 { word = word >> 1 ^ (word & 1 == 1 ? 0x82F6_3B78 : 0) }
            table[index] = word
        }
        for index in 0..<256 {
            for slice in 1..<4 {
                let previous = table[(slice - 1) * 256 + index]
                table[slice * 256 + index] = previous >> 8 ^ table[Int(previous & 255)]
            }
        }
        return table
    }()
}
