/// Where the fleet gets the rules that its agents run. Whoever keeps the packs gives one; without it nothing is offered.
package struct RulePackSource: Sendable {
    /// The version that a host of this group should run; 0 for none.
    package var version: @Sendable (_ group: String) -> UInt64
    /// A pack's compiled rules; `nil` when there is no such version.
    package var rules: @Sendable (_ version: UInt64) async throws -> [UInt8]?

    package init(
        version: @escaping @Sendable (_ group: String) -> UInt64,
        rules: @escaping @Sendable (_ version: UInt64) async throws -> [UInt8]?
    ) {
        self.version = version
        self.rules = rules
    }

    /// No packs at all.
    package static let none = RulePackSource(version: { _ in 0 }, rules: { _ in nil })
}

/// Which rules an agent says that it runs. Untrusted.
package struct RulePackState: Sendable, Hashable {
    /// The version in use; 0 for none.
    package var version: UInt64
    /// Why the version that was offered last is not in use; empty when it is. Hostile text.
    package var fault: String

    package init(version: UInt64, fault: String = "") {
        self.version = version
        self.fault = fault
    }
}
