internal import CordonModel
internal import CordonScan

extension AuditRecord {
    /// Reads `[node=NAME ]type=TYPE msg=audit(SECONDS.MILLIS:SERIAL): fields`; `nil` for anything else.
    init?(line: [UInt8]) {
        var rest = line[...].trimmed
        var node = ""
        if rest.take("node=") { node = AuditText.text(rest.word().prefix(256)) }
        guard rest.take("type=") else { return nil }
        let type = rest.word()
        guard (1...64).contains(type.count), rest.take("msg=") else { return nil }
        self.init(type: AuditText.text(type), message: rest, node: node, raw: line)
    }

    /// Reads what a netlink message holds, `audit(SECONDS.MILLIS:SERIAL): fields`.
    init?(type: String, message: ArraySlice<UInt8>, node: String = "", raw: [UInt8]) {
        var rest = message
        guard rest.take("audit("), let seconds = rest.takeDecimal(), seconds < 100_000_000_000, rest.take("."),
            let milliseconds = rest.takeDecimal(), milliseconds < 1000, rest.take(":"),
            let serial = rest.takeDecimal(), rest.take(")")
        else { return nil }
        let timestamp = Timestamp(microseconds: seconds * 1_000_000 + milliseconds * 1000)
        self.type = type
        key = Key(node: node, timestamp: timestamp, serial: serial)
        fields = []
        self.raw = raw
        var parser = AuditFields(rest: rest, type: type)
        while fields.count < Self.fieldLimit, let field = parser.next() { fields.append(field) }
    }
}

/// Takes the fields of a record off its text: `name=value` with bare, quoted and encoded values, those inside
/// `msg='…'`, and those that ENRICHED logs add behind the byte 0x1D.
private struct AuditFields {
    var rest: ArraySlice<UInt8>
    let type: String

    mutating func next() -> AuditRecord.Field? {
        while true {
            while let byte = rest.first, Self.isSeparator(byte) { rest.removeFirst() }
            guard !rest.isEmpty else { return nil }
            let word = rest.prefix { $0 != UInt8(ascii: "=") && !Self.isSeparator($0) }
            rest = rest[word.endIndex...]
            guard rest.first == UInt8(ascii: "="), !word.isEmpty else {
                if let field = decision(word) { return field }
                continue
            }
            rest.removeFirst()
            // `msg='` opens the message of a user-space program: its fields are fields.
            if rest.first == UInt8(ascii: "'") { continue }
            return field(AuditText.text(word.prefix(128)))
        }
    }

    /// SELinux says in words what it decided: `avc:  denied  { read write } for`.
    private mutating func decision(_ word: ArraySlice<UInt8>) -> AuditRecord.Field? {
        if word.isEmpty, rest.first != nil {
            rest.removeFirst()
            return nil
        }
        guard type.hasSuffix("AVC") else { return nil }
        if word.elementsEqual("denied".utf8) || word.elementsEqual("granted".utf8) {
            return AuditRecord.Field(name: "seresult", value: Array(word))
        }
        guard word.elementsEqual("{".utf8), let permissions = rest.take(until: "}") else { return nil }
        return AuditRecord.Field(name: "seperms", value: Array(permissions.trimmed))
    }

    private mutating func field(_ name: String) -> AuditRecord.Field {
        if rest.first == UInt8(ascii: "\""), let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "\"")) {
            defer { rest = rest[(end + 1)...] }
            return AuditRecord.Field(name: name, value: Array(rest[(rest.startIndex + 1)..<end]))
        }
        // The byte 0x1D behind it is easily lost where logs are copied.
        if rest.take("(null)") { return AuditRecord.Field(name: name, value: Array("(null)".utf8)) }
        var value = rest.prefix { $0 != 0x20 && $0 != 0x1D && $0 != 0x00 }
        rest = rest[value.endIndex...]
        while let last = value.last, last == UInt8(ascii: "'") || last == UInt8(ascii: ",") || last == UInt8(ascii: ")")
        {
            // `(null)` and `(none)` are whole words.
            if last == UInt8(ascii: ")"), value.first == UInt8(ascii: "(") { break }
            value.removeLast()
        }
        if mayBeEncoded(name), let bytes = AuditText.decoded(value) {
            return AuditRecord.Field(name: name, value: bytes)
        }
        return AuditRecord.Field(name: name, value: Array(value))
    }

    /// Whether a bare value of the name may be an encoded string. Others, as the pointers `a0`–`a3` of SYSCALL, are
    /// numbers in hexadecimal.
    private func mayBeEncoded(_ name: String) -> Bool {
        if type == "EXECVE" {
            return name.first == "a" && name.dropFirst().first?.isNumber == true && !name.hasSuffix("_len")
        }
        return Self.encoded.contains(name)
    }

    private static let encoded: Set<String> = [
        "acct", "cgroup", "cmd", "comm", "cwd", "data", "device", "dir", "exe", "file", "grp", "id_name", "key", "name",
        "new_group", "ocomm", "old-name", "path", "proctitle", "profile", "root_dir", "unit", "vm", "watch",
    ]

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x1D || byte == 0x09 || byte == 0x00 || byte == UInt8(ascii: ",")
            || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")")
    }
}
