package import ControllerFleet
package import CordonModel
internal import GRDB

extension FleetStore: EvidenceRepository {
    package func add(_ evidence: EvidenceRecord, recording entry: AuditEntry) async throws {
        try await database.transact { connection, entries in
            let added = try connection.run(
                """
                INSERT INTO fleet_evidence (order_id, agent_id, case_id, kind, name, sha256, size, received_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (order_id) DO NOTHING
                """, evidence.order, evidence.host, evidence.caseID, evidence.kind.rawValue,
                evidence.name, evidence.sha256, evidence.size, evidence.receivedAt)
            if added > 0 { entries.append(entry) }
        }
    }

    package func evidence(_ order: OrderID) async throws -> EvidenceRecord? {
        try await database.read { connection in
            try connection.row("SELECT * FROM fleet_evidence WHERE order_id = $1", order).map(Self.evidence)
        }
    }

    package func evidence(_ filter: EvidenceFilter) async throws -> [EvidenceRecord] {
        try await database.read { connection in
            var conditions = Conditions()
            conditions.add("agent_id = $", filter.host)
            conditions.add("case_id = $", filter.caseID)
            conditions.add("order_id < $", filter.before)
            let limit = conditions.next(min(max(filter.limit, 1), 1000))
            let sql = "SELECT * FROM fleet_evidence \(conditions.text) ORDER BY order_id DESC LIMIT \(limit)"
            return try connection.rows(sql, values: conditions.values).map(Self.evidence)
        }
    }

    package func evidenceBytes() async throws -> Int64 {
        try await database.read { connection in
            try connection.row("SELECT coalesce(sum(size), 0) AS bytes FROM fleet_evidence")?["bytes"] ?? 0
        }
    }

    package func isEvidence(_ sha256: [UInt8]) async throws -> Bool {
        return try await database.read { connection in
            try connection.row("SELECT 1 FROM fleet_evidence WHERE sha256 = $1 LIMIT 1", sha256) != nil
        }
    }

    package func forgetEvidence(
        receivedBefore instant: Timestamp, recording entry: @escaping @Sendable (EvidenceRecord) -> AuditEntry
    ) async throws -> [EvidenceRecord] {
        try await database.transact { connection, entries in
            let old = try connection.rows(
                "SELECT * FROM fleet_evidence WHERE received_at < $1 ORDER BY received_at LIMIT 100", instant
            ).map(Self.evidence)
            for evidence in old {
                try connection.run("DELETE FROM fleet_evidence WHERE order_id = $1", evidence.order)
                entries.append(entry(evidence))
            }
            return old
        }
    }

    private static func evidence(_ row: Row) throws -> EvidenceRecord {
        EvidenceRecord(
            order: try row.identifier("order_id"), host: try row.identifier("agent_id"),
            caseID: try row.optionalIdentifier("case_id"), kind: try row.word("kind"), name: try row.text("name"),
            sha256: try row.bytes("sha256"), size: try row.integer("size"), receivedAt: try row.timestamp("received_at")
        )
    }
}

/// The table of evidence; its bytes are files.
enum EvidenceSchema {
    static let v1: [String] = [
        """
        CREATE TABLE fleet_evidence (
            order_id TEXT NOT NULL PRIMARY KEY,
            agent_id TEXT NOT NULL,
            case_id TEXT,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            sha256 BLOB NOT NULL,
            size BIGINT NOT NULL,
            received_at BIGINT NOT NULL
        )
        """,
        "CREATE INDEX fleet_evidence_agent ON fleet_evidence (agent_id)",
        "CREATE INDEX fleet_evidence_case ON fleet_evidence (case_id)",
        "CREATE INDEX fleet_evidence_sum ON fleet_evidence (sha256)",
        "CREATE INDEX fleet_evidence_received ON fleet_evidence (received_at)",
    ]
}
