import CordonModel
import CordonScan
import Glibc
import Testing

@testable import AgentCollect

@Suite("What the agent says of its sources", .timeLimit(.minutes(1)))
struct SourceStatesTests {
    private struct Broken: Error, CustomStringConvertible { var description: String { "The source is broken." } }

    @Test("a file that is not there is a fault, one that cannot be read is another, and none once it is read")
    func file() async throws {
        let scratch = try Scratch()
        try await collecting(scratch, "auth.log") { states in
            await expect("There is no file \(scratch.file("auth.log")).", states)
            #expect(unsafe mkdir(scratch.file("auth.log"), 0o700) == 0)
            await expect(
                "\(scratch.file("auth.log")) is not a regular file. Name a log file. [collect.not_a_file]", states)
            #expect(unsafe rmdir(scratch.file("auth.log")) == 0)
            try scratch.append("auth.log", "2026-09-21T10:00:00Z web1 sshd[9]: Connection closed by 192.0.2.7 port 1\n")
            await expect(nil, states)
        }
    }

    @Test("a source that fails says so until it has run for a while, or has something to hand on")
    func failing() {
        let states = SourceStates(["a", "b"])
        let start = ContinuousClock.now
        states.begin("a", at: start)
        states.say("It is broken.", of: "a")
        #expect(states.all(at: start).map(\.fault) == ["It is broken.", nil])
        #expect(states.all(at: start + .seconds(3600)).map(\.fault) == ["It is broken.", nil])
        states.begin("a", at: start)
        #expect(states.all(at: start + .seconds(9)).first?.fault == "It is broken.")
        #expect(states.all(at: start + .seconds(10)) == [SourceState(source: "a"), SourceState(source: "b")])
        states.say("No room.", of: "b")
        states.say(nil, of: "b")
        #expect(states.all(at: start).last?.fault == nil)
    }

    @Test("what the collector hears of a source that throws is told")
    func throwing() async throws {
        struct Thrower: Source {
            let id = "thrower"
            func run(from: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void) async throws {
                throw Broken()
            }
        }
        let scratch = try Scratch()
        try await collecting(scratch, Thrower()) { states in await expect("The source is broken.", states) }
    }

    // MARK: -

    private func collecting(
        _ scratch: borrowing Scratch, _ name: String, _ body: (SourceStates) async throws -> Void
    ) async throws {
        let source = FileSource(path: scratch.file(name), start: .beginning, surroundings: surroundings)
        try await collecting(scratch, source, body)
    }

    private func collecting(
        _ scratch: borrowing Scratch, _ source: any Source, _ body: (SourceStates) async throws -> Void
    ) async throws {
        let collector = Collector(
            sources: [source], positions: try PositionStore(path: scratch.file("positions.json")),
            normalizer: Normalizer(), surroundings: surroundings, inspect: { _ in [] }, append: { _ in })
        let running = Task { await collector.run() }
        try await body(collector.states)
        running.cancel()
        await running.value
    }

    /// Waits until the one source's fault is this one.
    private func expect(_ fault: String?, _ states: SourceStates) async {
        let deadline = ContinuousClock.now + .seconds(30)
        while states.all.first?.fault != fault, .now < deadline { try? await Task.sleep(for: .milliseconds(20)) }
        #expect(states.all.map(\.fault) == [fault])
    }
}
