import AgentCollect
import AgentDetect
import CordonModel
import CordonScan
import Synchronization
import Testing

@Suite("Collecting", .timeLimit(.minutes(1)))
struct CollectorTests {
    /// What was handed on; refuses at first, as a full disk does.
    private actor Sink {
        struct Full: Error {}

        private(set) var items: [Telemetry] = []
        private var refusals: Int
        private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

        init(refusals: Int) { self.refusals = refusals }

        func append(_ telemetry: [Telemetry]) throws {
            if refusals > 0 {
                refusals -= 1
                throw Full()
            }
            items += telemetry
            if let waiting, items.count >= waiting.count {
                self.waiting = nil
                waiting.continuation.resume()
            }
        }

        func wait(for count: Int) async {
            guard items.count < count else { return }
            await withCheckedContinuation { waiting = (count, $0) }
        }
    }

    @Test(
        "lines become events and alerts, once each, also when keeping them fails at first; positions outlive a restart")
    func endToEnd() async throws {
        let scratch = try Scratch()
        let sink = Sink(refusals: 1)
        let detector = Detector(ssh: .init(failures: 3, failuresBeforeLogin: 3), surroundings: surroundings)
        func collector() throws -> Collector {
            Collector(
                sources: [FileSource(path: scratch.file("auth.log"), start: .beginning, surroundings: surroundings)],
                positions: try PositionStore(path: scratch.file("positions.json")),
                normalizer: Normalizer(),
                surroundings: surroundings,
                inspect: { detector.inspect($0) },
                append: { try await sink.append($0) }
            )
        }
        for second in 1...3 {
            try scratch.append(
                "auth.log",
                "2026-09-21T10:00:0\(second)Z web1 sshd[9]: Failed password for root from 192.0.2.7 port 1 ssh2\n")
        }
        try await run(try collector()) { await sink.wait(for: 4) }
        try scratch.append(
            "auth.log", "2026-09-21T10:00:09Z web1 sshd[9]: Accepted password for root from 192.0.2.7 port 1 ssh2\n")
        try await run(try collector()) { await sink.wait(for: 6) }
        let items = await sink.items
        let rules = items.compactMap { if case .alert(let alert) = $0 { alert.rule.id } else { nil } }
        #expect(rules == ["cordon.sshd.bruteforce", "cordon.sshd.login_after_failures"])
        #expect(items.count == 6)
    }

    private func run(_ collector: Collector, _ body: @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await collector.run() }
            try await body()
            // The position is kept after the items: wait for the source to come round to reading again.
            try await Task.sleep(for: .milliseconds(200))
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// As one that the kernel does not permit.
    private struct Forbidden: Source {
        struct NotPermitted: Error {}
        let id = "forbidden"

        func run(from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void) async throws {
            throw NotPermitted()
        }
    }

    @Test("a source that cannot be read does not hold up the others")
    func forbidden() async throws {
        let scratch = try Scratch()
        let sink = Sink(refusals: 0)
        let lines = FileSource(path: scratch.file("a.log"), start: .beginning, surroundings: surroundings)
        let collector = Collector(
            sources: [Forbidden(), lines], positions: try PositionStore(path: scratch.file("positions.json")),
            normalizer: Normalizer(), surroundings: surroundings, inspect: { _ in [] },
            append: { try await sink.append($0) })
        try scratch.append("a.log", "one\ntwo\n")
        try await run(collector) { await sink.wait(for: 2) }
        let items = await sink.items
        #expect(items.count == 2)
    }

    @Test("positions that cannot be parsed are kept aside")
    func positions() async throws {
        let scratch = try Scratch()
        try scratch.append("positions.json", "{\"journal\": ")
        let store = try PositionStore(path: scratch.file("positions.json"))
        #expect(await store.position(of: "journal") == nil)
        #expect(FolderNames.of(scratch.path) == ["positions.json.damaged"])
        try await store.keep(["cursor": "c"], of: "journal")
        #expect(
            try await PositionStore(path: scratch.file("positions.json")).position(of: "journal") == ["cursor": "c"])
    }
}
