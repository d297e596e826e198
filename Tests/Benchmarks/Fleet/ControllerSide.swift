import ControllerFleet
import ControllerStore
import CordonModel
import CordonOrders
import CordonTrust
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// The controller's process: the real fleet on its real store, measured from within.
enum ControllerSide {
    static let admin = Principal(name: "bench", role: .administrator)
    static let surroundings = Surroundings(now: { now }, random: { UInt64.random(in: .min ... .max) })

    private static var now: Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    static func run(folder: String) async throws {
        let keys = try FleetSetup.create(
            folder: folder, fleetName: "bench", addresses: ["127.0.0.1"],
            rootKeyFile: "\(folder).root", at: now
        ).keys
        let done = Done()
        var settings = FleetSettings()
        settings.enrolmentsPerSecond = 1_000_000
        settings.strangerPatience = .seconds(3600)
        var log = Logger(label: "bench")
        log.logLevel = .error
        let fleet = try await Fleet.load(
            keys: keys, stores: FleetStore(try Database(folder: folder, auditKey: keys.auditKey)).stores,
            hooks: FleetHooks(received: { _, _ in }, orderChanged: { done.note($0) }), settings: settings,
            surroundings: surroundings, log: log)
        let server = try LinkServer(fleet: fleet, listen: Endpoint(.v4(0x7F00_0001), port: 0))
        let group = ServiceGroup(services: [fleet, server], logger: log)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                let controller = Measured(fleet: fleet, done: done)
                try await controller.greet(await server.port)
                for await line in lines() { try await controller.obey(line) }
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    /// What the other process says, line by line, read on a thread of its own.
    private static func lines() -> AsyncStream<String> {
        AsyncStream { feed in
            BlockingThread.run {
                while let line = readLine() { feed.yield(line) }
                feed.finish()
            }
        }
    }
}

/// When which order ended.
final class Done: Sendable {
    private struct State {
        var ended: [OrderID: (at: ContinuousClock.Instant, succeeded: Bool)] = [:]
        var failures = 0
    }

    private let state = Mutex(State())

    func note(_ record: OrderRecord) {
        guard record.state.isFinal else { return }
        state.withLock { state in
            state.ended[record.id] = (.now, record.state == .succeeded)
            if record.state != .succeeded { state.failures += 1 }
        }
    }

    func fail(_ count: Int) { state.withLock { $0.failures += count } }

    var failures: Int { state.withLock { $0.failures } }

    func end(of id: OrderID) -> ContinuousClock.Instant? { state.withLock { $0.ended[id]?.at } }
}

/// Carries the commands out.
struct Measured {
    let fleet: Fleet
    let done: Done

    func greet(_ port: UInt16?) async throws {
        guard let port, let address = ControllerAddress("127.0.0.1:\(port)") else { throw BenchError("no port") }
        let token = try await fleet.createToken(
            uses: 100_000, lifetime: .seconds(86_400), group: "", controller: address, by: ControllerSide.admin)
        say("ready \(port) \(token.text)")
    }

    func obey(_ line: String) async throws {
        let words = line.split(separator: " ").map(String.init)
        let number = words.count > 1 ? Int(words[1]) ?? 0 : 0
        switch words.first {
        case "memory": say("memory \(anonymousKilobytes())")
        case "online":
            try await online(number)
            say("online")
        case "orders": say("orders \(try await orders(number))")
        case "broadcast": say("broadcast \(try await broadcast())")
        case "drop":
            let start = ContinuousClock.now
            fleet.endAllSessions()
            try await Task.sleep(for: .milliseconds(400))
            try await online(number)
            say("drop \(seconds(since: start))")
        case "failures": say("failures \(done.failures)")
        default: say("what")
        }
    }

    private func online(_ count: Int) async throws {
        let start = ContinuousClock.now
        while try await fleet.hosts().count(where: \.isOnline) < count {
            guard seconds(since: start) < 120 else {
                done.fail(count - (try await fleet.hosts().count(where: \.isOnline)))
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// One order after another, each to another host: the median and the 99th percentile, in milliseconds.
    private func orders(_ count: Int) async throws -> String {
        var times: [Double] = []
        for host in try await fleet.hosts().prefix(count) {
            let request = request(for: host.id)
            let start = ContinuousClock.now
            _ = try await fleet.submit(request, by: ControllerSide.admin)
            guard let end = await wait(for: request.id) else { continue }
            let (seconds, attoseconds) = (end - start).components
            times.append(Double(seconds) * 1000 + Double(attoseconds) / 1e15)
        }
        times.sort()
        guard !times.isEmpty else { return "0 0" }
        return "\(times[times.count / 2]) \(times[min(times.count - 1, times.count * 99 / 100)])"
    }

    private func broadcast() async throws -> Double {
        let requests = try await fleet.hosts().map { request(for: $0.id) }
        let start = ContinuousClock.now
        _ = try await fleet.submit(requests, by: ControllerSide.admin)
        for request in requests { _ = await wait(for: request.id) }
        return seconds(since: start)
    }

    private func request(for host: AgentID) -> OrderRequest {
        OrderRequest(
            id: ControllerSide.surroundings.identifier(), agent: host,
            action: .isolate(Isolation(duration: .seconds(60))), reason: "bench")
    }

    /// The hook noted the instant; looking for it more often would disturb what is measured.
    private func wait(for id: OrderID) async -> ContinuousClock.Instant? {
        for _ in 0..<60_000 {
            if let end = done.end(of: id) { return end }
            try? await Task.sleep(for: .milliseconds(1))
        }
        done.fail(1)
        return nil
    }

    private func anonymousKilobytes() -> Int {
        guard let file = unsafe fopen("/proc/self/status", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var buffer = [CChar](repeating: 0, count: 256)
        while unsafe fgets(&buffer, 256, file) != nil {
            let line = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if line.hasPrefix("RssAnon:") {
                return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
            }
        }
        return 0
    }

    private func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
    }
}
