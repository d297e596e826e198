import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Logging
import Synchronization
import Testing

@testable import AgentEnforce

/// The wall clock is set while a host is isolated. The parts of the real enforcer, with clocks that the test sets: the
/// machine's own is everybody's.
@Suite("Ways out by the clock", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct LeakClockTests {
    private let ground: LeakGround
    private let fleet: Enrolled
    private let keys: Cordon_V1_SignedOrderKeySet
    private let time = Clocks()
    private let enforcer = Holder()
    private let isolation = Action.isolate(Isolation(duration: .seconds(3600)))
    private static let year: Int64 = 365 * 86_400

    /// What the machine's clocks say, moved.
    private final class Clocks: Sendable {
        private let moved = Mutex((wall: Int64(0), sinceBoot: Int64(0), boot: 1))

        /// Seconds that the wall clock is ahead of the right time.
        func setWall(_ seconds: Int64) { moved.withLock { $0.wall = seconds } }
        func pass(_ seconds: Int64) { moved.withLock { $0.sinceBoot += seconds } }
        func reboot() { moved.withLock { ($0.sinceBoot, $0.boot) = (0, $0.boot + 1) } }

        var clock: BootClock {
            BootClock(
                now: { Timestamp(seconds: Int64(Glibc.time(nil)) + self.moved.withLock { $0.wall }) },
                sinceBoot: { (60 + self.moved.withLock { $0.sinceBoot }) * 1_000_000_000 },
                boot: "boot \(moved.withLock { $0.boot })")
        }
    }

    /// The enforcer that runs.
    private final class Holder: Sendable {
        private let content = Mutex<Enforcer?>(nil)

        func withLock<Value: Sendable>(_ body: (inout Enforcer?) -> Value) -> Value { content.withLock { body(&$0) } }
    }

    init() throws {
        ground = try LeakGround()
        fleet = try Enrolled(ground.lab.scratch)
        keys = try fleet.keySet()
    }

    /// An enforcer on the same state in the place of the one before, of which the kernel has lost what it held.
    private func start() throws {
        enforcer.withLock { $0 = nil }
        try ground.lab.nft("flush", "ruleset")
        let settings = try EnforcerSettings.load(ground.lab.scratch.path + "/enforcer.toml")
        _ = unsafe mkdir(settings.stateDirectory, 0o700)
        let fresh = try NamespaceThread.run(in: ground.lab.host) { [time, keys] in
            let fresh = try Enforcer(
                settings.configuration(version: "test"), clock: time.clock, log: Logger(label: "test"))
            _ = try? fresh.accept(keys)
            return fresh
        }
        enforcer.withLock { $0 = fresh }
    }

    private func running() throws -> Enforcer { try #require(enforcer.withLock { $0 }) }

    private func execute(_ action: Action) throws -> OrderResult { try execute(fleet.order(action)) }

    private func execute(_ order: Order) throws -> OrderResult {
        let (signed, enforcer) = (try fleet.sign(order), try running())
        return try NamespaceThread.run(in: ground.lab.host) { try enforcer.execute(signed) }.model()
    }

    /// Whether only what the README names passes, after the enforcer has looked at everything.
    private func isClosed(_ title: String) throws -> Bool {
        let enforcer = try running()
        try NamespaceThread.run(in: ground.lab.host) { enforcer.tick(thorough: true) }
        let seen = try ground.round(title)
        // Never a little open.
        #expect(seen == LeakGround.documented || seen.isSuperset(of: LeakGround.host), "\(title): \(seen.sorted())")
        return seen == LeakGround.documented && enforcer.status().containment.isolatedUntilUs > 0
    }

    private func rules() throws -> String { try ground.lab.nft("-s", "list", "ruleset").output }

    @Test(
        "however the wall clock is set, the isolation ends when its time has gone by, and no sooner",
        .timeLimit(.minutes(3)))
    func wall() throws {
        try start()
        #expect(try isClosed("before") == false)
        #expect(try execute(isolation).outcome == .succeeded)
        let block = Action.blockAddress(
            AddressBlock(network: try #require(Network("203.0.113.9")), duration: .seconds(60)))
        let refusals: [(moved: Int64, rule: String)] = [
            (50 * Self.year, "expired"), (-50 * Self.year, "issued in the future"), (3601, "expired"),
            (-3601, "issued in the future"),
        ]
        for (moved, rule) in refusals {
            time.setWall(moved)
            #expect(try isClosed("the wall clock is \(moved) s ahead"))
            let before = try rules()
            let result = try execute(block)
            #expect(result.outcome == .refused(rule: rule) && result.message.contains("it is "), "\(result.message)")
            #expect(try rules() == before)
        }
        time.setWall(50 * Self.year)
        try start()
        #expect(try isClosed("started again while the wall clock is ahead"))
        time.pass(3599)
        #expect(try isClosed("a second before its end"))
        time.pass(2)
        #expect(try isClosed("its time is over") == false)
        #expect(try !rules().contains("cordon_isolation"))
    }

    @Test(
        "what is left after a boot is reckoned once, however the clock is set and the enforcer started after that",
        .timeLimit(.minutes(3)))
    func boot() throws {
        try start()
        #expect(try execute(isolation).outcome == .succeeded)
        // As a machine without a battery begins: nobody knows what is left, so it is all.
        time.setWall(-50 * Self.year)
        time.reboot()
        try start()
        #expect(try isClosed("booted into the past"))
        time.pass(2000)
        time.setWall(50 * Self.year)
        try start()
        #expect(try isClosed("started again with the wall clock ahead"))
        time.pass(1590)
        time.setWall(-50 * Self.year)
        try start()
        #expect(try isClosed("started again with the wall clock back"))
        time.pass(20)
        #expect(try isClosed("its time is over, by the clock since that boot") == false)
    }

    @Test("an order that was forgotten while the wall clock was ahead is not carried out again once it is right")
    func replay() throws {
        try start()
        let order = fleet.order(isolation)
        #expect(try execute(order).outcome == .succeeded)
        #expect(try execute(.release).outcome == .succeeded)
        enforcer.withLock { $0 = nil }
        time.setWall(Self.year)
        let settings = try EnforcerSettings.load(ground.lab.scratch.path + "/enforcer.toml")
        var journal = try OrderJournal(folder: settings.stateDirectory, clock: time.clock)
        try journal.compact()
        let remembered = journal.orders.count
        #expect(remembered == 0)
        time.setWall(0)
        try start()
        #expect(try execute(order).outcome == .refused(rule: "replay"))
        #expect(try isClosed("after the replay") == false)
        #expect(try execute(fleet.order(isolation, issued: .seconds(1))).outcome == .succeeded, "a later order")
        #expect(try execute(fleet.order(.release, issued: .seconds(2))).outcome == .succeeded)
    }

    @Test("who cannot release a host by order for its clock is wrong can do it as root")
    func release() throws {
        try start()
        #expect(try execute(isolation).outcome == .succeeded)
        time.setWall(-50 * Self.year)
        #expect(try execute(.release).outcome == .refused(rule: "issued in the future"))
        #expect(try isClosed("isolated, the wall clock back"))
        let enforcer = try running()
        try NamespaceThread.run(in: ground.lab.host) { try enforcer.releaseLocally(reason: "a test") }
        #expect(try isClosed("released") == false)
    }
}
