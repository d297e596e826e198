internal import CordonModel
internal import CordonScan

/// The arguments of an execution, put together from the EXECVE records of one event: the kernel splits many arguments
/// over several records, and one long argument into `a1_len=… a1[0]=… a1[1]=…`.
struct AuditArguments: Sendable {
    /// In their order; holes are empty.
    var values: [String]
    /// How many there were by the kernel's word.
    var count: Int64
    /// Whether there is less here than there was.
    var isCut: Bool

    static let limit = 4096

    /// `nil` when there is no EXECVE record.
    init?(_ records: [AuditRecord]) {
        let records = records.filter { $0.type == "EXECVE" }
        guard !records.isEmpty else { return nil }
        count = records.compactMap { $0.number("argc") }.max() ?? 0
        var parts: [Int: [Int: [UInt8]]] = [:]
        for field in records.flatMap(\.fields) {
            guard let (index, part) = Self.place(field.name), index < Self.limit, part < Self.limit else { continue }
            parts[index, default: [:]][part] = field.value
        }
        let found = (parts.keys.max() ?? -1) + 1
        values = (0..<found).map { index in
            let pieces = (parts[index] ?? [:]).sorted { $0.key < $1.key }
            return AuditText.text(pieces.flatMap(\.value))
        }
        isCut = parts.count < count
    }

    /// `a7` is the whole of argument 7, `a7[2]` a part of it.
    private static func place(_ name: String) -> (index: Int, part: Int)? {
        var rest = Array(name.utf8)[...]
        guard rest.take("a"), let index = rest.takeDecimal() else { return nil }
        if rest.isEmpty { return (Int(index), 0) }
        guard rest.take("["), let part = rest.takeDecimal(), rest.take("]"), rest.isEmpty else { return nil }
        return (Int(index), Int(part))
    }

    /// As Sysmon shows it, and as Sigma rules expect it: joined by one blank, nothing quoted.
    var commandLine: String { values.joined(separator: " ") }
}
