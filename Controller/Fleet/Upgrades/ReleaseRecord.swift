package import CordonModel
package import CordonOrders
package import CordonTrust

/// A release that the controller has, or is being given.
package struct ReleaseRecord: Sendable, Hashable {
    /// What the policy root signed.
    package var release: Release
    /// As it was signed: what hosts are given.
    package var envelope: ReleaseEnvelope
    package var addedAt: Timestamp
    /// `Principal.name`.
    package var addedBy: String

    package init(release: Release, envelope: ReleaseEnvelope, addedAt: Timestamp, addedBy: String) {
        self.release = release
        self.envelope = envelope
        self.addedAt = addedAt
        self.addedBy = addedBy
    }

    package var key: ReleaseKey { ReleaseKey(version: release.version, architecture: release.architecture) }
}

/// What a release is called.
package struct ReleaseKey: Sendable, Hashable, Comparable {
    package var version: String
    package var architecture: String

    package init(version: String, architecture: String) {
        self.version = version
        self.architecture = architecture
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.version, left.architecture) < (right.version, right.architecture)
    }
}

/// A release and how much of it is here.
package struct ReleaseStock: Sendable, Hashable {
    package var record: ReleaseRecord
    /// Bytes of each package that are here, in the order of the release.
    package var arrived: [Int64]

    package var isWhole: Bool { zip(record.release.files, arrived).allSatisfy { $0.size == $1 } }
}

/// What a host says that it has. Untrusted.
package struct HostPackages: Sendable, Hashable {
    /// As dpkg says: `amd64`.
    package var architecture: String
    /// The version of the agent and the enforcer; empty where they are not of one.
    package var installed: String

    package init(architecture: String, installed: String) {
        self.architecture = architecture
        self.installed = installed
    }
}

/// Where it is kept which releases and rollouts there are; the bytes of packages are in ``SumFolder``.
package protocol UpgradeRepository: Sendable {
    /// Inserts or replaces the release.
    func save(_ release: ReleaseRecord, recording entries: [AuditEntry]) async throws
    func remove(_ keys: [ReleaseKey], recording entries: [AuditEntry]) async throws
    func allReleases() async throws -> [ReleaseRecord]
    /// Inserts or replaces the rollout, and these of its hosts.
    func save(_ rollout: Rollout, hosts: Set<AgentID>, recording entries: [AuditEntry]) async throws
    /// The newest rollout with its hosts, which count as away since `now`.
    func newestRollout(at now: Timestamp) async throws -> Rollout?
    /// The newest rollouts without their hosts, newest first.
    func rollouts(limit: Int) async throws -> [RolloutSummary]
    /// Forgets, in pieces, a rollout that is over where there are more than so many of them.
    /// - Returns: Whether there may be more to forget.
    func forgetRollout(
        keeping kept: Int, recording entry: @escaping @Sendable (RolloutID) -> AuditEntry
    ) async throws -> Bool
}

extension FleetError {
    /// What was given is no release of this fleet.
    static func badRelease(_ why: String) -> FleetError {
        FleetError(
            code: "release.invalid", message: "That is no release that this fleet takes: \(why).",
            remedy: "Sign the packages with `cordon upgrade sign` and the policy root's key.")
    }

    /// There is no such release, or not this package in any.
    package static func unknownRelease(_ name: String) -> FleetError {
        FleetError(
            code: "release.unknown", message: "There is no release \(name).",
            remedy: "`cordon upgrade releases` lists those there are.")
    }

    /// The disk is too small for it.
    static func noRoom(_ bytes: Int64) -> FleetError {
        FleetError(
            code: "release.no_room",
            message: "The controller's disk has no room for \(bytes) more bytes of packages.",
            remedy: "Make room, or take old releases away with `cordon upgrade remove`.")
    }

    /// The bytes are not what the release says.
    static func alteredPackage(_ package: String) -> FleetError {
        FleetError(
            code: "release.altered", message: "The bytes of \(package) are not those that the policy root signed.",
            remedy: "Give the .deb that was signed; what was sent of the other one is forgotten.")
    }

    /// The release is in use.
    static func releaseInUse(_ version: String, _ why: String) -> FleetError {
        FleetError(code: "release.in_use", message: "Release \(version) stays: \(why).")
    }

    /// Another one was added under the same name.
    static func releaseConflict(_ key: ReleaseKey) -> FleetError {
        FleetError(
            code: "release.exists",
            message: "There is another release \(key.version) for \(key.architecture) with other packages already.",
            remedy: "Give each release a version of its own, or remove the other one first.")
    }

    /// The plan cannot be carried out.
    static func badPlan(_ why: String) -> FleetError {
        FleetError(code: "upgrade.invalid", message: "The upgrade cannot begin: \(why).")
    }

    /// Nobody ever began one.
    package static let noUpgrade = FleetError(
        code: "upgrade.unknown", message: "There is no upgrade yet.", remedy: "`cordon upgrade start` begins one.")

    /// There is one already, or it is not in a state for that.
    static func upgradeState(_ why: String, remedy: String = "") -> FleetError {
        FleetError(code: "upgrade.state", message: why, remedy: remedy)
    }
}
