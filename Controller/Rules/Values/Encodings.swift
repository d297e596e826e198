/// The encodings of Modifiers, Encoding.
enum Encodings {
    enum ByteOrder { case little, big }

    static func utf16(_ text: String, _ order: ByteOrder, hasMark: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = hasMark ? [0xFF, 0xFE] : []
        for unit in text.utf16 {
            let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
            bytes += order == .little ? [low, high] : [high, low]
        }
        return bytes
    }

    /// RFC 4648, section 4, with padding.
    static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for index in 0..<3 { word = word << 8 | UInt32(index < group.count ? group[start + index] : 0) }
            for index in 0..<4 {
                let isPadding = index > group.count
                text.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(word >> (18 - 6 * UInt32(index)) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The part of the encoding that does not depend on what stands around the bytes, at each of the three offsets;
    /// empty ones are left out.
    static func base64Offsets(_ bytes: [UInt8]) -> [String] {
        (0..<3).compactMap { offset in
            let encoded = base64([UInt8](repeating: 0x20, count: offset) + bytes)
            // Characters that hold bits of what stands before or after.
            let before = [0, 2, 3][offset]
            let after = [0, 3, 2][(bytes.count + offset) % 3]
            let stable = encoded.dropFirst(before).dropLast(after)
            return stable.isEmpty ? nil : String(stable)
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}
