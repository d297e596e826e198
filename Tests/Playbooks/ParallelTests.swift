import ControllerStore
import CordonModel
import CordonOrders
import CordonScan
import FoundationEssentials
import Synchronization
import Testing

@testable import ControllerPlaybooks

/// Branches that run at one time, on the durable engine and a real database.
@Suite("Parallel branches on the engine", .serialized)
struct ParallelTests {
    /// start 1 → parallel 2 → (block on one host 3, on another 4, a call 5) → action 6 on both → end.
    private static let document = Documents.playbook([
        Documents.start: ["type": "start", "on_completion": .text(Documents.id("parallel", 2))],
        Documents.id("parallel", 2): [
            "type": "parallel",
            "next_steps": .array((3...5).map { .text(Documents.id("action", $0)) }),
            "on_success": .text(Documents.id("action", 6)),
        ],
        Documents.id("action", 3): branch([Documents.block], Documents.host, end: 13),
        Documents.id("action", 4): branch([Documents.block], Documents.secondHost, end: 14),
        Documents.id("action", 5): branch(
            [["type": "http-api", "command": "POST /tickets HTTP/1.1"]], Documents.server, end: 15),
        Documents.id("action", 6): Documents.action([Documents.unblock], targets: [Documents.host]),
        Documents.id("end", 13): ["type": "end"], Documents.id("end", 14): ["type": "end"],
        Documents.id("end", 15): ["type": "end"], Documents.end: ["type": "end"],
    ])

    private static func branch(_ commands: [JSONValue], _ target: String, end: Int) -> JSONValue {
        Documents.action(commands, targets: [target], success: Documents.id("end", end))
    }

    private let folder: String
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        folder = scratch.folder + "/playbooks"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let report = PlaybookValidator.validate(Self.document.bytes())
        try #require(report.isValid && report.obstacles.isEmpty, "\(report.faults) \(report.obstacles)")
        try Data(Self.document.bytes()).write(to: URL(filePath: folder + "/test.json"))
    }

    @Test("every branch does its part once, and what comes after waits for the last of them")
    func whole() async throws {
        defer { scratch.remove() }
        let world = Branches()
        let run = EngineTests.live.identifier(of: RunID.self)
        try await live(run, world, dies: nil)
        try await check(run, world)
        // Two blocks were asked for before either was done: they ran at one time.
        #expect(world.log.withLock { $0.mostOpen } >= 2)
    }

    @Test(
        "a controller that dies at any write, before or after it is durable, does each branch's part once",
        arguments: 1...9, [true, false])
    func crash(write: Int, durable: Bool) async throws {
        defer { scratch.remove() }
        let world = Branches()
        let run = EngineTests.live.identifier(of: RunID.self)
        try await live(run, world, dies: (write, durable))
        try await live(run, world, dies: nil)
        try await check(run, world)
    }

    /// One life of the controller.
    private func live(_ run: RunID, _ world: Branches, dies death: (write: Int, durable: Bool)?) async throws {
        let (deaths, died) = AsyncStream<Void>.makeStream()
        let repository = Mortal(scratch.store, dies: death) { died.yield() }
        let (news, tell) = AsyncStream<Void>.makeStream()
        let engine = PlaybookEngine(
            library: PlaybookLibrary(folder: folder), repository: repository, performer: world, hosts: world,
            surroundings: EngineTests.live, hooks: PlaybookEngine.Hooks(changed: { _ in tell.yield() }))
        world.engine.withLock { $0 = engine }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            defer { group.cancelAll() }
            do {
                _ = try await engine.start(
                    Documents.id("playbook", 999), inputs: [:], caseID: nil, request: run, by: .system)
            } catch is Mortal.Died { return }
            await withTaskGroup { ends in
                ends.addTask { for await _ in deaths where death != nil { return } }
                ends.addTask {
                    for await _ in news {
                        if (try? await self.scratch.store.run(run)?.state.isFinal) == true { return }
                    }
                }
                // Over already when its last news came before anybody listened.
                tell.yield()
                await ends.next()
                ends.cancelAll()
            }
        }
    }

    private func check(_ run: RunID, _ world: Branches) async throws {
        let record = try #require(try await scratch.store.run(run))
        #expect(record.state == .succeeded, "\(record)")
        let log = world.log.withLock { $0 }
        #expect(log.orders.count == 3, "two blocks and what comes after, each once")
        #expect(Set(log.orders.prefix(2).map(\.agent)).count == 2)
        #expect(log.orders.map(\.action.kind) == [.blockAddress, .blockAddress, .unblockAddress])
        #expect(Set(log.calls.map(\.id)).count == 1, "a call may be made again, with the same key")
    }
}

/// Two hosts and a server. An order that is filed is done once, however often it is asked for; its end is told to the
/// engine that lives then.
private final class Branches: EffectPerformer, HostResolving {
    struct Log {
        var orders: [OrderEffect] = []
        var open = 0
        var told: Set<OrderID> = []
        var mostOpen = 0
        var calls: [HTTPEffect] = []
    }

    let log = Mutex(Log())
    let engine = Mutex<PlaybookEngine?>(nil)

    func submit(_ order: OrderEffect) async throws {
        let isWhole = log.withLock { log in
            guard !log.orders.contains(where: { $0.id == order.id }) else { return true }
            log.orders.append(order)
            log.open += 1
            log.mostOpen = max(log.mostOpen, log.open)
            // The two blocks end together, so that both must have been asked for before either ended.
            return log.orders.count >= 2
        }
        guard isWhole else { return }
        let done = log.withLock { log in
            log.open = 0
            defer { log.told = Set(log.orders.map(\.id)) }
            return log.orders.map(\.id).filter { !log.told.contains($0) }
        }
        for order in done { await engine.withLock { $0 }?.orderFinished(order, state: .succeeded, result: nil) }
    }

    func withdraw(_ order: OrderID, because reason: String, by actor: String) async throws -> OrderState? { .expired }

    func progress(of order: OrderID) async throws -> OrderProgress? {
        log.withLock { log in
            guard log.orders.contains(where: { $0.id == order }) else { return nil }
            return OrderProgress(state: log.orders.count >= 2 ? .succeeded : .running, result: nil)
        }
    }

    func call(_ call: HTTPEffect) async throws -> HTTPReply {
        log.withLock { $0.calls.append(call) }
        return HTTPReply(status: 201, body: [])
    }

    func agent(for host: HostReference) async throws -> AgentID {
        let number: UInt64 = host.name == "web01" ? 1 : 2
        return AgentID(UUIDv7(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0000 | number))
    }
}
