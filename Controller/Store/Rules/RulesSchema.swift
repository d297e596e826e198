/// Tables of the rules domain. Times are microseconds since the epoch.
enum RulesSchema {
    static let v1: [String] = [
        """
        CREATE TABLE rule_pack (
        version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, rules BIGINT NOT NULL,
        correlations BIGINT NOT NULL, published_at BIGINT NOT NULL, published_by TEXT NOT NULL, content BLOB NOT NULL)
        """,
        // A row for each staging, never changed: the newest of a group holds, the ones before are what to roll back to.
        """
        CREATE TABLE rule_staging (
        number BIGINT NOT NULL PRIMARY KEY, host_group TEXT NOT NULL, version BIGINT NOT NULL, staged_at BIGINT NOT NULL,
        staged_by TEXT NOT NULL)
        """,
    ]

    static let v2: [String] = [
        // members is a JSON list of texts.
        """
        CREATE TABLE asset_group (
        name TEXT NOT NULL PRIMARY KEY, members TEXT NOT NULL, changed_at BIGINT NOT NULL, changed_by TEXT NOT NULL)
        """
    ]
}
