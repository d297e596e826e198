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

    // MARK: - Users

    package func insertFirst(_ user: User, passwordHash: String, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            let count = try Int.fetchOne(connection, sql: "SELECT COUNT(*) FROM access_users") ?? 0
            guard count == 0 else { throw AccessError.alreadyInitialised }
            try Self.insert(user, passwordHash, connection)
        }
    }

    package func insert(_ user: User, passwordHash: String, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            let sql = "SELECT COUNT(*) FROM access_users WHERE name = $1"
            guard try Int.fetchOne(connection, sql: sql, arguments: [user.name]) == 0 else { throw AccessError.nameTaken(user.name) }
            try Self.insert(user, passwordHash, connection)
        }
    }

    private static func insert(_ user: User, _ passwordHash: String, _ connection: GRDB.Database) throws {
        try connection.execute(
            sql: """
                INSERT INTO access_users (id, name, role, password_hash, created_at, password_changed_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                """,
            arguments: [
                "\(user.id)", user.name, user.role.rawValue, passwordHash, user.createdAt.microseconds,
                user.passwordChangedAt.microseconds,
            ]
        )
    }

    package func users() async throws -> [User] {
        try await database.read { connection in
            try Row.fetchAll(connection, sql: "SELECT * FROM access_users ORDER BY name").map { try User(row: $0) }
        }
    }

    package func user(named name: String) async throws -> (user: User, passwordHash: String)? {
        try await database.read { connection in
            try Row.fetchOne(connection, sql: "SELECT * FROM access_users WHERE name = $1", arguments: [name])
                .map { (try User(row: $0), $0["password_hash"]) }
        }
    }

    package func setPassword(
        of user: UserID, hash: String, at: Timestamp, keeping session: [UInt8]?, recording entries: [AuditEntry]
    ) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(
                sql: "UPDATE access_users SET password_hash = $1, password_changed_at = $2 WHERE id = $3",
                arguments: [hash, at.microseconds, "\(user)"]
            )
            try connection.execute(
                sql: "DELETE FROM access_sessions WHERE user_id = $1 AND token_hash <> $2",
                arguments: ["\(user)", session.map { HexDigit.text($0) } ?? ""]
            )
        }
    }

    package func setRole(of user: UserID, to role: Role, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(
                sql: "UPDATE access_users SET role = $1 WHERE id = $2", arguments: [role.rawValue, "\(user)"]
            )
            try Self.requireAdministrator(connection)
        }
    }

    package func remove(_ user: User, at: Timestamp, recording entries: [AuditEntry]) async throws {
        try await database.write(recording: entries) { connection in
            try connection.execute(sql: "DELETE FROM access_users WHERE id = $1", arguments: ["\(user.id)"])
            try connection.execute(
                sql: "UPDATE access_tokens SET revoked_at = $1 WHERE created_by = $2 AND revoked_at IS NULL",
                arguments: [at.microseconds, user.name]
            )
            try Self.requireAdministrator(connection)
        }
    }

    /// Looks after the change, in its transaction: throwing takes the change back.
    private static func requireAdministrator(_ connection: GRDB.Database) throws {
        let sql = "SELECT COUNT(*) FROM access_users WHERE role = 'administrator'"
        guard try Int.fetchOne(connection, sql: sql) ?? 0 > 0 else { throw AccessError.lastAdministrator }
    }
}

extension User {
    init(row: Row) throws {
        self.init(
            id: try row.identifier("id"),
            name: row["name"],
            role: try row.role("role"),
            createdAt: Timestamp(microseconds: row["created_at"]),
            passwordChangedAt: Timestamp(microseconds: row["password_changed_at"])
        )
    }
}

extension Row {
    func identifier<Subject>(_ column: String) throws -> Identifier<Subject> {
        guard let identifier = Identifier<Subject>(self[column] as String) else { throw StoreError.malformed(column) }
        return identifier
    }

    func role(_ column: String) throws -> Role {
        guard let role = Role(rawValue: self[column]) else { throw StoreError.malformed(column) }
        return role
    }

    func hash(_ column: String) throws -> [UInt8] {
        guard let bytes = HexDigit.bytes(self[column] as String) else { throw StoreError.malformed(column) }
        return bytes
    }
}

extension StoreError {
    fileprivate static func malformed(_ column: String) -> StoreError {
        StoreError(
            code: "store.malformed_access_row",
            message: "A row of the access tables holds something else than this version writes in \(column).",
            remedy: "Check that no newer version wrote to this data folder, or restore it from a backup."
        )
    }
}
