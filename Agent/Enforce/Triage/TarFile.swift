/// Entries of a tar archive: ustar (POSIX.1-1988), plain files only.
enum TarFile {
    private static let block = 512
    /// Two empty blocks end an archive.
    static let end = [UInt8](repeating: 0, count: 2 * block)

    /// Bytes that a file of that size takes.
    static func length(of size: Int) -> Int { block + (size + block - 1) / block * block }

    /// The header and the content, filled up to whole blocks.
    /// - Parameters:
    ///   - name: Of plain ASCII; its first 99 bytes.
    ///   - time: Seconds since the Unix epoch.
    static func entry(_ name: String, _ content: [UInt8], time: Int64) -> [UInt8] {
        var head = [UInt8](repeating: 0, count: block)
        func put(_ text: String, at offset: Int) {
            head.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(String(name.prefix(99)), at: 0)
        put("0000600", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(Int64(content.count)), at: 124)
        put(octal(max(0, time)), at: 136)
        // The sum is made with blanks in its own place.
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        let sum = head.reduce(0) { $0 + Int64($1) }
        put(String(octal(sum).suffix(6)) + "\u{0} ", at: 148)
        return head + content + [UInt8](repeating: 0, count: length(of: content.count) - block - content.count)
    }

    /// Eleven digits.
    private static func octal(_ number: Int64) -> String {
        let digits = String(number, radix: 8)
        return String(repeating: "0", count: max(0, 11 - digits.count)) + digits
    }
}
