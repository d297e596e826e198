internal import CordonModel
internal import CordonScan

/// One record of the audit subsystem: a line of `audit.log`, or what a netlink message holds.
struct AuditRecord: Sendable {
    /// As `SYSCALL`, `EXECVE`, `USER_LOGIN`.
    var type: String
    /// By what the records of one event belong together.
    var key: Key
    /// In their order; strings that the kernel had encoded are decoded, so that any byte may be there.
    var fields: [Field]
    /// The line as it was.
    var raw: [UInt8]

    struct Key: Sendable, Hashable {
        /// Of which host, where logs of several are gathered; usually empty.
        var node: String
        /// To the millisecond.
        var timestamp: Timestamp
        /// Starts anew at boot, and wraps.
        var serial: Int64

        /// As the log writes it, `1626611363.720:348501`.
        var text: String {
            let milliseconds = timestamp.milliseconds
            let fraction = String(1000 + milliseconds % 1000).dropFirst()
            return "\(milliseconds / 1000).\(fraction):\(serial)"
        }
    }

    struct Field: Sendable {
        var name: String
        var value: [UInt8]

        /// The value; bytes that are not UTF-8 are written as `\xNN`, control characters stay.
        var text: String { AuditText.text(value) }
    }

    /// Fields of one record at most; the rest is passed over. EXECVE records have the most, and the kernel cuts them at
    /// 8 KiB.
    static let fieldLimit = 4096

    /// The first field of the name; `nil` where it is absent or says that there is nothing (`?`, `(null)`, `(none)`).
    func text(_ name: String) -> String? {
        guard let field = fields.first(where: { $0.name == name }) else { return nil }
        let text = field.text
        return text == "?" || text == "(null)" || text == "(none)" || text.isEmpty ? nil : text
    }

    func bytes(_ name: String) -> [UInt8]? { fields.first { $0.name == name }?.value }

    func number(_ name: String) -> Int64? { text(name).flatMap { Int64($0) } }

    /// A user's or group's number; `nil` where it is not set (4294967295, also written -1 or `unset`).
    func identity(_ name: String) -> Int64? {
        guard let number = number(name), number >= 0, number != 4_294_967_295 else { return nil }
        return number
    }
}

/// Bytes as text.
enum AuditText {
    /// The text; bytes that are not UTF-8 are written as `\xNN`, so that nothing is lost.
    static func text(_ bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return escaped(bytes)
    }

    /// The text, cut to so many bytes at a whole character.
    static func cut(_ text: String, to bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: bytes)
        while end.samePosition(in: text.unicodeScalars) == nil { text.utf8.formIndex(before: &end) }
        return String(text[..<end])
    }

    private static func escaped(_ bytes: some Collection<UInt8>) -> String {
        var text = ""
        for byte in bytes {
            if byte < 0x80 {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x" + HexDigit.text([byte])
            }
        }
        return text
    }

    /// The bytes that upper-case hexadecimal digits spell, as the kernel writes strings with blanks, quotes or control
    /// characters in them; `nil` for anything else.
    static func decoded(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        guard digits.count >= 2, digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard !(UInt8(ascii: "a")...UInt8(ascii: "f")).contains(digit), let value = HexDigit.value(digit) else {
                return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }
}
