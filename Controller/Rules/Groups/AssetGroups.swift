package import CordonModel

/// A named list of values, such as the accounts of administrators: what fills a placeholder of Sigma rules.
package struct AssetGroup: Sendable, Hashable {
    /// The placeholder's name, without `%`.
    package var name: String
    /// May have wildcards, as texts in rules.
    package var values: [String]
    package var changedAt: Timestamp
    /// `Principal.name`.
    package var changedBy: String

    package init(name: String, values: [String], changedAt: Timestamp, changedBy: String) {
        (self.name, self.values) = (name, values)
        (self.changedAt, self.changedBy) = (changedAt, changedBy)
    }
}

/// Where asset groups are kept.
package protocol AssetGroupRepository: Sendable {
    /// All groups, by name.
    func assetGroups() async throws -> [AssetGroup]
    /// Adds a group, or replaces the one of its name.
    func save(_ group: AssetGroup, recording entry: AuditEntry) async throws
    /// Removes a group; of one that is not there nothing is recorded.
    /// - Returns: Whether it was there.
    func removeAssetGroup(_ name: String, recording entry: AuditEntry) async throws -> Bool
}

/// The asset groups of the controller. A pack of rules holds the values as they were when it was published.
package struct AssetGroups: Sendable {
    /// Values of one group at most.
    package static let mostValues = 2000
    /// Bytes of one value at most.
    package static let longestValue = 512
    /// Bytes of a name at most.
    package static let longestName = 63
    /// Groups at most.
    private static let most = 1000

    private let repository: any AssetGroupRepository
    private let surroundings: Surroundings

    init(repository: any AssetGroupRepository, surroundings: Surroundings) {
        self.repository = repository
        self.surroundings = surroundings
    }

    /// All groups, by name.
    package func all() async throws -> [AssetGroup] { try await repository.assetGroups() }

    /// What rules are filled from.
    func placeholders() async throws -> [String: [String]] {
        try await all().reduce(into: [:]) { $0[$1.name] = $1.values }
    }

    /// Makes a group, or gives it other values. Packs that are published stay as they are.
    /// - Throws: ``RulesError`` `rules.group_name`, `rules.group_values`, `rules.group_count`.
    package func set(_ name: String, to values: [String], by principal: Principal) async throws -> AssetGroup {
        try Self.check(name, values)
        let known = try await all()
        guard known.count < Self.most || known.contains(where: { $0.name == name }) else {
            throw RulesError("group_count", "There are \(Self.most) asset groups already.", remedy: "Remove one.")
        }
        let group = AssetGroup(
            name: name, values: values, changedAt: surroundings.now(), changedBy: principal.name)
        try await repository.save(
            group,
            recording: AuditEntry(
                at: group.changedAt, actor: principal.name, verb: "asset_group.set", subject: "asset-group:\(name)",
                details: ["count": "\(values.count)", "values": String(values.joined(separator: ", ").prefix(1000))]))
        return group
    }

    /// Removes a group. Packs that were made with it stay as they are.
    /// - Throws: ``RulesError`` `rules.group_unknown`.
    package func remove(_ name: String, by principal: Principal) async throws {
        let entry = AuditEntry(
            at: surroundings.now(), actor: principal.name, verb: "asset_group.removed", subject: "asset-group:\(name)")
        guard try await repository.removeAssetGroup(name, recording: entry) else {
            throw RulesError(
                "group_unknown", "There is no asset group of this name.", remedy: "`cordon groups list` shows them.")
        }
    }

    private static func check(_ name: String, _ values: [String]) throws(RulesError) {
        let isName = name.utf8.allSatisfy { byte in
            byte == 0x2D || byte == 0x2E || byte == 0x5F || (48...57).contains(byte) || (97...122).contains(byte | 0x20)
        }
        guard isName, (1...longestName).contains(name.utf8.count) else {
            throw RulesError(
                "group_name", "A group's name has letters, digits, “_”, “-” and “.”, at most \(longestName).",
                remedy: "Name it as the rules' placeholder, without the percent signs.")
        }
        guard (1...mostValues).contains(values.count),
            values.allSatisfy({ (1...longestValue).contains($0.utf8.count) && !$0.utf8.contains(0) })
        else {
            throw RulesError(
                "group_values", "A group has 1 to \(mostValues) values of 1 to \(longestValue) bytes.",
                remedy: "Remove the group if nothing belongs to it.")
        }
    }
}
