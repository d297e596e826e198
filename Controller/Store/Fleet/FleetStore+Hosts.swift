package import ControllerFleet
package import CordonModel
package import CordonTrust
internal import FoundationEssentials
internal import GRDB

extension FleetStore: HostRegistry {
    package func allHosts() async throws -> [HostRecord] {
        try await database.read { connection in
            try Row.fetchAll(connection, sql: "SELECT * FROM fleet_hosts ORDER BY agent_id").map(Self.host)
        }
    }

    package func allCertificates() async throws -> [AgentCertificate] {
        try await database.read { connection in
            try Row.fetchAll(connection, sql: "SELECT * FROM fleet_certificates ORDER BY issued_at").map { row in
                AgentCertificate(
                    fingerprint: try row.fingerprint("fingerprint", in: "fleet_certificates"),
                    agent: try row.identifier("agent_id", in: "fleet_certificates"),
                    issuedAt: try row.instant("issued_at", in: "fleet_certificates"),
                    refusedAfter: try row.instant("refused_after", in: "fleet_certificates"))
            }
        }
    }

    package func enrol(
        _ host: HostRecord, _ certificate: AgentCertificate, using token: TokenID, now: Timestamp,
        recording entries: [AuditEntry]
    ) async throws -> Bool {
        do {
            try await database.write(recording: entries) { connection in
                try connection.execute(
                    sql: """
                        UPDATE fleet_tokens SET used = used + 1
                        WHERE token_id = $1 AND used < uses AND expires_at > $2 AND withdrawn_at IS NULL
                        """,
                    arguments: [token.blob, now.microseconds])
                guard connection.changesCount == 1 else { throw NoUseLeft() }
                try Self.insert(host, connection)
                try Self.insert(certificate, connection)
            }
            return true
        } catch is NoUseLeft {
            return false
        }
    }

    package func renew(
        _ certificate: AgentCertificate, othersRefusedAfter end: Timestamp, recording entries: [AuditEntry]
    ) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(
                sql: "UPDATE fleet_certificates SET refused_after = $1 WHERE agent_id = $2 AND refused_after > $3",
                arguments: [end.microseconds, certificate.agent.blob, end.microseconds])
            try Self.insert(certificate, connection)
        }
    }

    package func retire(_ fingerprints: [Fingerprint], recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            for fingerprint in fingerprints {
                try connection.execute(
                    sql: "DELETE FROM fleet_certificates WHERE fingerprint = $1", arguments: [fingerprint.blob])
            }
        }
    }

    package func revoke(
        _ agent: AgentID, _ revocation: HostRecord.Revocation, recording entries: [AuditEntry]
    ) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(
                sql: "UPDATE fleet_hosts SET revoked_at = $1, revoked_by = $2, revoked_reason = $3 WHERE agent_id = $4",
                arguments: [revocation.at.microseconds, revocation.by, revocation.reason, agent.blob])
            try connection.execute(sql: "DELETE FROM fleet_certificates WHERE agent_id = $1", arguments: [agent.blob])
        }
    }

    package func flagClone(_ agent: AgentID, at instant: Timestamp, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(
                sql: "UPDATE fleet_hosts SET clone_seen_at = $1 WHERE agent_id = $2",
                arguments: [instant.microseconds, agent.blob])
        }
    }

    package func refresh(_ hosts: [HostRecord], recording entries: [AuditEntry] = []) async throws {
        let rows = try hosts.map { (id: $0.id.blob, facts: try Self.text($0.facts), seen: $0.lastSeen?.microseconds) }
        try await database.write(recording: entries) { connection in
            let statement = try connection.cachedStatement(
                sql: "UPDATE fleet_hosts SET facts = $1, last_seen = $2 WHERE agent_id = $3")
            for row in rows { try statement.execute(arguments: [row.facts, row.seen, row.id]) }
        }
    }

    /// Rolls an enrolment back: the token has no use left.
    private struct NoUseLeft: Error {}

    private static func insert(_ host: HostRecord, _ connection: GRDB.Database) throws {
        try connection.execute(
            sql: """
                INSERT INTO fleet_hosts (agent_id, hostname, host_group, machine, enrolled_at, token_id)
                VALUES ($1, $2, $3, $4, $5, $6)
                """,
            arguments: [
                host.id.blob, host.hostname, host.group, host.machine.blob, host.enrolledAt.microseconds,
                host.token.blob,
            ])
    }

    private static func insert(_ certificate: AgentCertificate, _ connection: GRDB.Database) throws {
        try connection.execute(
            sql:
                "INSERT INTO fleet_certificates (fingerprint, agent_id, issued_at, refused_after) VALUES ($1, $2, $3, $4)",
            arguments: [
                certificate.fingerprint.blob, certificate.agent.blob, certificate.issuedAt.microseconds,
                certificate.refusedAfter.microseconds,
            ])
    }

    private static func text(_ facts: HostFacts?) throws -> String? {
        try facts.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
    }

    private static func host(_ row: Row) throws -> HostRecord {
        var host = HostRecord(
            id: try row.identifier("agent_id", in: "fleet_hosts"), hostname: row["hostname"], group: row["host_group"],
            machine: try row.fingerprint("machine", in: "fleet_hosts"),
            enrolledAt: try row.instant("enrolled_at", in: "fleet_hosts"),
            token: try row.identifier("token_id", in: "fleet_hosts"))
        // Facts are news that the host sends again; those of a form that is not known any more are left out.
        host.facts = (row["facts"] as String?).flatMap {
            try? JSONDecoder().decode(HostFacts.self, from: Data($0.utf8))
        }
        host.cloneSeenAt = row.instant("clone_seen_at")
        host.lastSeen = row.instant("last_seen")
        if let at = row.instant("revoked_at") {
            host.revocation = .init(at: at, by: row["revoked_by"] ?? "", reason: row["revoked_reason"] ?? "")
        }
        return host
    }
}
