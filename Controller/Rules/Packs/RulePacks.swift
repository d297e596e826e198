package import CordonModel
internal import CordonSigma
internal import Synchronization

/// Packs of rules: published whole or not at all, staged to groups of hosts, rolled back.
///
/// Versions are counted by the repository and never reused, so that an agent can tell one pack from every other by its
/// version alone.
package final class RulePacks: Sendable {
    /// Bytes that a compiled pack may have: what one message to an agent carries.
    package static let mostBytes = 2 << 20

    /// What fills the rules' placeholders.
    package let groups: AssetGroups
    /// Runs packs over what hosts shipped in the past.
    package let trials: RuleTrials
    private let repository: any RulePackRepository
    private let surroundings: Surroundings
    /// Called when the version of some group may have changed.
    private let changed: @Sendable () -> Void
    /// All stagings by group, oldest first.
    private let history: Mutex<[String: [Int64?]]>

    /// One rule file as it was sent.
    package struct File: Sendable {
        /// For faults only; no file of this name is opened.
        package var name: String
        package var text: String

        package init(name: String, text: String) { (self.name, self.text) = (name, text) }
    }

    /// Reads what is staged.
    package static func load(
        repository: any RulePackRepository & AssetGroupRepository & EventHistory, surroundings: Surroundings,
        changed: @escaping @Sendable () -> Void = {}
    ) async throws -> RulePacks {
        var history: [String: [Int64?]] = [:]
        for staging in try await repository.stagings() { history[staging.group, default: []].append(staging.version) }
        return RulePacks(
            repository: repository, groups: AssetGroups(repository: repository, surroundings: surroundings),
            trials: RuleTrials(repository: repository, history: repository), surroundings: surroundings,
            changed: changed, history: history)
    }

    private init(
        repository: any RulePackRepository, groups: AssetGroups, trials: RuleTrials, surroundings: Surroundings,
        changed: @escaping @Sendable () -> Void, history: [String: [Int64?]]
    ) {
        self.repository = repository
        self.groups = groups
        self.trials = trials
        self.surroundings = surroundings
        self.changed = changed
        self.history = Mutex(history)
    }

    // MARK: - What there is

    /// All packs, newest first.
    package func all() async throws -> [PublishedPack] { try await repository.packs() }

    /// All stagings, oldest first.
    package func stagings() async throws -> [Staging] { try await repository.stagings() }

    /// The pack of that version; `nil` when there is none.
    package func pack(_ version: Int64) async throws -> PublishedPack? {
        try await repository.packs().first { $0.version == version }
    }

    /// A pack's compiled rules; `nil` when there is no such version.
    package func content(of version: Int64) async throws -> [UInt8]? { try await repository.content(of: version) }

    /// The version that hosts of the group should run; 0 for none.
    package func version(for group: String) -> Int64 {
        history.withLock { history in (history[group]?.last ?? nil) ?? (history[""]?.last ?? nil) ?? 0 }
    }

    /// The version in force for each group that has a staging of its own; the empty name stands for all others.
    package func staged() -> [String: Int64] { history.withLock { $0.compactMapValues { $0.last ?? nil } } }

    // MARK: - Changing it

    /// Compiles the files, their placeholders filled from the asset groups as they are now, and keeps the pack. Nothing
    /// runs it before it is staged.
    /// - Throws: ``RulesError`` naming the first faults, when any rule has one: the pack is refused whole.
    package func publish(_ files: [File], name: String, by principal: Principal) async throws -> PublishedPack {
        let set = try RuleSet.read(files, groups: try await groups.placeholders()).checked()
        guard !set.rules.isEmpty else {
            throw RulesError("empty", "There is no rule in what was sent.", remedy: "Send the folder of your rules.")
        }
        let pack = PublishedPack(
            version: 0, name: name, digest: "", rules: set.rules.count, correlations: set.correlations.count,
            publishedAt: surroundings.now(), publishedBy: principal.name)
        return try await repository.add(
            pack, content: { try Self.content(of: set, name: name, version: $0) },
            recording: { pack in
                AuditEntry(
                    at: pack.publishedAt, actor: principal.name, verb: "rules.published",
                    subject: "rules:\(pack.version)",
                    details: ["name": pack.name, "sha256": pack.digest, "rules": "\(pack.rules)"])
            })
    }

    private static func content(of set: RuleSet, name: String, version: Int64) throws -> [UInt8] {
        let pack = RulePack(
            name: name, version: UInt64(clamping: version), rules: set.rules, correlations: set.correlations)
        let content = try pack.encoded()
        // Read as an agent will: what an agent would refuse is not published.
        _ = try RulePack(content)
        guard content.count <= mostBytes else {
            throw RulesError(
                "large", "The compiled pack has \(content.count) bytes; \(mostBytes) are the most.",
                remedy: "Take rules out that your hosts' logs can never match.")
        }
        return content
    }

    /// Has the hosts of a group (empty: all others) run a version (0: none) from now on.
    /// - Throws: ``RulesError`` `rules.unknown` when there is no such version.
    @discardableResult
    package func stage(_ version: Int64, to group: String, by principal: Principal) async throws -> Staging {
        if version != 0, try await repository.content(of: version) == nil {
            throw RulesError.unknown(version)
        }
        return try await add(version, group, "rules.staged", principal)
    }

    /// Has the hosts of a group follow again what is staged to all others.
    /// - Throws: ``RulesError`` `rules.nothing_before` when the group has no staging of its own.
    @discardableResult
    package func unstage(_ group: String, by principal: Principal) async throws -> Staging {
        guard !group.isEmpty, staged()[group] != nil else {
            throw RulesError(
                "nothing_before",
                group.isEmpty ? "All other hosts follow nobody." : "Group \(group) has no staging of its own.",
                remedy: group.isEmpty
                    ? "`cordon rules stage 0` takes their rules away." : "Its hosts run what all others run already.")
        }
        return try await add(nil, group, "rules.unstaged", principal)
    }

    /// Has the hosts of a group run again what they ran before the last staging: where that was the group's first, what
    /// all others run.
    /// - Throws: ``RulesError`` `rules.nothing_before` when nothing was ever staged for the group.
    @discardableResult
    package func rollBack(_ group: String, by principal: Principal) async throws -> Staging {
        guard let past = history.withLock({ $0[group] }), let current = past.last else {
            throw RulesError(
                "nothing_before", "Nothing was staged to \(group.isEmpty ? "all hosts" : group) yet.",
                remedy: "`cordon rules stage` names what hosts run.")
        }
        // Of no group at all there is nothing to follow: no rules.
        let before = past.last { $0 != current } ?? (group.isEmpty ? 0 : nil)
        return try await add(before, group, "rules.rolled_back", principal)
    }

    private func add(_ version: Int64?, _ group: String, _ verb: String, _ principal: Principal) async throws -> Staging
    {
        let staging = Staging(group: group, version: version, at: surroundings.now(), by: principal.name)
        try await repository.add(
            staging,
            recording: AuditEntry(
                at: staging.at, actor: principal.name, verb: verb, subject: "rules:\(version ?? staged()[group] ?? 0)",
                details: ["group": group.isEmpty ? "*" : group]))
        history.withLock { $0[group, default: []].append(version) }
        changed()
        return staging
    }
}

extension RuleSet {
    /// Reads files that were sent.
    static func read(_ files: [RulePacks.File], groups: [String: [String]]) -> RuleSet {
        var reading = RuleSetReading(groups: groups)
        for file in files { reading.read(Array(file.text.utf8), file: file.name) }
        return reading.finished()
    }
}

extension RuleSet {
    /// The files that ``load(_:groups:)`` would read, as text to be sent.
    /// - Throws: ``RulesError`` where a file cannot be read or is not UTF-8.
    package static func texts(_ paths: [String]) throws -> [RulePacks.File] {
        try RuleFiles(paths).paths.map { path in
            let bytes = try RuleFiles.bytes(path, limit: YamlReader.Limits().bytes)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw RulesError("encoding", "\(path) is not UTF-8.", remedy: "Save it as UTF-8.")
            }
            return RulePacks.File(name: path, text: text)
        }
    }
}
