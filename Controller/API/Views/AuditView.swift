internal import CordonModel
internal import CordonScan
internal import CordonTrust

/// The audit chain as the API shows it.
enum AuditView {
    static let record = Schema.named(
        "AuditRecord",
        .object([
            .required("index", .count, "From 1, without gaps."), .required("at", .instant), .required("actor", .string),
            .required("verb", .string), .required("subject", .string), .required("details", .map(.string, most: 1000)),
            .required("hash", .string, "SHA-256 over the hash before and this record."),
        ])
    )

    static let finding = Schema.named(
        "AuditVerification",
        .object([
            .required("intact", .flag), .required("records", .count, "That hold, from the first on."),
            .required("checkpoints", .count), .required("head_index", .count), .required("head_hash", .string),
            .required("key", .string, "The audit key that checkpoints are signed with, hex."),
            .required(
                "fault",
                .nullable(
                    .object([.required("index", .count), .required("kind", .string), .required("message", .string)])
                )
            ),
        ])
    )

    static func json(_ record: AuditRecord) -> JSONValue {
        var details = JSONObject()
        for (key, value) in record.entry.details.sorted(by: { $0.key < $1.key }) { details[key] = .text(value) }
        return [
            "index": .integer(record.index), "at": .text(record.entry.at.rfc3339(fractionDigits: 6)),
            "actor": .text(record.entry.actor), "verb": .text(record.entry.verb),
            "subject": .text(record.entry.subject),
            "details": .object(details), "hash": .text(HexDigit.text(record.hash)),
        ]
    }

    static func json(_ finding: AuditFinding, key: VerifyingKey) -> JSONValue {
        [
            "intact": .flag(finding.fault == nil), "records": .integer(finding.records),
            "checkpoints": .integer(Int64(finding.checkpoints)), "head_index": .integer(finding.head.index),
            "head_hash": .text(HexDigit.text(finding.head.hash)), "key": .text(HexDigit.text(key.rawBytes)),
            "fault": finding.fault.map {
                ["index": .integer($0.index), "kind": .text($0.kind), "message": .text($0.message)]
            } ?? .null,
        ]
    }
}
