package import CordonModel

/// Subject of a rollout's identifier; never made.
package enum RolloutSubject {}

package typealias RolloutID = Identifier<RolloutSubject>

/// How a release is to reach the fleet.
package struct RolloutPlan: Sendable, Hashable, Codable {
    /// What hosts are to run.
    package var version: String
    /// Groups of hosts, first to last; ``rest`` for all that are in no group named here.
    package var rings: [String]
    /// How long a host must stay connected with it before the next ring may begin.
    package var soak: Duration
    /// Hosts that may fail, go back or be lost. One more stops the rollout.
    package var atMostFailed: Int
    /// Hosts that are at it at one time.
    package var atOnce: Int
    /// How long a host that is away, or says nothing, holds its ring. One that was offered the release counts as lost then.
    package var patience: Duration
    /// Whether hosts are offered it without a release to go back to, where the controller has none.
    package var isOneWay: Bool

    /// The ring of all hosts that no other ring names.
    package static let rest = "*"
    /// Rings of a rollout.
    package static let mostRings = 16

    package init(
        version: String, rings: [String] = [rest], soak: Duration = .seconds(3600), atMostFailed: Int = 0,
        atOnce: Int = 25, patience: Duration = .seconds(3600), isOneWay: Bool = false
    ) {
        self.version = version
        self.rings = rings
        self.soak = soak
        self.atMostFailed = atMostFailed
        self.atOnce = atOnce
        self.patience = patience
        self.isOneWay = isOneWay
    }

    /// The ring of a group of hosts; `nil` for hosts that the rollout leaves out.
    package func ring(of group: String) -> Int? { rings.firstIndex(of: group) ?? rings.firstIndex(of: Self.rest) }

    /// What is wrong with it, as the end of a sentence; `nil` for a good one.
    package var fault: String? {
        let day = Duration.seconds(86_400)
        if !(1...Self.mostRings).contains(rings.count) { return "it has \(rings.count) rings, not 1 to 16" }
        if Set(rings).count < rings.count { return "it names a ring twice" }
        if rings.contains("") { return "a ring has no name" }
        if !(Duration.zero...(day * 30)).contains(soak) { return "the soak time is not 0 to 30 days" }
        if !(Duration.seconds(60)...(day * 30)).contains(patience) { return "the patience is not 1 minute to 30 days" }
        if !(0...100_000).contains(atMostFailed) { return "that many hosts may not fail" }
        if !(1...1000).contains(atOnce) { return "not 1 to 1000 hosts are at it at one time" }
        return nil
    }
}

/// How far a rollout is.
package enum RolloutState: String, Sendable, Hashable, Codable, CaseIterable {
    case running
    /// A person holds it: nobody further is offered the release, those at it go on.
    case paused
    /// The health gate closed it: nobody further is offered the release, those that have not begun to install end.
    case stopped
    /// Every host was reached or given up. Hosts that come later are still offered the release.
    case finished
    case cancelled

    /// Whether hosts are offered the release now.
    package var isOffering: Bool { self == .running || self == .finished }
}

/// How far a rollout is at one host.
package enum RolloutHostState: String, Sendable, Hashable, Codable, CaseIterable {
    /// Its ring has not begun, it is away, or others are at it.
    case waiting
    /// It was told, and has not answered.
    case offered
    case fetching
    case installing
    /// It has it and is well; it must stay connected for the soak time.
    case soaking
    case done
    /// It does not take it now; it may later, when its own policy allows it.
    case refused
    /// It is on its old version again.
    case wentBack = "went_back"
    /// Neither the release nor going back from it worked.
    case failed
    /// It was offered the release and not heard of for as long as the plan says.
    case lost
    /// It did not come, or did not say what it has, for as long as the plan says. It is offered the release when it does.
    case notReached = "not_reached"
    /// The controller does not have the release that it would go back to.
    case noWayBack = "no_way_back"
    /// The controller does not have the release for its architecture.
    case noRelease = "no_release"

    /// Whether it holds a place of those that are at it.
    package var isAtIt: Bool { self == .offered || self == .fetching || self == .installing }
    /// Whether it speaks against the release.
    package var isFailure: Bool { self == .wentBack || self == .failed || self == .lost }
    /// Whether the ring need not wait for it.
    package var isSettled: Bool { self != .waiting && self != .soaking && !isAtIt }
    /// Whether a person should look at it.
    package var needsLook: Bool { isSettled && self != .done }
    /// Whether nothing was asked of the host yet.
    var isBefore: Bool { self == .waiting || self == .notReached || self == .noWayBack || self == .noRelease }
    /// Whether the audit chain says it.
    var isResult: Bool { self == .offered || self == .soaking || isSettled && !isBefore }
}

/// One host of a rollout.
package struct RolloutHost: Sendable, Hashable {
    package var ring: Int
    package var state = RolloutHostState.waiting
    /// Why it is so, for people. Untrusted where the host says it.
    package var fault = ""
    /// What it had when it was offered the release; `nil` before.
    package var from: HostPackages?
    package var changedAt: Timestamp
    /// Of its packages, as the host says: not stored.
    package var have: Int64 = 0
    /// Of its packages: not stored.
    package var size: Int64 = 0
    /// How often its state has changed: what a host says beyond many changes is not taken down.
    var changes = 0
    /// Since when it is not connected; `nil` while it is. Not stored.
    var awaySince: Timestamp?
    /// When it was last heard of the rollout, or came. Not stored.
    var newsAt: Timestamp
    /// What it could be offered. Not stored.
    var readiness = Readiness.unknown

    package init(ring: Int, at now: Timestamp) {
        self.ring = ring
        changedAt = now
        newsAt = now
        awaySince = now
    }

    /// One that was stored. It counts as away since now, until it comes.
    package init(
        ring: Int, state: RolloutHostState, fault: String, from: HostPackages?, changedAt: Timestamp, changes: Int,
        loadedAt now: Timestamp
    ) {
        self.init(ring: ring, at: now)
        self.state = state
        self.fault = fault
        self.from = from
        self.changedAt = changedAt
        self.changes = changes
    }

    /// How often its state has changed, as it is stored.
    package var storedChanges: Int { changes }
    /// Whether it was ever offered the release in this rollout.
    package var wasOffered: Bool { from != nil }
    /// Whether it is connected, as far as the rollout was told.
    package var isHere: Bool { awaySince == nil }
}

/// What a host could be offered, by what it says and what the controller has.
package enum Readiness: Sendable, Hashable {
    /// It has not said what it has.
    case unknown
    /// It has the version already.
    case has
    case ready(HostPackages)
    /// The controller does not have the release that it would go back to.
    case noWayBack(HostPackages)
    /// The controller does not have the version for its architecture.
    case noRelease(architecture: String)
}

/// What a host says of a rollout, within its limits. Untrusted.
package struct UpgradeReport: Sendable, Hashable {
    package enum Stage: String, Sendable, Hashable {
        case none
        case fetching
        case installing
        case done
        case refused
        case wentBack
        case failed
    }

    package var stage: Stage
    /// The version that dpkg says is installed there; empty where it does not say.
    package var installed: String
    package var fault: String
    package var have: Int64
    package var size: Int64

    package init(stage: Stage, installed: String, fault: String = "", have: Int64 = 0, size: Int64 = 0) {
        self.stage = stage
        self.installed = installed
        self.fault = fault
        self.have = have
        self.size = size
    }
}
