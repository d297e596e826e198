import Glibc

/// How many agents one controller holds, how fast it reaches them, and what they cost it.
///
/// The controller runs in a process of its own with its real store and TLS, so that its memory is its own; the agents are
/// N real gRPC clients with certificates of their own in this one. Both share the machine: the figures hold for it.
@main
enum FleetBench {
    static func main() async throws {
        signal(SIGPIPE, SIG_IGN)
        raiseFileLimit()
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "controller", arguments.count == 2 {
            try await ControllerSide.run(folder: arguments[1])
            return
        }
        guard let agents = count(in: arguments) else {
            print("usage: cordon-bench-fleet [--agents N] [--json]     N: 1 to 100000")
            exit(64)
        }
        let row = try await measure(agents)
        print(arguments.contains("--json") ? row.json : row.table)
        exit(row.failures == 0 ? 0 : 1)
    }

    private static func count(in arguments: [String]) -> Int? {
        guard let index = arguments.firstIndex(of: "--agents") else { return 1000 }
        guard index + 1 < arguments.count, let count = Int(arguments[index + 1]), (1...100_000).contains(count) else {
            return nil
        }
        return count
    }

    private static func measure(_ count: Int) async throws -> Row {
        let controller = try ControllerProcess()
        defer { controller.end() }
        let ready = try controller.expect("ready")
        guard ready.count == 2, let port = UInt16(ready[0]) else { throw BenchError("the controller did not start") }
        let agents = try await AgentSide.enrol(count, at: port, token: ready[1])
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let before = try controller.ask("memory")[0]
            let start = ContinuousClock.now
            for agent in agents { group.addTask { await agent.stayConnected() } }
            _ = try await controller.askLong("online \(count)")
            var row = Row(agents: count, connect: seconds(since: start))
            try await Task.sleep(for: .seconds(2))
            row.kilobytes = (try number(controller.ask("memory")[0]) - number(before)) / Double(count)
            let latencies = try await controller.askLong("orders \(min(500, count))")
            (row.p50, row.p99) = (try number(latencies[0]), try number(latencies[1]))
            row.broadcast = try number(await controller.askLong("broadcast")[0])
            row.reconnect = try number(await controller.askLong("drop \(count)")[0])
            row.failures = Int(try number(controller.ask("failures")[0]))
            group.cancelAll()
            return row
        }
    }

    private static func number(_ text: String) throws -> Double {
        guard let value = Double(text) else { throw BenchError("the controller answered \(text)") }
        return value
    }

    private static func raiseFileLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_max = max(limit.rlim_max, 262_144)
        limit.rlim_cur = limit.rlim_max
        if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
            _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = limit.rlim_max
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
    }
}

struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

func seconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
}

/// One row of the benchmark; names are those that others rely on.
struct Row {
    var agents: Int
    /// Until all were online, seconds.
    var connect: Double
    /// Growth of the controller's anonymous memory, a host.
    var kilobytes = 0.0
    /// From order to durable result, milliseconds.
    var p50 = 0.0
    var p99 = 0.0
    /// One order to all until every result was durable, seconds.
    var broadcast = 0.0
    /// After all were dropped at once and came back at once, seconds.
    var reconnect = 0.0
    var failures = 0

    private var fields: [(name: String, value: String)] {
        [
            ("agents", "\(agents)"), ("connect_s", decimal(connect)), ("kb_per_agent", decimal(kilobytes)),
            ("order_ms_p50", decimal(p50)), ("order_ms_p99", decimal(p99)), ("broadcast_s", decimal(broadcast)),
            ("reconnect_s", decimal(reconnect)), ("failures", "\(failures)"),
        ]
    }

    var json: String {
        "{\"sut\":\"cordon\"," + fields.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    var table: String {
        ([("sut", "cordon")] + fields).map { name, value in
            name + String(repeating: " ", count: 16 - name.count) + value
        }.joined(separator: "\n")
    }

    private func decimal(_ value: Double) -> String {
        let thousandths = Int((value * 1000).rounded())
        let digits = "\(abs(thousandths) % 1000)"
        let sign = thousandths < 0 ? "-" : ""
        return "\(sign)\(abs(thousandths) / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
    }
}
