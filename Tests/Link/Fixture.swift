import ControllerFleet
import ControllerStore
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// A clock that tests can put forward.
final class TestClock: Sendable {
    private let offset = Mutex(Duration.zero)
    private let start: Timestamp?

    /// One that stands still goes only when it is put forward.
    init(standsStill: Bool = false) { start = standsStill ? Self.wall : nil }

    var now: Timestamp { (start ?? Self.wall) + offset.withLock { $0 } }

    private static var wall: Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    func advance(by duration: Duration) { offset.withLock { $0 += duration } }

    var surroundings: Surroundings { Surroundings(now: { self.now }, random: { UInt64.random(in: .min ... .max) }) }
}

/// What hooks were told, and a way to wait for it.
final class Heard: Sendable {
    private let state = Mutex((orders: [OrderRecord](), batches: [Cordon_V1_Batch](), alarms: [UpgradeAlarm]()))
    let refusesBatches = Mutex(false)

    var orders: [OrderRecord] { state.withLock { $0.orders } }
    var batches: [Cordon_V1_Batch] { state.withLock { $0.batches } }
    var alarms: [UpgradeAlarm] { state.withLock { $0.alarms } }

    var hooks: FleetHooks {
        FleetHooks(
            received: { batch, _ in
                if self.refusesBatches.withLock({ $0 }) {
                    throw FleetError(code: "test.full", message: "The disk is full.")
                }
                self.state.withLock { $0.batches.append(batch) }
            },
            orderChanged: { record in self.state.withLock { $0.orders.append(record) } },
            upgradeStopped: { alarm in self.state.withLock { $0.alarms.append(alarm) } })
    }
}

/// A folder that is gone afterwards.
struct Scratch: ~Copyable {
    let path: String

    init() { path = "/tmp/cordon-link-\(UInt64.random(in: .min ... .max))" }

    deinit { _ = try? Command.run("/bin/rm", ["-rf", path, "\(path).root"]) }
}

/// A fleet with its real database, its real keys and its real listener on a port of the loopback.
struct Controller: Sendable {
    let fleet: Fleet
    let keys: FleetKeys
    let port: UInt16
    let clock: TestClock
    let heard: Heard
    let store: FleetStore
    let audit: AuditReader

    static let admin = Principal(name: "ada", role: .administrator)

    let address: ControllerAddress

    /// Makes a fleet in a new folder, or uses the one that is there, and serves it while the body runs.
    static func serve<Value: Sendable>(
        in folder: String, fleet name: String = "test", settings: FleetSettings = FleetSettings(),
        clock: TestClock = TestClock(), rulePacks: RulePackSource = .none,
        _ body: @Sendable @escaping (Controller) async throws -> Value
    ) async throws -> Value {
        if !KeyFile.exists("\(folder)/fleet.json") {
            _ = try FleetSetup.create(
                folder: folder, fleetName: name, addresses: ["127.0.0.1", "localhost"], rootKeyFile: "\(folder).root",
                at: clock.now)
        }
        let keys = try FleetKeys.load(folder: folder)
        let database = try Database(folder: folder, auditKey: keys.auditKey)
        let store = FleetStore(database)
        let heard = Heard()
        var log = Logger(label: "test")
        log.logLevel = .critical
        let fleet = try await Fleet.load(
            keys: keys, stores: store.stores, hooks: heard.hooks, rulePacks: rulePacks, settings: settings,
            surroundings: clock.surroundings,
            log: log)
        let server = try LinkServer(fleet: fleet, listen: Endpoint(.v4(0x7F00_0001), port: 0))
        let group = ServiceGroup(services: [fleet, server], logger: log)
        return try await withThrowingTaskGroup(of: Value?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                guard let port = await server.port, let address = ControllerAddress("127.0.0.1:\(port)") else {
                    throw FleetError(code: "test.port", message: "The server did not listen.")
                }
                let controller = Controller(
                    fleet: fleet, keys: keys, port: port, clock: clock, heard: heard, store: store,
                    audit: AuditReader(database: database, key: keys.auditKey.verifyingKey),
                    address: address)
                do {
                    let value = try await body(controller)
                    await group.triggerGracefulShutdown()
                    return value
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
            }
            var value: Value?
            for try await result in tasks { value = result ?? value }
            // By name: when the last reference goes is nobody's to say, and the folder may be served again at once.
            try await database.closeAll()
            guard let value else { throw FleetError(code: "test.value", message: "The body gave nothing.") }
            return value
        }
    }

    /// A token of this fleet.
    func token(uses: Int = 1, lifetime: Duration = .seconds(3600), group: String = "web") async throws -> EnrolmentToken
    {
        let made = try await fleet.createToken(
            uses: uses, lifetime: lifetime, group: group, controller: address, by: Self.admin)
        return try EnrolmentToken(text: made.text)
    }

    /// A host that has just enrolled.
    func agent(machine: String = "machine-1") async throws -> TestAgent {
        try await TestAgent.enrol(token(), at: port, machine: machine)
    }

    func request(_ action: Action, of agent: TestAgent, lifetime: Duration = .seconds(600)) -> OrderRequest {
        OrderRequest(
            id: clock.surroundings.identifier(), agent: agent.id, action: action, reason: "test", lifetime: lifetime)
    }

    /// Waits until the order is in the state; throws after five seconds.
    func order(_ id: OrderID, becomes state: OrderState) async throws -> OrderRecord {
        try await eventually("order \(id) becomes \(state)") {
            guard let record = try await fleet.order(id), record.state == state else { return nil }
            return record
        }
    }

    /// Waits until the host is on or off the air.
    func host(_ id: AgentID, isOnline: Bool) async throws {
        _ = try await eventually("host \(id) is \(isOnline ? "on" : "off")line") {
            try await fleet.host(id)?.isOnline == isOnline ? true : nil
        }
    }
}

/// Asks again until there is an answer; the state asked for is reached by others and tells nobody.
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(30), _ look: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if let value = try await look() { return value }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw FleetError(code: "test.timeout", message: "It did not happen: \(what).")
}
