internal import SystemPackage

/// One file of the spool: a header, then frames whose sequence numbers rise.
struct Segment: Sendable {
    /// The sequence number of its first frame.
    let first: UInt64
    let name: String
    /// Bytes of it that count.
    var size: Int

    init(first: UInt64, size: Int) {
        self.first = first
        self.size = size
        let digits = String(first, radix: 16)
        name = String(repeating: "0", count: 16 - digits.utf8.count) + digits + Self.suffix
    }

    /// The sequence number that a file's name says; `nil` for other files.
    static func first(ofName name: String) -> UInt64? {
        guard name.utf8.count == 16 + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        return UInt64(name.prefix(16), radix: 16)
    }

    private static let suffix = ".seg"
}

/// What a file of frames starts with: what it is, its epoch, its first sequence number, and a sum.
struct FileHeader: Sendable, Hashable {
    let epoch: [UInt8]
    let first: UInt64

    static let length = 36
    private static let magic: [UInt8] = Array("CORDFRM1".utf8)

    var bytes: [UInt8] {
        var bytes = Self.magic + epoch
        bytes.append(littleEndian: first)
        var sum = CRC32C()
        sum.update(bytes[...])
        bytes.append(littleEndian: sum.value)
        return bytes
    }

    init(epoch: [UInt8], first: UInt64) {
        self.epoch = epoch
        self.first = first
    }

    /// `nil` when the bytes are no header.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.length, Array(bytes[..<8]) == Self.magic else { return nil }
        var sum = CRC32C()
        sum.update(bytes[..<32])
        guard sum.value == bytes[...].littleEndian(UInt32.self, at: 32) else { return nil }
        epoch = Array(bytes[8..<24])
        first = bytes[...].littleEndian(UInt64.self, at: 24)
    }
}
