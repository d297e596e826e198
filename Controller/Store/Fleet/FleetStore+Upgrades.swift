package import ControllerFleet
package import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import GRDB

/// Tables of releases and rollouts; the packages are files.
enum UpgradeSchema {
    static let v1: [String] = [
        // signed is a SignedRelease of the contract.
        """
        CREATE TABLE fleet_release (
            version TEXT NOT NULL,
            architecture TEXT NOT NULL,
            signed BLOB NOT NULL,
            added_at BIGINT NOT NULL,
            added_by TEXT NOT NULL,
            PRIMARY KEY (version, architecture)
        )
        """,
        // plan is a JSON document.
        """
        CREATE TABLE fleet_rollout (
            id TEXT NOT NULL PRIMARY KEY,
            plan TEXT NOT NULL,
            started_by TEXT NOT NULL,
            started_at BIGINT NOT NULL,
            seed BIGINT NOT NULL,
            state TEXT NOT NULL,
            why TEXT NOT NULL,
            ring BIGINT NOT NULL,
            ring_began_at BIGINT NOT NULL,
            excused BIGINT NOT NULL,
            accepted_ring BIGINT NOT NULL,
            ended_at BIGINT
        )
        """,
        """
        CREATE TABLE fleet_rollout_host (
            rollout TEXT NOT NULL,
            agent TEXT NOT NULL,
            ring BIGINT NOT NULL,
            state TEXT NOT NULL,
            fault TEXT NOT NULL,
            from_version TEXT,
            from_architecture TEXT,
            changed_at BIGINT NOT NULL,
            changes BIGINT NOT NULL,
            PRIMARY KEY (rollout, agent)
        )
        """,
    ]
}

extension FleetStore: UpgradeRepository {
    package func save(_ release: ReleaseRecord, recording entries: [AuditEntry]) async throws {
        let signed = try release.envelope.serialized()
        try await database.write(recording: entries) { connection in
            try connection.run(
                """
                INSERT INTO fleet_release (version, architecture, signed, added_at, added_by)
                VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (version, architecture) DO UPDATE SET signed = excluded.signed,
                    added_at = excluded.added_at, added_by = excluded.added_by
                """, release.key.version, release.key.architecture, signed, release.addedAt, release.addedBy)
        }
    }

    package func remove(_ keys: [ReleaseKey], recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            for key in keys {
                try connection.run(
                    "DELETE FROM fleet_release WHERE version = $1 AND architecture = $2", key.version, key.architecture)
            }
        }
    }

    package func allReleases() async throws -> [ReleaseRecord] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM fleet_release ORDER BY version, architecture").map { row in
                let envelope = try ReleaseEnvelope(serialized: try row.bytes("signed"))
                return ReleaseRecord(
                    release: try Release(serialized: envelope.release), envelope: envelope,
                    addedAt: try row.timestamp("added_at"), addedBy: try row.text("added_by"))
            }
        }
    }

    package func save(_ rollout: Rollout, hosts: Set<AgentID>, recording entries: [AuditEntry]) async throws {
        let plan = try JSONText.text(of: rollout.plan)
        try await database.write(recording: entries) { connection in
            try connection.run(
                """
                INSERT INTO fleet_rollout (id, plan, started_by, started_at, seed, state, why, ring, ring_began_at,
                    excused, accepted_ring, ended_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, why = excluded.why, ring = excluded.ring,
                    ring_began_at = excluded.ring_began_at, excused = excluded.excused,
                    accepted_ring = excluded.accepted_ring, ended_at = excluded.ended_at
                """, rollout.id, plan, rollout.startedBy, rollout.startedAt, Int64(bitPattern: rollout.seed),
                rollout.state.rawValue, rollout.why, rollout.ring, rollout.ringBeganAt, rollout.excused,
                rollout.acceptedRing, rollout.endedAt)
            for agent in hosts {
                guard let host = rollout.hosts[agent] else { continue }
                try connection.run(
                    """
                    INSERT INTO fleet_rollout_host (rollout, agent, ring, state, fault, from_version,
                        from_architecture, changed_at, changes)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    ON CONFLICT (rollout, agent) DO UPDATE SET state = excluded.state, fault = excluded.fault,
                        from_version = excluded.from_version, from_architecture = excluded.from_architecture,
                        changed_at = excluded.changed_at, changes = excluded.changes
                    """, rollout.id, agent, host.ring, host.state.rawValue, host.fault, host.from?.installed,
                    host.from?.architecture, host.changedAt, host.storedChanges)
            }
        }
    }

    package func newestRollout(at now: Timestamp) async throws -> Rollout? {
        try await database.read { connection in
            let row = try connection.row("SELECT * FROM fleet_rollout ORDER BY id DESC LIMIT 1")
            guard let row else { return nil }
            var hosts = RolloutHosts()
            let id: RolloutID = try row.identifier("id")
            for host in try connection.rows("SELECT * FROM fleet_rollout_host WHERE rollout = $1", id) {
                hosts[try host.identifier("agent")] = try Self.host(host, now)
            }
            return try Self.rollout(row, hosts)
        }
    }

    package func rollouts(limit: Int) async throws -> [RolloutSummary] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM fleet_rollout ORDER BY id DESC LIMIT $1", limit).map { row in
                let rollout = try Self.rollout(row, RolloutHosts())
                var counts = [[RolloutHostState: Int]](repeating: [:], count: rollout.plan.rings.count)
                let counted = try connection.rows(
                    """
                    SELECT ring, state, COUNT(*) AS hosts FROM fleet_rollout_host WHERE rollout = $1
                    GROUP BY ring, state
                    """, rollout.id)
                for count in counted {
                    let ring = try count.count("ring")
                    guard counts.indices.contains(ring) else { throw StoreError.unreadable("ring") }
                    counts[ring][try count.word("state")] = try count.count("hosts")
                }
                return RolloutSummary(rollout, counts: counts)
            }
        }
    }

    package func forgetRollout(
        keeping kept: Int, recording entry: @escaping @Sendable (RolloutID) -> AuditEntry
    ) async throws -> Bool {
        try await database.transact { connection, record in
            let old = try connection.row(
                """
                SELECT id FROM fleet_rollout WHERE state IN ('finished', 'cancelled')
                ORDER BY id DESC LIMIT 1 OFFSET $1
                """, kept)
            guard let old else { return false }
            let id: RolloutID = try old.identifier("id")
            let hosts = try connection.run(
                """
                DELETE FROM fleet_rollout_host WHERE rollout = $1 AND agent IN
                    (SELECT agent FROM fleet_rollout_host WHERE rollout = $2 LIMIT $3)
                """, id, id, Self.bite)
            guard hosts < Self.bite else { return true }
            try connection.run("DELETE FROM fleet_rollout WHERE id = $1", id)
            record.append(entry(id))
            return true
        }
    }

    /// Rows deleted in one transaction at most.
    private static let bite = 5000

    private static func rollout(_ row: Row, _ hosts: RolloutHosts) throws -> Rollout {
        Rollout(
            id: try row.identifier("id"), plan: try JSONText.value(of: try row.text("plan")),
            by: try row.text("started_by"), at: try row.timestamp("started_at"),
            seed: UInt64(bitPattern: try row.integer("seed")), state: try row.word("state"), why: try row.text("why"),
            ring: try row.count("ring"), ringBeganAt: try row.timestamp("ring_began_at"),
            excused: try row.count("excused"), acceptedRing: try row.count("accepted_ring"),
            endedAt: try row.optionalTimestamp("ended_at"), hosts: hosts)
    }

    private static func host(_ row: Row, _ now: Timestamp) throws -> RolloutHost {
        let version = try row.optionalText("from_version")
        let architecture = try row.optionalText("from_architecture") ?? ""
        return RolloutHost(
            ring: try row.count("ring"), state: try row.word("state"), fault: try row.text("fault"),
            from: version.map { HostPackages(architecture: architecture, installed: $0) },
            changedAt: try row.timestamp("changed_at"), changes: try row.count("changes"), loadedAt: now)
    }
}
