/// What a file of frames starts with: what it is, its epoch, its first sequence number, and a sum.
package struct FileHeader: Sendable, Hashable {
    /// 16 random bytes that the sums of the file's frames are seeded with.
    package let epoch: [UInt8]
    /// The sequence number of the first frame.
    package let first: UInt64

    /// Bytes of a header.
    package static let length = 36
    static let magic: [UInt8] = Array("CORDFRM1".utf8)

    /// The bytes on disk.
    package var bytes: [UInt8] {
        var bytes = Self.magic + epoch
        bytes.append(littleEndian: first)
        var sum = CRC32C()
        sum.update(bytes[...])
        bytes.append(littleEndian: sum.value)
        return bytes
    }

    package init(epoch: [UInt8], first: UInt64) {
        self.epoch = epoch
        self.first = first
    }

    /// `nil` when the bytes are no header.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.length, Array(bytes[..<8]) == Self.magic else { return nil }
        var sum = CRC32C()
        sum.update(bytes[..<32])
        guard sum.value == bytes[...].littleEndian(UInt32.self, at: 32) else { return nil }
        epoch = Array(bytes[8..<24])
        first = bytes[...].littleEndian(UInt64.self, at: 24)
    }

    /// Whether the bytes may be a header that was cut off while it was written.
    static func isBeginning(_ bytes: [UInt8]) -> Bool {
        let count = min(bytes.count, magic.count)
        return bytes[..<count] == magic[..<count] || bytes.allSatisfy { $0 == 0 }
    }
}
