package import CordonModel

/// One pack of rules that was published: compiled, and never changed afterwards.
package struct PublishedPack: Sendable, Hashable {
    /// 1 for the first pack, and one more for each that follows.
    package var version: Int64
    /// What its publisher calls it.
    package var name: String
    /// SHA-256 of the compiled rules.
    package var digest: String
    package var rules: Int
    package var correlations: Int
    package var publishedAt: Timestamp
    /// `Principal.name`.
    package var publishedBy: String

    package init(
        version: Int64, name: String, digest: String, rules: Int, correlations: Int, publishedAt: Timestamp,
        publishedBy: String
    ) {
        (self.version, self.name, self.digest) = (version, name, digest)
        (self.rules, self.correlations) = (rules, correlations)
        (self.publishedAt, self.publishedBy) = (publishedAt, publishedBy)
    }
}

/// Which pack the hosts of one group run from an instant on.
package struct Staging: Sendable, Hashable {
    /// The group of hosts; empty for all hosts whose group has no staging of its own.
    package var group: String
    /// The pack's version, 0 for none; `nil` when the group has no staging of its own any more.
    package var version: Int64?
    package var at: Timestamp
    /// `Principal.name`.
    package var by: String

    package init(group: String, version: Int64?, at: Timestamp, by: String) {
        (self.group, self.version, self.at, self.by) = (group, version, at, by)
    }
}

/// Where published packs and stagings are kept.
package protocol RulePackRepository: Sendable {
    /// Adds a pack under the next version, with its audit entry. What the pack says of version and digest is ignored.
    /// - Parameter content: The compiled rules, given the version.
    /// - Returns: The pack as it is kept.
    func add(
        _ pack: PublishedPack, content: @escaping @Sendable (Int64) throws -> [UInt8],
        recording entry: @escaping @Sendable (PublishedPack) -> AuditEntry
    ) async throws -> PublishedPack
    /// All packs, newest first.
    func packs() async throws -> [PublishedPack]
    /// A pack's compiled rules; `nil` when there is no such version.
    func content(of version: Int64) async throws -> [UInt8]?
    /// Adds a staging.
    func add(_ staging: Staging, recording entry: AuditEntry) async throws
    /// All stagings, oldest first.
    func stagings() async throws -> [Staging]
}
