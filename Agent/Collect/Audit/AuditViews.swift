internal import CordonModel
internal import CordonScan

/// The single records of an event as Sigma's auditd rules see them: one JSON object a record in `auditd.records`, its
/// member `type` the record's type, the others its fields under their own names, all text (`key` with several keys is a
/// list). Strings are decoded, split arguments are joined, and what a RAW log only numbers stands beside the numbers in
/// the upper-case fields of ENRICHED ones: `ARCH`, `SYSCALL`, `AUID`, `UID`, ….
enum AuditViews {
    /// Records of one event that are shown; of the others only PATH is likely to be there, and is left out first.
    static let limit = FieldValue.textsLimit
    /// Bytes of one value, and of one record.
    static let valueLimit = 4096
    static let byteLimit = 15 * 1024

    static func texts(of event: AuditEvent, reading: AuditReading) -> [String] {
        var shown = event.records.filter { $0.type != "EXECVE" }
        if shown.count >= limit { shown = shown.filter { $0.type != "PATH" } + shown.filter { $0.type == "PATH" } }
        var texts = shown.prefix(limit - 1).map { text($0.type, fields(of: $0, reading)) }
        if let arguments = AuditArguments(event.records) {
            var fields: [(String, JSONValue)] = [("argc", .text(String(arguments.count)))]
            for (index, value) in arguments.values.enumerated() { fields.append(("a\(index)", .text(value))) }
            texts.insert(text("EXECVE", fields), at: min(1, texts.count))
        }
        return texts
    }

    private static func fields(of record: AuditRecord, _ reading: AuditReading) -> [(String, JSONValue)] {
        var fields: [(String, JSONValue)] = []
        for field in record.fields where !fields.contains(where: { $0.0 == field.name }) {
            switch field.name {
            case "key":
                let keys = field.value.split(separator: 1).map { JSONValue.text(AuditText.text($0)) }
                fields.append(("key", keys.count > 1 ? .array(keys) : keys.first ?? ""))
            case "proctitle": fields.append(("proctitle", .text(AuditReading.title(field.value))))
            default: fields.append((field.name, .text(field.text)))
            }
        }
        func add(_ name: String, _ value: String?) {
            if let value, !fields.contains(where: { $0.0 == name }) { fields.append((name, .text(value))) }
        }
        let architecture = record.text("arch").flatMap { AuditSyscalls.architecture($0) }
        add("ARCH", architecture)
        if record.type == "SYSCALL", let number = record.number("syscall") {
            add("SYSCALL", AuditSyscalls.name(number, on: architecture ?? ""))
        }
        for name in ["auid", "uid", "euid", "suid", "fsuid", "ouid"] {
            add(name.uppercased(), record.identity(name).flatMap { reading.users.user($0) })
        }
        for name in ["gid", "egid", "sgid", "fsgid", "ogid"] {
            add(name.uppercased(), record.identity(name).flatMap { reading.users.group($0) })
        }
        return fields
    }

    private static func text(_ type: String, _ fields: [(String, JSONValue)]) -> String {
        var object = JSONObject()
        object["type"] = .text(type)
        var bytes = 0
        for (name, value) in fields {
            var value = value
            if case .text(let text) = value { value = .text(AuditText.cut(text, to: valueLimit)) }
            bytes += JSONValue.text(name).bytes().count + value.bytes().count + 2
            if bytes > byteLimit {
                object["cut"] = "true"
                break
            }
            if name != "type" { object[name] = value }
        }
        return String(decoding: JSONValue.object(object).bytes(.compact), as: UTF8.self)
    }
}
