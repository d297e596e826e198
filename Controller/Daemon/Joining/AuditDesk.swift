internal import ControllerAPI
internal import ControllerStore
internal import CordonModel
internal import CordonTrust

/// The audit chain as the API reads it.
struct AuditDesk: AuditReading {
    let database: Database
    let reader: AuditReader
    let key: VerifyingKey

    var auditKey: VerifyingKey { key }

    func record(_ entry: AuditEntry) async throws { try await database.record([entry]) }

    func newest(before number: Int64?, subject: String?, limit: Int) async throws -> [AuditRecord] {
        try await reader.newest(before: number, subject: subject, limit: limit)
    }

    func verify() async throws -> AuditFinding {
        let found = try await reader.verify()
        return AuditFinding(
            records: found.records, checkpoints: found.checkpoints, head: found.head,
            fault: found.fault.map { .init(index: $0.index, kind: $0.kind, message: $0.message) })
    }

    func records(after number: Int64, limit: Int) async throws -> [AuditRecord] {
        try await reader.records(after: number, limit: limit)
    }

    func checkpoints() async throws -> [AuditCheckpoint] { try await reader.checkpoints() }
}
