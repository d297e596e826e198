internal import CordonModel
internal import CordonScan
internal import CordonTrust
internal import HTTPTypes
internal import Hummingbird

extension API {
    /// The audit chain.
    static var auditRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/audit", name: "listAudit", tag: "audit",
                summary: "Audit records, newest first.",
                admission: .role(.analyst),
                query: .page(
                    .init(
                        "subject", .text(.plain, length: 1...300),
                        "Only of this subject: `host:ID`, `case:ID`, `user:NAME`, …")),
                answer: .json(.page("AuditRecord", AuditView.record))
            ) { call in
                let records = try await call.services.audit.newest(
                    before: try call.number().map { Int64($0) }, subject: call.query["subject"]?.text, limit: call.limit
                )
                return .page(records.map(AuditView.json), next: records.count == call.limit ? records.last?.index : nil)
            },
            Route(
                method: .get, path: "\(root)/audit/verification", name: "verifyAudit", tag: "audit",
                summary: "Checks every record and signed checkpoint of the audit chain.", admission: .role(.analyst),
                answer: .json(AuditView.finding)
            ) { call in
                let audit = call.services.audit
                return .json(AuditView.json(try await audit.verify(), key: audit.auditKey))
            },
            Route(
                method: .get, path: "\(root)/audit/export", name: "exportAudit", tag: "audit",
                summary:
                    "The whole chain as JSON lines, for keeping and checking elsewhere (`cordon audit verify --file`). "
                    + "The first line names the audit key.",
                admission: .role(.administrator), answer: .media("application/jsonl"), handle: exportAudit
            ),
        ]
    }

    @Sendable private static func exportAudit(_ call: Call) async throws -> Reply {
        let audit = call.services.audit
        let body = ResponseBody { writer in
            let key: JSONValue = ["audit_key": .text(HexDigit.text(audit.auditKey.rawBytes))]
            try await writer.write(ByteBuffer(string: key.json() + "\n"))
            // Before the records, which end where the last of them stands: an export is whole, whatever is made meanwhile.
            let checkpoints = try await audit.checkpoints()
            let end = checkpoints.map(\.index).max() ?? 0
            var last: Int64 = 0
            while last < end {
                let page = try await audit.records(after: last, limit: Int(min(1000, end - last)))
                guard let next = page.last?.index else { break }
                try await writer.write(ByteBuffer(string: page.map(AuditExportLine.text).joined()))
                last = next
            }
            if !checkpoints.isEmpty {
                try await writer.write(ByteBuffer(string: checkpoints.map(AuditExportLine.text).joined()))
            }
            try await writer.finish(nil)
        }
        return .content(body, mediaType: "application/jsonl", headers: [:])
    }
}

/// The export's lines, each with its line feed; what `cordon audit verify --file` reads.
enum AuditExportLine {
    static func text(of record: AuditRecord) -> String {
        let entry = record.entry
        var details = JSONObject()
        for (key, value) in entry.details.sorted(by: { $0.key < $1.key }) { details[key] = .text(value) }
        let value: JSONValue = [
            "index": .integer(record.index), "at_us": .integer(entry.at.microseconds), "actor": .text(entry.actor),
            "verb": .text(entry.verb), "subject": .text(entry.subject), "details": .object(details),
            "hash": .text(HexDigit.text(record.hash)),
        ]
        return value.json() + "\n"
    }

    static func text(of checkpoint: AuditCheckpoint) -> String {
        let value: JSONValue = [
            "checkpoint": .integer(checkpoint.index), "hash": .text(HexDigit.text(checkpoint.hash)),
            "signature": .text(HexDigit.text(checkpoint.signature)),
        ]
        return value.json() + "\n"
    }
}
