package import ControllerFleet
package import CordonModel
internal import GRDB

extension FleetStore: HuntRepository {
    package func save(_ hunt: HuntRecord, recording entries: [AuditEntry]) async throws {
        let question = try JSONText.text(of: hunt.question)
        let budget = try JSONText.text(of: hunt.budget)
        try await database.write(recording: entries) { connection in
            try connection.run(
                """
                INSERT INTO hunt
                (id, question, budget, started_by, reason, started_at, expires_at, state, ended_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at
                """, hunt.id, question, budget, hunt.startedBy, hunt.reason, hunt.startedAt, hunt.expiresAt,
                hunt.state.rawValue, hunt.endedAt)
            for (agent, host) in hunt.hosts { try Self.write(hunt.id, agent, host, connection) }
        }
    }

    package func record(
        _ hunt: HuntID, _ agent: AgentID, _ host: HuntRecord.Host, rows: [[String: String]], from first: Int
    ) async throws {
        let documents = rows.map { JSONText.object($0) }
        try await database.write { connection in
            try Self.write(hunt, agent, host, connection)
            try connection.run(
                "DELETE FROM hunt_row WHERE hunt = $1 AND agent = $2 AND place >= $3", hunt, agent, first)
            for (offset, document) in documents.enumerated() {
                try connection.run(
                    "INSERT INTO hunt_row (hunt, agent, place, document) VALUES ($1, $2, $3, $4)", hunt, agent,
                    first + offset, document)
            }
        }
    }

    private static func write(
        _ hunt: HuntID, _ agent: AgentID, _ host: HuntRecord.Host, _ connection: GRDB.Database
    ) throws {
        try connection.run(
            """
            INSERT INTO hunt_host (hunt, agent, state, found, message, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (hunt, agent) DO UPDATE SET state = excluded.state, found = excluded.found,
                message = excluded.message, changed_at = excluded.changed_at
            """, hunt, agent, host.state.rawValue, host.rows, host.message, host.changedAt)
    }

    package func hunt(_ id: HuntID) async throws -> HuntRecord? {
        try await database.read { connection in
            try connection.row("SELECT * FROM hunt WHERE id = $1", id).map { try Self.hunt($0, connection) }
        }
    }

    package func hunts(before: HuntID?, limit: Int) async throws -> [HuntRecord] {
        try await database.read { connection in
            var conditions = Conditions()
            conditions.add("id < $", before)
            let sql = "SELECT * FROM hunt \(conditions.text) ORDER BY id DESC LIMIT \(conditions.next(limit))"
            return try connection.rows(sql, values: conditions.values).map { try Self.hunt($0, connection) }
        }
    }

    package func runningHunts() async throws -> [HuntRecord] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM hunt WHERE state = 'running' ORDER BY id").map {
                try Self.hunt($0, connection)
            }
        }
    }

    package func forgetHunt(
        endedBefore instant: Timestamp, recording entry: @escaping @Sendable (HuntID) -> AuditEntry
    ) async throws -> Bool {
        try await database.transact { connection, record in
            let oldest = try connection.row(
                "SELECT id FROM hunt WHERE ended_at < $1 AND state <> 'running' ORDER BY id LIMIT 1", instant)
            guard let oldest else { return false }
            let id: HuntID = try oldest.identifier("id")
            let rows = try connection.run(
                "DELETE FROM hunt_row WHERE number IN (SELECT number FROM hunt_row WHERE hunt = $1 LIMIT $2)", id,
                Self.bite)
            guard rows < Self.bite else { return true }
            try connection.run("DELETE FROM hunt_host WHERE hunt = $1", id)
            try connection.run("DELETE FROM hunt WHERE id = $1", id)
            record.append(entry(id))
            return true
        }
    }

    /// Rows deleted in one transaction at most.
    private static let bite = 5000

    package func rows(of hunt: HuntID, after number: Int64, limit: Int) async throws -> [HuntRow] {
        try await database.read { connection in
            try connection.rows(
                "SELECT * FROM hunt_row WHERE hunt = $1 AND number > $2 ORDER BY number LIMIT $3", hunt, number, limit
            ).map { row in
                HuntRow(
                    number: try row.integer("number"), host: try row.identifier("agent"),
                    values: try JSONText.value(of: try row.text("document")))
            }
        }
    }

    private static func hunt(_ row: Row, _ connection: GRDB.Database) throws -> HuntRecord {
        let id: HuntID = try row.identifier("id")
        var hunt = HuntRecord(
            id: id, question: try JSONText.value(of: try row.text("question")),
            budget: try JSONText.value(of: try row.text("budget")), startedBy: try row.text("started_by"),
            reason: try row.text("reason"), startedAt: try row.timestamp("started_at"),
            expiresAt: try row.timestamp("expires_at"), state: try row.word("state"),
            endedAt: try row.optionalTimestamp("ended_at"))
        for host in try connection.rows("SELECT * FROM hunt_host WHERE hunt = $1", id) {
            hunt.hosts[try host.identifier("agent")] = HuntRecord.Host(
                state: try host.word("state"), rows: try host.count("found"), message: try host.text("message"),
                changedAt: try host.timestamp("changed_at"))
        }
        return hunt
    }
}

/// Tables of hunts. What hosts answered stands in JSON documents, whole.
enum HuntSchema {
    static let v1: [String] = [
        """
        CREATE TABLE hunt (
            id TEXT NOT NULL PRIMARY KEY,
            question TEXT NOT NULL,
            budget TEXT NOT NULL,
            started_by TEXT NOT NULL,
            reason TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            state TEXT NOT NULL,
            ended_at INTEGER
        )
        """,
        "CREATE INDEX hunt_running ON hunt (id) WHERE state = 'running'",
        """
        CREATE TABLE hunt_host (
            hunt TEXT NOT NULL REFERENCES hunt (id),
            agent TEXT NOT NULL,
            state TEXT NOT NULL,
            found INTEGER NOT NULL,
            message TEXT NOT NULL,
            changed_at INTEGER NOT NULL,
            PRIMARY KEY (hunt, agent)
        )
        """,
        // number grows as rows come; place is the row's within its host's answer.
        """
        CREATE TABLE hunt_row (
            number INTEGER NOT NULL PRIMARY KEY,
            hunt TEXT NOT NULL REFERENCES hunt (id),
            agent TEXT NOT NULL,
            place INTEGER NOT NULL,
            document TEXT NOT NULL,
            UNIQUE (hunt, agent, place)
        )
        """,
        "CREATE INDEX hunt_row_hunt ON hunt_row (hunt, number)",
    ]
}
