package import ControllerRules
package import CordonModel
internal import GRDB

extension RulePackStore: AssetGroupRepository {
    package func assetGroups() async throws -> [AssetGroup] {
        try await database.read { connection in
            try connection.rows("SELECT * FROM asset_group ORDER BY name").map { row in
                AssetGroup(
                    name: try row.text("name"), values: try JSONText.value(of: try row.text("members")),
                    changedAt: try row.timestamp("changed_at"), changedBy: try row.text("changed_by"))
            }
        }
    }

    package func save(_ group: AssetGroup, recording entry: AuditEntry) async throws {
        let members = try JSONText.text(of: group.values)
        try await database.write(recording: [entry]) { connection in
            try connection.run(
                """
                INSERT INTO asset_group (name, members, changed_at, changed_by) VALUES ($1, $2, $3, $4)
                ON CONFLICT (name) DO UPDATE SET members = excluded.members, changed_at = excluded.changed_at,
                    changed_by = excluded.changed_by
                """, group.name, members, group.changedAt, group.changedBy)
        }
    }

    package func removeAssetGroup(_ name: String, recording entry: AuditEntry) async throws -> Bool {
        try await database.transact { connection, record in
            guard try connection.run("DELETE FROM asset_group WHERE name = $1", name) > 0 else { return false }
            record.append(entry)
            return true
        }
    }
}
