internal import AgentEnforce
internal import ArgumentParser
internal import CLinux
internal import CordonModel
internal import Glibc
internal import Logging

/// `./dev bench contain`: how long containment takes, from the order received to its being in force, in a network
/// namespace of its own; and the same by nft(8), a process for each change. Then blocks beside CrowdSec's bouncer and
/// fail2ban, where they are installed: Documentation/contain-bench.md.
@main
struct ContainBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon-bench-contain",
        abstract: "Measure isolation and blocks, through verifier, journal and kernel. Needs root.")

    @Option(help: "Isolations measured.") var rounds = 300
    @Option(help: "Addresses in the bulk block.") var addresses = 100_000
    @Option(help: "Where the journal is kept meanwhile: its disk's sync is part of what is measured.") var folder =
        "/var/tmp"
    @Option(help: "Seconds that a blocker may take for a bulk.") var patience = 120
    @Option(help: "Only this part: kernel (isolations and blocks through the enforcer) or blockers.") var only: Part?
    @Option(help: "Only the blockers whose name begins so.") var blocker = ""
    @Flag(help: "One JSON object a line.") var json = false

    /// What can be run by itself.
    enum Part: String, ExpressibleByArgument { case kernel, blockers }

    func validate() throws {
        guard rounds >= 10, addresses >= 1000 else { throw ValidationError("At least 10 rounds and 1000 addresses.") }
    }

    func run() throws {
        guard geteuid() == 0 else { throw ValidationError("Needs root, for a network namespace and nf_tables.") }
        guard clinux_unshare_network() == 0 else {
            throw ValidationError("The kernel did not give a network namespace.")
        }
        guard Shell.run("ip link set lo up") else { throw ValidationError("Needs iproute2.") }
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        if only != .blockers { try measureKernel() }
        if only != .kernel { try measureBlockers() }
    }

    private func measureKernel() throws {
        guard
            Shell.run(
                """
                ip link add bench0 type veth peer name bench1; ip link set bench1 up
                ip addr add 10.66.0.1/24 dev bench0; ip link set bench0 up
                """
            )
        else { throw ValidationError("Needs iproute2.") }
        defer { Shell.run("ip link del bench0; nft flush ruleset 2>/dev/null") }
        var rows: [Row] = []
        rows.append(try CordonContender(folder: folder).measure(rounds: rounds, addresses: addresses))
        if let peer = try NftContender(folder: folder) {
            rows.append(try peer.measure(rounds: max(10, rounds / 3), addresses: addresses))
        }
        print(json ? rows.map(\.json).joined(separator: "\n") : Row.table(rows))
    }

    private func measureBlockers() throws {
        let place = "\(folder)/cordon-bench-blockers-\(getpid())"
        Shell.run("mkdir -p \(place)/cordon")
        defer { Shell.run("rm -rf \(place)") }
        let (blockers, missing) = try Blockers.found(in: place)
        for name in missing { say("\(name) is not installed: its rows are left out") }
        let measure = BlockerMeasure(ground: try Ground(folder: place), folder: place, patience: patience)
        var (bulks, probes): ([BulkRow], [ProbeRow]) = ([], [])
        for blocker in blockers where blocker.name.hasPrefix(self.blocker) {
            say("\(blocker.name) …")
            for count in [1000, 10_000, 100_000] {
                bulks.append(try measure.bulk(blocker, count))
                guard bulks.last?.all != nil else {
                    say("\(blocker.name) gave up at \(bulks.last?.inForce ?? 0) of \(count); more are not tried")
                    break
                }
            }
            probes.append(try measure.probes(blocker))
        }
        if json {
            for line in bulks.map(\.json) + probes.map(\.json) { print(line) }
        } else {
            print("\n" + Row.table([BulkRow.heads] + bulks.map(\.words)) + "\n")
            print(Row.table([["sut"] + (probes.first?.answers.map(\.probe) ?? [])] + probes.map(\.words)))
        }
    }

    private func say(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        unsafe _ = write(2, bytes, bytes.count)
    }
}

/// What one contender took.
struct Row {
    var sut: String
    /// Milliseconds until it is in force, as the kernel has answered.
    var isolate: [Double]
    /// Milliseconds until it is proved as well: sockets and flows ended, and what is in force read back. Empty for who proves nothing.
    var proved: [Double]
    var blockOne: Double
    var blockAll: Double
    /// Seconds for a list of networks in intervals, and milliseconds for one more address beside it.
    var list: (all: Double, one: [Double])
    var rss: Int

    /// The milliseconds sorted, as the two figures.
    init(
        _ sut: String, isolate: [Double], proved: [Double] = [], blockOne: [Double], blockAll: Double,
        list: (all: Double, one: [Double]), rss: Int
    ) {
        self.list = list
        self.sut = sut
        self.isolate = isolate
        self.proved = proved
        self.blockOne = Self.quantile(blockOne, 0.5)
        self.blockAll = blockAll
        self.rss = rss
    }

    static func quantile(_ values: [Double], _ part: Double) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }

    private var cells: [(String, String)] {
        [
            ("isolate_ms_p50", Self.rounded(Self.quantile(isolate, 0.5))),
            ("isolate_ms_p99", Self.rounded(Self.quantile(isolate, 0.99))),
            ("isolate_proved_ms_p50", proved.isEmpty ? "null" : Self.rounded(Self.quantile(proved, 0.5))),
            ("isolate_proved_ms_p99", proved.isEmpty ? "null" : Self.rounded(Self.quantile(proved, 0.99))),
            ("block_one_with_100k_ms", Self.rounded(blockOne)), ("block_100k_s", Self.rounded(blockAll)),
            ("list_100k_s", Self.rounded(list.all)),
            ("block_one_with_list_ms", Self.rounded(Self.quantile(list.one, 0.5))),
            ("rss_anon_kb", "\(rss)"),
        ]
    }

    var json: String { "{\"sut\":\"\(sut)\"," + cells.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}" }

    static func table(_ rows: [Row]) -> String {
        let heads = ["sut"] + (rows.first?.cells.map(\.0) ?? [])
        return table([heads] + rows.map { [$0.sut] + $0.cells.map(\.1) })
    }

    /// Lines of cells, one below the other.
    static func table(_ lines: [[String]]) -> String {
        let widths = (lines.first ?? []).indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            line.enumerated().map { $1 + String(repeating: " ", count: widths[$0] - $1.count) }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func rounded(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
}

/// Commands through a shell: the peer's way, and the set-up.
enum Shell {
    @discardableResult
    static func run(_ command: String) -> Bool { unsafe system(command) == 0 }
}

extension ContinuousClock.Instant {
    /// Milliseconds since.
    var elapsed: Double { Double(duration(to: .now).microseconds) / 1000 }
}
