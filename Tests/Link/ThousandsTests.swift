import ControllerStore
import CordonModel
import CordonTrust
import Synchronization
import Testing

@testable import ControllerFleet

/// The real store, and how much was written to it.
private final class CountedStore: UpgradeRepository {
    /// Transactions, rows of hosts, and audit records by their verb.
    struct Written: Equatable {
        var saves = 0
        var hosts = 0
        var records: [String: Int] = [:]
    }

    private let store: FleetStore
    private let counts = Mutex(Written())

    init(_ store: FleetStore) { self.store = store }

    var written: Written { counts.withLock { $0 } }

    func save(_ rollout: Rollout, hosts: Set<AgentID>, recording entries: [AuditEntry]) async throws {
        counts.withLock {
            $0.saves += 1
            $0.hosts += hosts.count
            for entry in entries { $0.records[entry.verb, default: 0] += 1 }
        }
        try await store.save(rollout, hosts: hosts, recording: entries)
    }

    func newestRollout(at now: Timestamp) async throws -> Rollout? { try await store.newestRollout(at: now) }
    func rollouts(limit: Int) async throws -> [RolloutSummary] { try await store.rollouts(limit: limit) }
    func save(_ release: ReleaseRecord, recording entries: [AuditEntry]) async throws {
        try await store.save(release, recording: entries)
    }
    func remove(_ keys: [ReleaseKey], recording entries: [AuditEntry]) async throws {
        try await store.remove(keys, recording: entries)
    }
    func allReleases() async throws -> [ReleaseRecord] { try await store.allReleases() }
    func forgetRollout(
        keeping kept: Int, recording entry: @escaping @Sendable (RolloutID) -> AuditEntry
    ) async throws -> Bool {
        try await store.forgetRollout(keeping: kept, recording: entry)
    }
}

@Suite("A rollout of thousands")
struct ThousandsTests {
    let scratch = ScratchFolder()
    private static let had = HostPackages(architecture: "amd64", installed: "1.0")
    private static let admin = Principal(name: "ada", role: .administrator)

    /// A hundred canaries, and of the others every second one in a ring of its own.
    private static func group(_ number: Int) -> String { number < 100 ? "canary" : number % 2 == 0 ? "web" : "" }

    @Test("5,000 hosts go ring by ring; each change writes the hosts that changed, and an idle look at them nothing")
    func thousands() async throws {
        let clock = TestClock(standsStill: true)
        try DataFolder.make(scratch.path)
        let database = try Database(folder: scratch.path, auditKey: SigningKey())
        let store = CountedStore(FleetStore(database))
        let desk = RolloutDesk(repository: store, surroundings: clock.surroundings)
        let hosts = (0..<5000).map { (id: PaperFleet.host(UInt64($0)), group: Self.group($0)) }
        let groups = Dictionary(uniqueKeysWithValues: hosts.map { ($0.id, $0.group) })
        let plan = RolloutPlan(version: "2.0", rings: ["canary", "web", "*"], soak: .zero, atOnce: 600)
        _ = try await desk.begin(plan, groups, by: Self.admin)
        #expect(store.written == .init(saves: 1, hosts: 5000, records: ["upgrade.started": 1]))

        try await desk.handle(hosts.map { .met($0.id, group: $0.group, .ready(Self.had)) })
        #expect(store.written.saves == 1, "that they are there is not written down")
        var rings: [Int] = []
        while await desk.rollout?.state == .running {
            let offered = try await desk.handle([.clock]).commands
            #expect(offered.count <= 600)
            let ring = try #require(await desk.rollout?.ring)
            if rings.last != ring { rings.append(ring) }
            for case .offer(let agent) in offered {
                #expect(plan.ring(of: groups[agent] ?? "") == ring)
                try await desk.handle([.heard(agent, UpgradeReport(stage: .done, installed: "2.0"))])
            }
        }
        #expect(rings == [0, 1, 2])
        let end = try #require(await desk.rollout)
        #expect(end.state == .finished)
        #expect(plan.rings.indices.map(end.counts(of:)) == [[.done: 100], [.done: 2450], [.done: 2450]])
        // Each host is written when it is enrolled, offered the release, has it, and is done: those that go on at one
        // time, in one transaction.
        let written = store.written
        let looks = 1 + 5 + 5 + 1
        #expect(written.hosts == 4 * 5000 && written.saves == 1 + 5000 + looks)
        #expect(
            written.records == [
                "upgrade.started": 1, "upgrade.ring_began": 2, "upgrade.finished": 1, "upgrade.host_offered": 5000,
                "upgrade.host_soaking": 5000, "upgrade.host_done": 5000,
            ])
        for _ in 0..<10 { try await desk.handle([.clock]) }
        for host in hosts.prefix(10) {
            try await desk.handle([.heard(host.id, UpgradeReport(stage: .done, installed: "2.0"))])
        }
        #expect(store.written == written, "nothing is new")

        // What is read again is what there was; the list reads no host.
        let listed = try await store.rollouts(limit: 20)
        #expect(listed == [RolloutSummary(end)])
        try await desk.load()
        let loaded = try #require(await desk.rollout)
        #expect(loaded.hosts.count == 5000 && loaded.hosts.allSatisfy { $0.value.state == .done })
        try await database.closeAll()
    }

    @Test("what is counted along is what a look at every host says, and a copy keeps what it was")
    func counted() {
        var random = Steps(state: 7)
        var hosts = RolloutHosts()
        var plain: [AgentID: RolloutHost] = [:]
        var copies: [(RolloutHosts, [AgentID: RolloutHost])] = []
        for step in 0..<20_000 {
            let agent = PaperFleet.host(UInt64.random(in: 0..<700, using: &random))
            var host =
                hosts[agent] ?? RolloutHost(ring: Int.random(in: 0..<4, using: &random), at: Timestamp(seconds: 1))
            host.state = RolloutHostState.allCases.randomElement(using: &random) ?? .waiting
            host.fault = "\(step)"
            hosts[agent] = host
            plain[agent] = host
            if step % 1000 == 0 { copies.append((hosts, plain)) }
        }
        for (copy, plain) in copies + [(hosts, plain)] {
            #expect(copy.count == plain.count && copy.allSatisfy { plain[$0.key] == $0.value })
            #expect(Set(copy.keys) == Set(plain.keys))
            for ring in 0..<4 {
                let looked = plain.values.filter { $0.ring == ring }.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
                #expect(copy.counts(of: ring) == looked)
            }
            #expect(copy.count { $1.isFailure && $0 < 2 } == plain.values.count { $0.state.isFailure && $0.ring < 2 })
        }
    }
}

/// The same steps in every run (splitmix64).
private struct Steps: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
