/// What bytes are as text.
enum Encoding: String, Sendable, Hashable {
    /// And anything else that has lines ending in one byte 0x0A: kept as it is.
    case bytes
    case utf16LittleEndian = "utf-16le"
    case utf16BigEndian = "utf-16be"

    /// As the file's first bytes say (the byte order mark), and how many they are.
    static func told(by head: some Collection<UInt8>) -> (encoding: Encoding, mark: Int) {
        switch Array(head.prefix(3)) {
        case [0xEF, 0xBB, 0xBF]: (.bytes, 3)
        case let mark where mark.starts(with: [0xFF, 0xFE]): (.utf16LittleEndian, 2)
        case let mark where mark.starts(with: [0xFE, 0xFF]): (.utf16BigEndian, 2)
        default: (.bytes, 0)
        }
    }

    /// Bytes of a line break.
    var unit: Int { self == .bytes ? 1 : 2 }

    /// The bytes as UTF-8; what is no text becomes U+FFFD.
    func utf8(_ bytes: [UInt8]) -> [UInt8] {
        guard self != .bytes else { return bytes }
        let (low, high) = self == .utf16LittleEndian ? (0, 1) : (1, 0)
        let units = stride(from: 0, to: bytes.count - 1, by: 2).map {
            UInt16(bytes[$0 + low]) | UInt16(bytes[$0 + high]) << 8
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// Whether the bytes are UTF-8. Logs nearly always are, and nearly always ASCII.
    static func isUTF8(_ bytes: [UInt8]) -> Bool {
        let isASCII = unsafe bytes.withUnsafeBytes { raw in
            var index = 0
            while index + 8 <= raw.count {
                let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if word & 0x8080_8080_8080_8080 != 0 { return false }
                index += 8
            }
            while index < raw.count {
                if unsafe raw[index] >= 0x80 { return false }
                index += 1
            }
            return true
        }
        return isASCII || String(validating: bytes, as: UTF8.self) != nil
    }
}
