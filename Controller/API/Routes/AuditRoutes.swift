internal import CordonModel
internal import CordonScan
internal import HTTPTypes
internal import Hummingbird

extension API {
    /// The audit chain.
    static var auditRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/audit", name: "listAudit", tag: "audit", summary: "Audit records, newest first.",
                admission: .role(.analyst),
                query: .page(.init("subject", .text(.plain, length: 1...300), "Only of this subject: `host:ID`, `case:ID`, `user:NAME`, …")),
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
                summary: "The whole chain as JSON lines, for keeping and checking elsewhere (`cordon audit verify --file`). "
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
            try await audit.export { try await writer.write(ByteBuffer(string: $0)) }
            try await writer.finish(nil)
        }
        return .content(body, mediaType: "application/jsonl", headers: [:])
    }
}
