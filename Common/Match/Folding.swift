/// Case folding as all our matching does it: ASCII letters byte by byte; a text with anything beyond ASCII by Unicode's
/// full lower-case mapping, scalar by scalar, without regard to place or language. That is not Unicode's case folding
/// (`ß` is not `ss`), and it is the same for rules and events, which is what counts.
package enum Folding {
    /// The lower-case byte of an ASCII capital; any other byte as it is.
    @inline(__always)
    package static func lower(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// The UTF-8 of the folded text.
    package static func fold(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return bytes.allSatisfy { $0 < 0x80 } ? bytes.map(lower) : Array(text.lowercased().utf8)
    }

    /// The folded bytes; what is not UTF-8 becomes U+FFFD first.
    package static func fold(_ bytes: [UInt8]) -> [UInt8] {
        bytes.allSatisfy { $0 < 0x80 } ? bytes.map(lower) : fold(String(decoding: bytes, as: UTF8.self))
    }
}
