import ControllerIntake
import ControllerRules
import ControllerStore
import CordonModel
import Logging
import Testing

@Suite("Trying packs on the real files of events")
struct RuleTrialTests {
    private static let rules = """
        title: Backdoor
        id: 0a1b2c3d-0000-4000-8000-000000000001
        name: backdoor
        author: Ada
        logsource:
          product: linux
        detection:
          keywords: ['*backdoor*']
          condition: keywords
        level: high
        ---
        title: Greeting
        id: 0a1b2c3d-0000-4000-8000-000000000002
        logsource:
          product: linux
        detection:
          keywords: ['*hello*']
          condition: keywords
        level: low
        ---
        title: Many backdoors
        id: 0a1b2c3d-0000-4000-8000-000000000003
        author: Grace
        correlation:
          type: event_count
          rules: [backdoor]
          timespan: 1m
          condition: {gte: 3}
        level: critical
        """
    private static let ids = (1...3).map { "0a1b2c3d-0000-4000-8000-00000000000\($0)" }

    private let workshop: Workshop
    private let intake: Intake
    private let store: RulePackStore
    private let packs: RulePacks
    private let web: AgentID
    private let mail: AgentID
    private let start: Timestamp

    init() async throws {
        workshop = try Workshop()
        let database = try workshop.open()
        intake = Intake(
            repository: IntakeStore(database: database), cases: NoCases(), surroundings: workshop.surroundings,
            logger: Logger(label: "test"))
        store = RulePackStore(database: database)
        packs = try await RulePacks.load(repository: store, surroundings: workshop.surroundings)
        web = workshop.surroundings.identifier()
        mail = workshop.surroundings.identifier()
        start = workshop.now
        _ = try await packs.publish([.init(name: "rules.yml", text: Self.rules)], name: "linux", by: .system)
    }

    /// Ships lines that happened so many seconds after the start.
    private func ship(_ lines: [(Int, String)], from agent: AgentID, at first: UInt64) async throws {
        let items = lines.map { seconds, text in
            let time = start + .seconds(seconds)
            return ShippedItem.telemetry(.event(Event(timestamp: time, created: time, original: text)))
        }
        _ = try await intake.ingest(
            ShippedBatch(epoch: [UInt8](repeating: 1, count: 16), firstSequence: first, items: items), from: agent)
    }

    private func stretch(_ from: Int = 0, _ to: Int = 1_000_000, host: AgentID? = nil) -> HistoryStretch {
        HistoryStretch(from: start + .seconds(from), to: start + .seconds(to), host: host)
    }

    private func report(_ request: RuleTrials.Request) async throws -> TrialReport {
        var trial = try await packs.trials.prepare(request)
        while true { if case .over(let report) = try await trial.advance() { return report } }
    }

    private func found(_ stretch: HistoryStretch) async throws -> [String: Int] {
        let report = try await report(.init(version: 1, stretch: stretch))
        #expect(report.end == nil)
        return Dictionary(uniqueKeysWithValues: report.findings.map { ($0.id, $0.matches) })
    }

    @Test("a pack finds what was stored, with author, times, hosts and examples, and nothing else")
    func finds() async throws {
        workshop.advance(.seconds(1000))
        try await ship([(10, "a backdoor opened"), (20, "all is well"), (30, "hello")], from: web, at: 1)
        workshop.advance(.seconds(86_400))
        try await ship([(86_000, "Backdoor again")], from: mail, at: 1)
        let report = try await report(.init(version: 1, stretch: stretch()))
        #expect(report.events == 4 && report.end == nil && report.leftOut == 0)
        #expect(report.findings.map(\.id) == [Self.ids[0], Self.ids[1]])
        let finding = try #require(report.findings.first)
        #expect(finding.author == "Ada" && finding.level == "high" && finding.title == "Backdoor")
        #expect(!finding.alerts, "it only feeds a correlation")
        #expect(report.findings.last?.alerts == true)
        #expect(finding.matches == 2 && finding.hosts == [web, mail])
        #expect(finding.first == start + .seconds(10) && finding.last == start + .seconds(86_000))
        #expect(finding.examples.map(\.original) == ["a backdoor opened", "Backdoor again"])
        let alerts = try await intake.alerts()
        #expect(alerts.isEmpty)
    }

    @Test("only the time and the host that were asked for are looked at")
    func narrows() async throws {
        workshop.advance(.seconds(1000))
        try await ship([(10, "backdoor"), (20, "hello"), (30, "backdoor")], from: web, at: 1)
        try await ship([(15, "hello"), (20, "hello")], from: mail, at: 1)
        #expect(try await found(stretch(10, 30)) == [Self.ids[0]: 1, Self.ids[1]: 3])
        #expect(try await found(stretch(10, 30, host: mail)) == [Self.ids[1]: 2])
        #expect(try await found(stretch(11, 20, host: web)) == [:])
        #expect(try await found(stretch(31, 40)) == [:])
    }

    @Test("correlations count each host by itself")
    func hosts() async throws {
        workshop.advance(.seconds(1000))
        try await ship([(10, "backdoor"), (20, "backdoor")], from: web, at: 1)
        try await ship([(15, "backdoor"), (25, "backdoor")], from: mail, at: 1)
        #expect(try await found(stretch()) == [Self.ids[0]: 4], "four, but two of each host")
        try await ship([(30, "backdoor")], from: mail, at: 3)
        let report = try await report(.init(version: 1, stretch: stretch()))
        let correlation = try #require(report.findings.first)
        #expect(correlation.id == Self.ids[2] && correlation.isCorrelation && correlation.alerts)
        #expect(correlation.author == "Grace" && correlation.matches == 1 && correlation.hosts == [mail])
        #expect(correlation.first == start + .seconds(15) && correlation.last == start + .seconds(30))
    }

    @Test("what came a day late is put where its time says, for correlations too")
    func late() async throws {
        workshop.advance(.seconds(1000))
        try await ship([(10, "backdoor"), (50, "backdoor"), (500, "backdoor")], from: web, at: 1)
        workshop.advance(.seconds(86_400))
        try await ship([(30, "backdoor")], from: web, at: 4)
        #expect(try await found(stretch())[Self.ids[2]] == 1)
    }

    @Test("pieces follow each other by time over days, without holes or repeats")
    func pieces() async throws {
        for day in 0..<3 {
            workshop.advance(.seconds(86_400))
            // Of the same few instants on each day, in no order.
            try await ship((0..<10).map { ($0 * 7 % 10 / 2, "n\(day * 10 + $0)") }, from: web, at: UInt64(day * 10 + 1))
        }
        let whole = try await store.events(stretch(), after: nil, limit: 1000)
        #expect(whole.next == nil)
        #expect(Set(whole.events.map(\.event.original)).count == 30)
        #expect(whole.events.map(\.time) == whole.events.map(\.time).sorted())
        for limit in [1, 3, 7] {
            var events: [PastEvent] = []
            var place: HistoryPlace?
            repeat {
                let piece = try await store.events(stretch(), after: place, limit: limit)
                #expect(piece.events.count <= limit)
                events += piece.events
                place = piece.next
            } while place != nil
            #expect(events == whole.events)
        }
    }

    @Test("a budget that ends is told, with where to go on")
    func budget() async throws {
        workshop.advance(.seconds(10_000))
        let lines = (0..<2500).map { ($0, "hello \($0)") }
        for first in stride(from: 0, to: 2500, by: 500) {
            try await ship(Array(lines[first..<first + 500]), from: web, at: UInt64(first + 1))
        }
        let part = try await report(.init(version: 1, stretch: stretch(), mostEvents: 1200))
        #expect(part.end == .events && part.events == 1200 && part.findings.map(\.matches) == [1200])
        #expect(part.reached == start + .seconds(1199))
        let whole = try await report(.init(version: 1, stretch: stretch(), mostEvents: 2500))
        #expect(whole.end == nil && whole.findings.map(\.matches) == [2500])
        let short = try await report(.init(version: 1, stretch: stretch(), time: .zero))
        #expect(short.end == .time && short.events == 1000 && short.reached == start + .seconds(999))
        let none = try await report(.init(version: 1, stretch: stretch(), limit: 0))
        #expect(none.leftOut == 1 && none.findings.isEmpty)
    }

    @Test("a version that is not there, a time that ends before it begins, and one trial too many are refused")
    func refuses() async throws {
        func code(_ request: RuleTrials.Request) async -> String? {
            do { _ = try await packs.trials.prepare(request) } catch { return error.actionableCode }
            return nil
        }
        #expect(await code(.init(version: 2, stretch: stretch())) == "rules.unknown")
        #expect(await code(.init(version: 1, stretch: stretch(5, 5))) == "rules.range")
        do {
            let one = try await packs.trials.prepare(.init(version: 1, stretch: stretch()))
            let two = try await packs.trials.prepare(.init(version: 1, stretch: stretch()))
            #expect(await code(.init(version: 1, stretch: stretch())) == "rules.busy")
            withExtendedLifetime((one, two)) {}
        }
        #expect(await code(.init(version: 1, stretch: stretch())) == nil, "both are over")
    }

    @Test("a trial whose task is cancelled ends")
    func cancelled() async throws {
        let trials = packs.trials
        let request = RuleTrials.Request(version: 1, stretch: stretch())
        let task = Task {
            unsafe withUnsafeCurrentTask { task in unsafe task?.cancel() }
            var trial = try await trials.prepare(request)
            _ = try await trial.advance()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

/// No alerts come here.
private struct NoCases: CaseOpening {
    func open(for alert: Alert, because reason: String) async throws -> CaseID { throw CancellationError() }
    func join(_ id: CaseID, alert: Alert, because reason: String) async throws -> Bool { false }
    func recurred(_ alert: Alert, in id: CaseID) async throws {}
}
