import AgentCollect
import AgentSpool
import CordonModel
import CordonScan
import Glibc

/// One run of our own collecting, in a process of its own: prints seconds, processor seconds and kilobytes.
struct CordonRun {
    /// `file/read`, `journal/local`, …
    let kind: String
    let input: String
    let folder: String
    let events: Int

    /// Reading alone; reading and normalising; and both to the spool, durably.
    static let legs = ["read", "parse", "local"]

    func run() async throws {
        let words = kind.split(separator: "/")
        guard words.count == 2 else { throw BenchError("a kind is SOURCE/LEG") }
        let source: any Source =
            words[0] == "file"
            ? FileSource(path: input, start: .beginning, surroundings: .bench)
            : JournalSource(.folder(input), start: .beginning, surroundings: .bench)
        let usage = Usage()
        let counter = Counter(events)
        if words[1] == "read" {
            await until(counter) { try await source.run(from: nil) { await counter.add($0.records.count) } }
        } else if words[1] == "parse" {
            let collector = Collector(
                sources: [source], keeping: CountingOnly(counter: counter), normalizer: Normalizer(),
                surroundings: .bench, inspect: { _ in [] })
            await until(counter) { await collector.run() }
        } else {
            let spool = try Spool(folder: folder, limits: .init(bytes: 8 << 30), surroundings: .bench)
            let collector = Collector(
                sources: [source], keeping: CountingKeeping(spool: spool, counter: counter), normalizer: Normalizer(),
                surroundings: .bench, inspect: { _ in [] })
            await until(counter) { await collector.run() }
        }
        print("\(usage.seconds) \(usage.processorSeconds) \(usage.anonymousKilobytes)")
    }

    private func until(_ counter: Counter, _ work: @escaping @Sendable () async throws -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { do { try await work() } catch { print("\(error)") } }
            await counter.wait()
            group.cancelAll()
        }
    }
}

/// Keeps nothing.
struct CountingOnly: Keeping {
    let counter: Counter

    func position(of source: String) async -> JSONValue? { nil }

    func keep(_ telemetry: [Telemetry], position: JSONValue, of source: String) async throws {
        await counter.add(telemetry.count)
    }
}

/// The spool, counting what it has taken.
struct CountingKeeping: Keeping {
    let spool: Spool
    let counter: Counter

    func position(of source: String) async -> JSONValue? { nil }

    func keep(_ telemetry: [Telemetry], position: JSONValue, of source: String) async throws {
        try await spool.append(telemetry, position: position.bytes(), of: source)
        await counter.add(telemetry.count)
    }
}

/// Lets go when so many have come.
actor Counter {
    private var left: Int
    private var waiting: CheckedContinuation<Void, Never>?

    init(_ events: Int) { left = events }

    func add(_ count: Int) {
        left -= count
        guard left <= 0 else { return }
        waiting?.resume()
        waiting = nil
    }

    func wait() async {
        guard left > 0 else { return }
        await withCheckedContinuation { waiting = $0 }
    }
}

extension Surroundings {
    static let bench = Surroundings(
        now: {
            var time = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
        },
        random: { UInt64.random(in: .min ... .max) })
}
