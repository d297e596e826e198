package import CordonModel
internal import CordonTrust
internal import CordonWire
package import Logging
internal import SwiftProtobuf
internal import Synchronization

/// The fleet: who belongs to it, who is there, and what has been ordered of whom.
///
/// The registry and the open orders are in memory, their truth is in the repositories, and no change is told to anyone
/// before it is there. `run()` keeps the house (expiry, presence, certificate) and must run as long as the fleet is used.
package final class Fleet: Sendable {
    /// Something that a hook is to be told.
    enum News: Sendable {
        case order(OrderRecord)
        case host(HostRecord)
        case hunt(HuntID)
        case evidence(EvidenceRecord)
        case upgrade(RolloutID)
        case alarm(UpgradeAlarm)
    }

    let keys: FleetKeys
    let registry: Registry
    let sessions = SessionTable()
    let connections = LinkConnections()
    let ledger: OrderLedger
    let hostStore: any HostRegistry
    let tokenStore: any TokenRepository
    let orderStore: any OrderRepository
    let huntStore: any HuntRepository
    let standingStore: any StandingRepository
    /// All standing orders, in the order in which they were made or taken back.
    let standing: Mutex<[StandingRecord]>
    let hunts: HuntBoard
    let evidenceStore: any EvidenceRepository
    /// The bytes of evidence.
    package let evidenceFolder: SumFolder
    let upgradeStore: any UpgradeRepository
    let releaseFolder: SumFolder
    let shelf: ReleaseShelf
    let desk: RolloutDesk
    let hooks: FleetHooks
    let listenerCertificate: ListenerCertificate
    let keySet: Mutex<OrderKeySet>
    let enrolments: RateLimit
    let failures: RateLimit
    let news: AsyncStream<News>
    let newsFeed: AsyncStream<News>.Continuation
    let rulePacks: RulePackSource
    let ruleStates = Mutex<[AgentID: RulePackState]>([:])
    package let settings: FleetSettings
    let surroundings: Surroundings
    let log: Logger

    /// The wall clock.
    var now: Timestamp { surroundings.now() }

    /// What a fleet stands on.
    package struct Stores: Sendable {
        package var hosts: any HostRegistry
        package var tokens: any TokenRepository
        package var orders: any OrderRepository
        package var hunts: any HuntRepository
        package var evidence: any EvidenceRepository
        package var standing: any StandingRepository
        package var upgrades: any UpgradeRepository

        package init(
            hosts: any HostRegistry, tokens: any TokenRepository, orders: any OrderRepository,
            hunts: any HuntRepository, evidence: any EvidenceRepository, standing: any StandingRepository,
            upgrades: any UpgradeRepository
        ) {
            self.hosts = hosts
            self.tokens = tokens
            self.orders = orders
            self.hunts = hunts
            self.evidence = evidence
            self.standing = standing
            self.upgrades = upgrades
        }
    }

    /// Loads the registry and the open orders. Orders that were on their way when the controller ended are queued again.
    package static func load(
        keys: FleetKeys, stores: Stores, hooks: FleetHooks, rulePacks: RulePackSource = .none,
        settings: FleetSettings = FleetSettings(), surroundings: Surroundings, log: Logger
    ) async throws -> Fleet {
        let registry = Registry(
            hosts: try await stores.hosts.allHosts(), certificates: try await stores.hosts.allCertificates())
        let fleet = try Fleet(
            keys: keys, registry: registry, stores: stores, standing: try await stores.standing.allStandingOrders(),
            hooks: hooks, rulePacks: rulePacks, settings: settings, surroundings: surroundings, log: log)
        for order in try await stores.orders.openOrders() { fleet.ledger.adopt(order) }
        try await fleet.requeueLeftovers()
        try await fleet.hunts.load()
        try await fleet.shelf.load()
        try await fleet.desk.load()
        await fleet.repeatAlarm()
        return fleet
    }

    private init(
        keys: FleetKeys, registry: Registry, stores: Stores, standing: [StandingRecord], hooks: FleetHooks,
        rulePacks: RulePackSource,
        settings: FleetSettings, surroundings: Surroundings, log: Logger
    ) throws {
        let (news, feed) = AsyncStream.makeStream(of: News.self)
        self.keys = keys
        self.registry = registry
        hostStore = stores.hosts
        tokenStore = stores.tokens
        orderStore = stores.orders
        huntStore = stores.hunts
        standingStore = stores.standing
        self.standing = Mutex(standing)
        hunts = HuntBoard(repository: stores.hunts)
        evidenceStore = stores.evidence
        evidenceFolder = SumFolder("\(keys.folder)/evidence")
        upgradeStore = stores.upgrades
        releaseFolder = SumFolder("\(keys.folder)/releases")
        shelf = ReleaseShelf(
            repository: stores.upgrades, folder: releaseFolder, root: keys.policyRoot, fleet: keys.fleet)
        desk = RolloutDesk(repository: stores.upgrades, surroundings: surroundings)
        self.hooks = hooks
        self.rulePacks = rulePacks
        self.settings = settings
        self.surroundings = surroundings
        self.log = log
        self.news = news
        newsFeed = feed
        ledger = OrderLedger(repository: stores.orders) { feed.yield(.order($0)) }
        listenerCertificate = try ListenerCertificate(
            certificateFile: keys.certificateFile, keyFile: keys.certificateKeyFile)
        keySet = Mutex(try keys.readKeySet())
        enrolments = RateLimit(
            perSecond: Double(settings.enrolmentsPerSecond), burst: Double(settings.enrolmentsPerSecond) * 2)
        failures = RateLimit(perSecond: 0.5, burst: 5)
    }
}

/// Token buckets by key, bounded in number.
final class RateLimit: Sendable {
    private struct Bucket {
        var level: Double
        var at: Timestamp
    }

    private let buckets = Mutex<[String: Bucket]>([:])
    private let perSecond: Double
    private let burst: Double
    private static let keys = 10_000

    init(perSecond: Double, burst: Double) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Takes one; `false` when there is none left.
    func take(_ key: String = "", at now: Timestamp) -> Bool { spend(1, key, now) }

    /// Whether one could be taken, without taking it.
    func allows(_ key: String, at now: Timestamp) -> Bool { spend(0, key, now) }

    private func spend(_ cost: Double, _ key: String, _ now: Timestamp) -> Bool {
        buckets.withLock { buckets in
            var bucket = buckets[key] ?? Bucket(level: burst, at: now)
            let passed = Double(max(0, (now - bucket.at).microseconds)) / 1_000_000
            bucket = Bucket(level: min(burst, bucket.level + passed * perSecond), at: now)
            guard bucket.level >= 1 else {
                buckets[key] = bucket
                return false
            }
            bucket.level -= cost
            // Full buckets say nothing: forget them before the table grows without end.
            if buckets.count >= Self.keys { buckets = buckets.filter { now - $0.value.at < .seconds(60) } }
            if buckets.count < Self.keys { buckets[key] = bucket }
            return true
        }
    }
}
