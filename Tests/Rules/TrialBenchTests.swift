import CordonMatch
import CordonModel
import CordonSigma
import Testing

@testable import ControllerRules

@Suite("The bench that packs are tried on")
struct TrialBenchTests {
    private let hosts = (1...3).map { AgentID(UUIDv7(high: 0x019f_0000_0000_7000, low: 0x8000_0000_0000_0000 | $0)) }

    /// A pack whose correlation counts lines with “x”, a minute long.
    private func bench(mostRemembered: Int) throws -> TrialBench {
        let rule = SigmaRule(
            id: "r1", title: "X", level: .low, logSource: LogSource(),
            condition: .keyword(Wildcards([.anyRun, .literal("x"), .anyRun]), isCased: false))
        let correlation = CorrelationRule(
            id: "c1", title: "Many", level: .high, kind: .eventCount, rules: ["r1"], timespan: 60,
            conditions: [.init(.greaterOrEqual, 4)])
        let pack = RulePack(name: "p", version: 1, rules: [rule], correlations: [correlation])
        return try TrialBench(try pack.encoded(), mostRemembered: mostRemembered)
    }

    private func event(_ host: Int, at seconds: Int64, _ line: String = "x") -> PastEvent {
        let time = Timestamp(seconds: seconds)
        return PastEvent(
            host: hosts[host], time: time, event: Event(timestamp: time, created: time, original: line))
    }

    @Test("what is out of every window makes room; what is in one does not")
    func room() throws {
        var bench = try bench(mostRemembered: 2)
        bench.look(at: [event(0, at: 0), event(1, at: 1), event(2, at: 2)])
        let early = bench.makeRoom(at: Timestamp(seconds: 3))
        let later = bench.makeRoom(at: Timestamp(seconds: 500))
        #expect(!early && later)
        bench.look(at: [event(0, at: 500), event(0, at: 501), event(0, at: 502)])
        #expect(bench.report(limit: 9).findings.map(\.id) == ["r1"])
        bench.look(at: [event(0, at: 503)])
        #expect(bench.report(limit: 9).findings.map(\.id) == ["c1", "r1"])
    }

    @Test("hosts that are named, examples, and an example's line are bounded")
    func bounds() throws {
        var bench = try bench(mostRemembered: 100)
        bench.look(at: (0..<9).map { event($0 % 3, at: Int64($0), String(repeating: "x", count: 5000)) })
        let finding = try #require(bench.report(limit: 9).findings.last)
        #expect(finding.matches == 9 && finding.hosts == Set(hosts) && !finding.hasMoreHosts)
        #expect(finding.examples.map(\.original.utf8.count) == [1000, 1000, 1000])
        #expect(bench.report(limit: 0).leftOut == 1)
    }

    @Test("bytes that are no pack are refused")
    func refuses() {
        #expect(throws: SigmaError.self) { try TrialBench([1, 2, 3]) }
    }
}
