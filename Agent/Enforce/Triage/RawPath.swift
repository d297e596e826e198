/// A path as the kernel has it: bytes, which need not be a text.
struct RawPath: Hashable {
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    func appending(_ name: [UInt8]) -> RawPath {
        RawPath(bytes: (bytes == [0x2F] ? [] : bytes) + [0x2F] + name)
    }

    var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// What is no text is told by its bytes: `\xFF`.
    var text: String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return bytes.map { byte in
            if 0x20..<0x7F ~= byte { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16, uppercase: true)
            return "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
        }.joined()
    }
}
