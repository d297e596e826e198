internal import CordonModel
internal import CordonScan

/// One line of the audit log, as Sigma's rules for `auditd` name its parts: `type`, and each `name=value` decoded.
///
/// Values that the kernel writes in hexadecimal, since they hold blanks, quotes or other bytes, are given as text; which
/// names those are is known, for other values may look the same. NUL becomes a space; what is not UTF-8 becomes U+FFFD.
/// Behind 0x1D stand the translations of the ENRICHED format, in capital names. The text in `msg='…'` is split too.
struct AuditRecord {
    var type: String
    var fields: [(name: String, value: String)] = []

    /// Lines of one event that are looked at, and values of one line.
    static let most = 512

    /// `nil` for a line that is no audit record.
    init?(_ line: ArraySlice<UInt8>) {
        var rest = line
        if rest.hasPrefix("node=") { _ = rest.word() }
        guard rest.take("type=") else { return nil }
        type = rest.word().string
        guard !type.isEmpty else { return nil }
        fields.append(("type", type))
        if rest.hasPrefix("msg=audit(") { _ = rest.take(until: ": ") ?? rest.take(until: ":") }
        read(rest)
    }

    private mutating func read(_ text: ArraySlice<UInt8>) {
        var rest = text
        while !rest.isEmpty, fields.count < Self.most {
            while let byte = rest.first, byte <= 0x20 { rest.removeFirst() }
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 > 0x20 }
            rest.removeFirst(name.count)
            guard rest.first == UInt8(ascii: "="), !name.isEmpty else { continue }
            rest.removeFirst()
            add(name.string, &rest)
        }
    }

    private mutating func add(_ name: String, _ rest: inout ArraySlice<UInt8>) {
        if name == "msg", rest.take("'") {
            let inner = rest.prefix { $0 != UInt8(ascii: "'") }
            rest.removeFirst(inner.count)
            read(inner)
            return
        }
        if rest.take("\"") {
            fields.append((name, rest.word(until: UInt8(ascii: "\"")).string))
            return
        }
        let value = rest.prefix { $0 > 0x20 }
        rest.removeFirst(value.count)
        fields.append((name, isEncoded(name) ? decoded(value) ?? value.string : value.string))
    }

    /// Whether the kernel may write the value in hexadecimal (audit_log_untrustedstring).
    private func isEncoded(_ name: String) -> Bool {
        switch name {
        case "comm", "exe", "cwd", "name", "key", "proctitle", "cmd", "acct", "data", "path", "dir", "vm", "watch",
            "ocomm", "unit":
            true
        // In SYSCALL they are pointers.
        default:
            type == "EXECVE" && name.first == "a" && name.dropFirst().first?.isNumber == true && !name.hasSuffix("len")
        }
    }

    private func decoded(_ value: ArraySlice<UInt8>) -> String? {
        guard value.count >= 2, value.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.count / 2)
        var place = value.startIndex
        while place < value.endIndex {
            guard let high = HexDigit.value(value[place]), let low = HexDigit.value(value[place + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
            place += 2
        }
        return String(decoding: bytes.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
    }
}
