package import ControllerAccess
package import CordonModel
internal import GRDB

/// Users, sessions and API tokens in the controller's database.
package struct AccessStore: AccessRepository {
    let database: Database

    package init(database: Database) { self.database = database }

    package func record(_ entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { _ in }
    }

    package func insertFirst(_ user: User, passwordHash: String, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            guard try connection.row("SELECT id FROM access_users LIMIT 1") == nil else {
                throw AccessError.alreadyInitialised
            }
            try Self.insert(user, passwordHash, connection)
        }
    }

    package func insert(_ user: User, passwordHash: String, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            guard try connection.row("SELECT id FROM access_users WHERE name = $1", user.name) == nil else {
                throw AccessError.nameTaken(user.name)
            }
            try Self.insert(user, passwordHash, connection)
        }
    }

    private static func insert(_ user: User, _ passwordHash: String, _ connection: GRDB.Database) throws {
        try connection.run(
            """
            INSERT INTO access_users (id, name, role, password_hash, created_at, password_changed_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            user.id, user.name, user.role.rawValue, passwordHash, user.createdAt, user.passwordChangedAt
        )
    }

    package func users() async throws -> [User] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM access_users ORDER BY name").map { try User(row: $0) }
        }
    }

    package func user(named name: String) async throws -> (user: User, passwordHash: String)? {
        try await database.read { connection in
            try connection.row("SELECT * FROM access_users WHERE name = $1", name)
                .map { (try User(row: $0), try $0.text("password_hash")) }
        }
    }

    package func setPassword(
        of user: UserID, hash: String, at: Timestamp, keeping session: [UInt8]?, recording entries: [AuditEntry]
    ) async throws {
        let kept = session.map { HexDigit.text($0) } ?? ""
        try await database.write(recording: entries) { connection in
            let set = "UPDATE access_users SET password_hash = $1, password_changed_at = $2 WHERE id = $3"
            try connection.run(set, hash, at, user)
            try connection.run("DELETE FROM access_sessions WHERE user_id = $1 AND token_hash <> $2", user, kept)
        }
    }

    package func setRole(of user: UserID, to role: Role, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.run("UPDATE access_users SET role = $1 WHERE id = $2", role.rawValue, user)
            try Self.requireAdministrator(connection)
        }
    }

    package func remove(_ user: User, at: Timestamp, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.run("DELETE FROM access_users WHERE id = $1", user.id)
            let revoke = "UPDATE access_tokens SET revoked_at = $1 WHERE created_by = $2 AND revoked_at IS NULL"
            try connection.run(revoke, at, user.name)
            try Self.requireAdministrator(connection)
        }
    }

    /// Looks after the change, in its transaction: throwing takes the change back.
    private static func requireAdministrator(_ connection: GRDB.Database) throws {
        let found = try connection.row("SELECT id FROM access_users WHERE role = 'administrator' LIMIT 1")
        guard found != nil else { throw AccessError.lastAdministrator }
    }
}

extension User {
    init(row: Row) throws {
        self.init(
            id: try row.identifier("id"),
            name: try row.text("name"),
            role: try row.word("role"),
            createdAt: try row.timestamp("created_at"),
            passwordChangedAt: try row.timestamp("password_changed_at")
        )
    }
}

extension Row {
    /// Bytes that stand as hexadecimal text.
    func hexBytes(_ column: String) throws -> [UInt8] {
        guard let bytes = HexDigit.bytes(try text(column)) else { throw StoreError.unreadable(column) }
        return bytes
    }
}
