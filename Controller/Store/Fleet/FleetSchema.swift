/// Tables of the fleet domain. Identifiers and fingerprints are bytes, instants microseconds since the Unix epoch.
enum FleetSchema {
    static let v1: [String] = [
        """
        CREATE TABLE fleet_tokens (
            token_id BLOB NOT NULL PRIMARY KEY,
            secret_hash BLOB NOT NULL,
            uses INTEGER NOT NULL,
            used INTEGER NOT NULL,
            expires_at BIGINT NOT NULL,
            host_group TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            created_by TEXT NOT NULL,
            withdrawn_at BIGINT,
            CHECK (used BETWEEN 0 AND uses)
        )
        """,
        """
        CREATE TABLE fleet_hosts (
            agent_id BLOB NOT NULL PRIMARY KEY,
            hostname TEXT NOT NULL,
            host_group TEXT NOT NULL,
            machine BLOB NOT NULL,
            enrolled_at BIGINT NOT NULL,
            token_id BLOB NOT NULL,
            facts TEXT,
            revoked_at BIGINT,
            revoked_by TEXT,
            revoked_reason TEXT,
            clone_seen_at BIGINT,
            last_seen BIGINT
        )
        """,
        """
        CREATE TABLE fleet_certificates (
            fingerprint BLOB NOT NULL PRIMARY KEY,
            agent_id BLOB NOT NULL REFERENCES fleet_hosts (agent_id),
            issued_at BIGINT NOT NULL,
            refused_after BIGINT NOT NULL
        )
        """,
        "CREATE INDEX fleet_certificates_agent ON fleet_certificates (agent_id)",
        """
        CREATE TABLE fleet_orders (
            order_id BLOB NOT NULL PRIMARY KEY,
            agent_id BLOB NOT NULL REFERENCES fleet_hosts (agent_id),
            case_id BLOB,
            kind TEXT NOT NULL,
            state TEXT NOT NULL,
            is_open INTEGER NOT NULL,
            changed_at BIGINT NOT NULL,
            attempts INTEGER NOT NULL,
            note TEXT NOT NULL,
            signed BLOB NOT NULL,
            result BLOB,
            reverted_by BLOB
        )
        """,
        "CREATE INDEX fleet_orders_agent ON fleet_orders (agent_id, kind, state)",
        "CREATE INDEX fleet_orders_case ON fleet_orders (case_id)",
        "CREATE INDEX fleet_orders_open ON fleet_orders (is_open) WHERE is_open = 1",
    ]
}
