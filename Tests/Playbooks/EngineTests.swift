import ControllerStore
import CordonModel
import CordonOrders
import CordonScan
import CordonTrust
import FoundationEssentials
import Synchronization
import Testing

@testable import ControllerPlaybooks

/// The world outside of the engine: hosts, orders and servers, and what was asked of them. It outlives every crash.
final class World: EffectPerformer, HostResolving {
    struct Log {
        var orders: [OrderEffect] = []
        var calls: [HTTPEffect] = []
        var withdrawals: [OrderID] = []
    }

    enum News: Sendable {
        case order(OrderID)
        case changed(Change)
        case crashed
    }

    let log = Mutex(Log())
    let news: AsyncStream<News>
    let tell: AsyncStream<News>.Continuation
    /// Where an order is that is to be withdrawn.
    let withdrawn = Mutex<OrderState?>(.expired)
    /// Runs before an order is filed.
    let beforeFiling = Mutex<(@Sendable () async -> Void)?>(nil)

    init() { (news, tell) = AsyncStream.makeStream() }

    func withdraw(_ order: OrderID, because reason: String, by actor: String) async throws -> OrderState? {
        log.withLock { $0.withdrawals.append(order) }
        return withdrawn.withLock { $0 }
    }

    func submit(_ order: OrderEffect) async throws {
        await beforeFiling.withLock { $0 }?()
        log.withLock { $0.orders.append(order) }
        tell.yield(.order(order.id))
    }

    func progress(of order: OrderID) async throws -> OrderProgress? {
        let filed = log.withLock { $0.orders.contains { $0.id == order } }
        return filed ? OrderProgress(state: .succeeded, result: nil) : nil
    }

    func call(_ call: HTTPEffect) async throws -> HTTPReply {
        log.withLock { $0.calls.append(call) }
        return HTTPReply(status: 200, body: [])
    }

    func agent(for host: HostReference) async throws -> AgentID {
        guard let agent = (host.addresses + [host.name]).lazy.compactMap({ AgentID($0) }).first else {
            throw PlaybooksError(code: "host.unknown", message: "There is no host \(host.name).")
        }
        return agent
    }
}

/// A repository of a process that dies at its n-th write, before or after the write is durable. Dead processes write
/// nothing.
final class Mortal: RunRepository {
    struct Died: Error {}

    private let inner: RunStore
    private let death: (write: Int, durable: Bool)?
    private let writes = Mutex(0)
    private let died: @Sendable () -> Void

    init(_ inner: RunStore, dies death: (write: Int, durable: Bool)?, died: @escaping @Sendable () -> Void) {
        self.inner = inner
        self.death = death
        self.died = died
    }

    private func write(_ body: () async throws -> Void) async throws {
        let number = writes.withLock { count in
            count += 1
            return count
        }
        guard let death, number >= death.write else { return try await body() }
        if number == death.write, death.durable { try await body() }
        died()
        throw Died()
    }

    func create(_ commit: RunCommit, definition: [UInt8]) async throws {
        try await write { try await inner.create(commit, definition: definition) }
    }

    func append(_ commit: RunCommit) async throws { try await write { try await inner.append(commit) } }
    func run(_ id: RunID) async throws -> RunRecord? { try await inner.run(id) }
    func stored(_ id: RunID) async throws -> StoredRun? { try await inner.stored(id) }
    func runs(_ filter: RunFilter) async throws -> [RunRecord] { try await inner.runs(filter) }
    func unfinished() async throws -> [RunID] { try await inner.unfinished() }
    func run(awaiting order: OrderID) async throws -> RunID? { try await inner.run(awaiting: order) }
    func task(_ id: TaskID) async throws -> ManualTask? { try await inner.task(id) }
    func tasks(_ filter: TaskFilter) async throws -> [ManualTask] { try await inner.tasks(filter) }
}

/// A real database in a folder of its own.
struct Scratch {
    let folder: String
    let database: Database
    var store: RunStore { RunStore(database: database) }

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/cordon-runs-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        database = try Database(folder: folder, auditKey: SigningKey())
    }

    func remove() {
        try? database.close()
        try? FileManager.default.removeItem(atPath: folder)
    }
}

@Suite("Playbook engine", .serialized)
struct EngineTests {
    static let host = "00000000-0000-7000-8000-000000000001"
    static let responder = Principal(name: "ada", role: .responder)
    static let live = Surroundings(
        now: { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) },
        random: { .random(in: 0 ... .max) })
    static let inputs = [
        "__host__": host, "__hostname__": "web01", "__attacker__": "203.0.113.7", "__severity__": "critical",
    ]

    static func engine(_ world: World, _ repository: any RunRepository) -> PlaybookEngine {
        PlaybookEngine(
            library: PlaybookLibrary(folder: "/nonexistent"), repository: repository, performer: world, hosts: world,
            surroundings: live, hooks: PlaybookEngine.Hooks(changed: { world.tell.yield(.changed($0)) }))
    }

    /// One life of the controller: starts or resumes, plays the world and the person, and ends with the run or with a
    /// crash.
    static func live(_ run: RunID, _ world: World, _ store: RunStore, dies death: (write: Int, durable: Bool)?)
        async throws
    {
        let repository = Mortal(store, dies: death) { world.tell.yield(.crashed) }
        let engine = engine(world, repository)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            defer { group.cancelAll() }
            do {
                _ = try await engine.start(
                    BuiltInPlaybooks.containSSHIntrusionID, inputs: inputs, caseID: nil, request: run, by: .system)
            } catch is Mortal.Died { return }
            for await news in world.news {
                switch news {
                case .crashed: if death != nil { return }
                case .order(let order): await engine.orderFinished(order, state: .succeeded, result: nil)
                case .changed: break
                }
                for task in try await store.tasks(TaskFilter(run: run)) {
                    _ = try? await engine.decide(task.id, .approve, reason: "", by: responder)
                }
                if try await store.run(run)?.state.isFinal == true { return }
            }
        }
    }

    @Test(
        "a controller that dies at any write, before or after it is durable, does everything once", arguments: 1...7,
        [true, false])
    func crash(write: Int, durable: Bool) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let run = Self.live.identifier(of: RunID.self)
        let world = World()
        try await Self.live(run, world, scratch.store, dies: (write, durable))
        // The next life's news must not stand behind those of the dead one.
        let reborn = World()
        reborn.log.withLock { log in log = world.log.withLock { $0 } }
        reborn.tell.yield(.changed(Change(topic: .run, id: "", summary: "", at: Self.live.now())))
        try await Self.live(run, reborn, scratch.store, dies: nil)
        let record = try #require(try await scratch.store.run(run))
        #expect(record.state == .succeeded, "\(record)")
        let orders = reborn.log.withLock { $0.orders }
        #expect(Set(orders.map(\.id)).count == 2, "one block and one isolation, whatever was asked again")
        #expect(Set(orders.map(\.action.kind)) == [.blockAddress, .isolate])
    }

    @Test("who lacks the role or is not asked cannot answer; a second answer hears who was first")
    func answers() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let world = World()
        let engine = Self.engine(world, scratch.store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            defer { group.cancelAll() }
            let record = try await engine.start(
                BuiltInPlaybooks.containSSHIntrusionID, inputs: Self.inputs, caseID: nil, by: Self.responder)
            var open: ManualTask?
            for await news in world.news {
                if case .order(let order) = news { await engine.orderFinished(order, state: .succeeded, result: nil) }
                open = try await scratch.store.tasks(TaskFilter(run: record.id)).first
                if open != nil { break }
            }
            let task = try #require(open)
            #expect(try await scratch.store.runs(RunFilter(states: [.waiting])).map(\.id) == [record.id])
            await #expect(throws: PlaybooksError.self) {
                try await engine.decide(task.id, .approve, reason: "", by: Principal(name: "eve", role: .analyst))
            }
            let answered = try await engine.decide(task.id, .deny, reason: "maintenance", by: Self.responder)
            #expect(answered.state == .denied && answered.decidedBy == "ada" && answered.reason == "maintenance")
            await #expect(throws: PlaybooksError.self) {
                try await engine.decide(task.id, .approve, reason: "", by: Self.responder)
            }
            #expect(try await scratch.store.run(record.id)?.state == .succeeded)
        }
    }

    @Test("nobody answers: after half an hour of the controller's clock the question counts as denied")
    func overdue() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let world = World()
        let clock = Mutex((now: Timestamp(seconds: 1_700_000_000), runs: false))
        let surroundings = Surroundings(now: { clock.withLock { $0.now } }, random: { .random(in: 0 ... .max) })
        let hooks = PlaybookEngine.Hooks(
            changed: { change in
                if change.topic == .task { clock.withLock { $0.runs = true } }
                world.tell.yield(.changed(change))
            },
            // Time flies as soon as a person is waited for, and stands before.
            sleep: { duration in
                let runs = clock.withLock { clock in
                    if clock.runs { clock.now = clock.now + duration }
                    return clock.runs
                }
                if runs { await Task.yield() } else { try await Task.sleep(for: .milliseconds(1)) }
            })
        let engine = PlaybookEngine(
            library: PlaybookLibrary(folder: "/nonexistent"), repository: scratch.store, performer: world, hosts: world,
            surroundings: surroundings, hooks: hooks)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            defer { group.cancelAll() }
            let run = try await engine.start(
                BuiltInPlaybooks.containSSHIntrusionID, inputs: Self.inputs, caseID: nil, by: .system)
            for await news in world.news {
                if case .order(let order) = news { await engine.orderFinished(order, state: .succeeded, result: nil) }
                if try await scratch.store.run(run.id)?.state.isFinal == true { break }
            }
            let task = try #require(try await scratch.store.tasks(TaskFilter(run: run.id, states: nil)).first)
            #expect(task.state == .timedOut && task.decidedBy == nil)
            let (decided, due) = (try #require(task.decidedAt), try #require(task.dueAt))
            #expect(decided >= due)
            #expect(try await scratch.store.run(run.id)?.state == .succeeded)
            #expect(world.log.withLock { $0.orders.map(\.action.kind) } == [.blockAddress])
        }
    }

    /// A run of a case whose first order is filed, and what its case was told.
    private func ordered(
        _ world: World,
        _ body:
            @escaping @Sendable (PlaybookEngine, RunID, OrderID, _ lines: @Sendable () -> [String]) async throws
            -> Void
    ) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let lines = Mutex<[String]>([])
        let hooks = PlaybookEngine.Hooks(timeline: { _, line in lines.withLock { $0.append(line.text) } })
        let engine = PlaybookEngine(
            library: PlaybookLibrary(folder: "/nonexistent"), repository: scratch.store, performer: world, hosts: world,
            surroundings: Self.live, hooks: hooks)
        let file: CaseID = Self.live.identifier()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            defer { group.cancelAll() }
            let run = try await engine.start(
                BuiltInPlaybooks.containSSHIntrusionID, inputs: Self.inputs, caseID: file, by: .system
            ).id
            for await case .order(let order) in world.news {
                return try await body(engine, run, order, { lines.withLock { $0 } })
            }
        }
    }

    @Test("a run that is cancelled withdraws the orders that no host has")
    func withdraws() async throws {
        let world = World()
        try await ordered(world) { engine, run, order, lines in
            let outcome = try await engine.cancel(run, reason: "false alarm", by: Self.responder)
            #expect(outcome.run.state == .cancelled)
            #expect(outcome.withdrawn == [order] && outcome.runningOn.isEmpty)
            #expect(world.log.withLock { $0.withdrawals } == [order])
            #expect(!lines().contains { $0.contains("runs on") })
        }
    }

    @Test(
        "an order that a host has runs on when its run is cancelled, and the case is told",
        arguments: [
            OrderState.leased, .received, .running,
        ])
    func runsOn(state: OrderState) async throws {
        let world = World()
        world.withdrawn.withLock { $0 = state }
        try await ordered(world) { engine, run, order, lines in
            let outcome = try await engine.cancel(run, reason: "", by: Self.responder)
            #expect(outcome.withdrawn.isEmpty && outcome.runningOn == [order])
            #expect(lines().contains("The order \(order) is with its host already and runs on."))
        }
    }

    @Test("an order that is being filed while its run is cancelled is withdrawn as soon as it is filed")
    func withdrawsLate() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let world = World()
        world.withdrawn.withLock { $0 = nil }
        let engine = Self.engine(world, scratch.store)
        let run: RunID = Self.live.identifier()
        let (outcomes, told) = AsyncStream.makeStream(of: RunCancellation.self)
        world.beforeFiling.withLock {
            $0 = {
                guard let outcome = try? await engine.cancel(run, reason: "", by: Self.responder) else { return }
                told.yield(outcome)
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            defer { group.cancelAll() }
            _ = try await engine.start(
                BuiltInPlaybooks.containSSHIntrusionID, inputs: Self.inputs, caseID: nil, request: run, by: .system)
            let outcome = try #require(await outcomes.first { _ in true })
            let order = try #require(outcome.withdrawn.first)
            // Once when it was not there yet, once when it was filed after all.
            while world.log.withLock({ $0.withdrawals.count }) < 2 { await Task.yield() }
            #expect(world.log.withLock { $0.orders.map(\.id) } == [order])
            #expect(world.log.withLock { $0.withdrawals } == [order, order])
        }
    }

    @Test("orders of a run that was cancelled just before the controller died are withdrawn when it comes back")
    func withdrawsAfterCrash() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let world = World()
        // Started, host found; the third write is the cancellation, durable and the last of this life.
        let dying = Mortal(scratch.store, dies: (write: 3, durable: true)) {}
        let engine = Self.engine(world, dying)
        let run = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            defer { group.cancelAll() }
            let run = try await engine.start(
                BuiltInPlaybooks.containSSHIntrusionID, inputs: Self.inputs, caseID: nil, by: .system
            ).id
            for await case .order in world.news { break }
            await #expect(throws: Mortal.Died.self) {
                try await engine.cancel(run, reason: "over", by: Self.responder)
            }
            return run
        }
        #expect(try await scratch.store.run(run)?.state == .cancelled)
        #expect(world.log.withLock { $0.withdrawals }.isEmpty)
        let next = Self.engine(world, scratch.store)
        try await next.withdrawLeftovers()
        #expect(world.log.withLock { $0.withdrawals == $0.orders.map(\.id) && $0.orders.count == 1 })
    }

    @Test("two engines cannot both go on with one run")
    func rivals() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let engines = [Self.engine(World(), scratch.store), Self.engine(World(), scratch.store)]
        let run = try await engines[0].start(
            BuiltInPlaybooks.containSSHIntrusionID, inputs: Self.inputs, caseID: nil, by: .system
        ).id
        // Both have the run in memory; the second's next event has a number that is taken.
        try await engines[1].deliver(to: run, by: "test") { _ in .timerFired(timer: 999) }
        await #expect(throws: (any Error).self) {
            try await engines[0].deliver(to: run, by: "test") { _ in .timerFired(timer: 999) }
        }
        _ = try await engines[0].cancel(run, reason: "over", by: Self.responder)
        #expect(try await scratch.store.run(run)?.state == .cancelled)
        #expect(try await scratch.store.stored(run)?.events.count == 3)
    }

    @Test(
        "what cannot be run is not started, and the error says why",
        arguments: [
            ("playbook--00000000-0000-4000-8000-000000000000", inputs, "playbook.unknown"),
            (BuiltInPlaybooks.containSSHIntrusionID, ["__host__": "web01", "__attacker__": "x"], "run.input_type"),
            (BuiltInPlaybooks.containSSHIntrusionID, ["__host__": host], "run.input_missing"),
        ])
    func refusals(playbook: String, inputs: [String: String], code: String) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let engine = Self.engine(World(), scratch.store)
        await #expect {
            _ = try await engine.start(playbook, inputs: inputs, caseID: nil, by: .system)
        } throws: { ($0 as? PlaybooksError)?.code == code }
        #expect(try await scratch.store.runs(RunFilter()).isEmpty)
    }
}
