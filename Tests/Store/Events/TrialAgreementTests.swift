import AgentDetect
import ControllerIntake
import ControllerRules
import ControllerStore
import CordonModel
import Logging
import Testing

/// The same library and the same pack on agents and controller.
@Suite("Trials and agents agree")
struct TrialAgreementTests {
    private static let pack = """
        title: Refused logon
        id: refused
        name: refused
        level: medium
        logsource: {product: linux, service: sshd}
        detection: {s: {event.outcome: failure}, condition: s}
        ---
        title: Guessing
        id: guessing
        level: high
        correlation: {type: event_count, rules: [refused], generate: true, group-by: [source.ip], timespan: 1m, condition: {gte: 3}}
        ---
        title: Listens
        id: listens
        level: high
        logsource: {product: linux, category: process_creation}
        detection: {s: {Image|endswith: /nc, CommandLine|contains: ' -l'}, condition: s}
        ---
        title: Shadow read
        id: shadow
        level: low
        logsource: {product: linux, service: auditd}
        detection: {s: {type: PATH, name: /etc/shadow}, condition: s}
        ---
        title: Path traversal
        id: traversal
        level: critical
        logsource: {category: webserver}
        detection: {s: {cs-uri-stem|contains: '..'}, condition: s}
        ---
        title: Only informs
        id: informs
        level: informational
        logsource: {product: linux}
        detection: {keywords: ['*e*'], condition: keywords}
        """

    private static func fields(_ number: Int) -> (line: String, fields: EventFields) {
        switch number % 6 {
        case 0, 1:
            let address = "203.0.113.\(number % 4)"
            return (
                "Failed password for root from \(address) port 4000 ssh2",
                [
                    .logSyslogAppName: .text("sshd"), .eventOutcome: .text("failure"), .userName: .text("root"),
                    .sourceIP: .text(address),
                ]
            )
        case 2:
            let program = number % 4 == 2 ? "/usr/bin/nc" : "/usr/bin/ls"
            return (
                "start",
                [
                    .eventCategory: .texts(["process"]), .eventType: .texts(["start"]),
                    .processExecutable: .text(program), .processCommandLine: .text("\(program) -l 4444"),
                ]
            )
        case 3:
            return (
                "type=PATH …",
                [
                    .eventModule: .text("auditd"),
                    .auditRecords: .texts([
                        #"{"type":"SYSCALL","syscall":"openat"}"#, #"{"type":"PATH","name":"/etc/shadow"}"#,
                        #"{"type":"PATH","name":"/etc/shadow"}"#,
                    ]),
                ]
            )
        case 4:
            return (
                "GET /../etc/passwd",
                [
                    .eventCategory: .texts(["web"]), .eventDataset: .text("nginx.access"),
                    .urlPath: .text(number % 4 == 0 ? "/../etc/passwd" : "/index.html"),
                ]
            )
        default: return ("a line that nobody knows", [.logSyslogAppName: .text("cron")])
        }
    }

    private static func events(from start: Timestamp, every seconds: Int64) -> [Event] {
        (0..<240).map { number in
            let (line, fields) = fields(number)
            let time = start + .seconds(Int64(number) * seconds)
            return Event(timestamp: time, created: time + .milliseconds(5), original: line, fields: fields)
        }
    }

    @Test("a trial finds in what was stored just what the agents' own alerts said of the same events")
    func agree() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        let intake = Intake(
            repository: IntakeStore(database: database), cases: Nobody(), surroundings: workshop.surroundings,
            logger: Logger(label: "test"))
        let packs = try await RulePacks.load(
            repository: RulePackStore(database: database), surroundings: workshop.surroundings)
        let published = try await packs.publish([.init(name: "p.yml", text: Self.pack)], name: "p", by: .system)
        let content = try #require(try await packs.content(of: published.version))
        let start = workshop.now
        workshop.advance(.seconds(86_400))

        // One host often enough for the correlation, one too seldom: windows are each host's own.
        var said: [String: Int] = [:]
        for seconds in [Int64(2), 45] {
            let detector = Detector(surroundings: workshop.surroundings)
            try detector.install(content)
            let events = Self.events(from: start, every: seconds)
            for alert in events.flatMap(detector.inspect) { said[alert.rule.id, default: 0] += 1 }
            let batch = ShippedBatch(
                epoch: [UInt8](repeating: 1, count: 16), firstSequence: 1,
                items: events.map { .telemetry(.event($0)) })
            _ = try await intake.ingest(batch, from: workshop.surroundings.identifier())
        }

        let stretch = HistoryStretch(from: start, to: start + .seconds(86_400))
        var trial = try await packs.trials.prepare(.init(version: published.version, stretch: stretch))
        var report: TrialReport?
        while report == nil { if case .over(let over) = try await trial.advance() { report = over } }
        let over = try #require(report)
        #expect(over.events == 480 && over.end == nil)
        let found = over.findings.filter(\.alerts).map { ($0.id, $0.matches) }
        // The agent has rules of its own besides the pack's.
        let ofPack = said.filter {
            ["refused", "guessing", "listens", "shadow", "traversal", "informs"].contains($0.key)
        }
        #expect(Dictionary(uniqueKeysWithValues: found) == ofPack)
        #expect(Set(ofPack.keys) == ["refused", "guessing", "listens", "shadow", "traversal"], "each kind held")
        #expect(over.findings.first { $0.id == "informs" }?.alerts == false)
    }
}

/// No alerts come here.
private struct Nobody: CaseOpening {
    func open(for alert: Alert, because reason: String) async throws -> CaseID { throw CancellationError() }
    func join(_ id: CaseID, alert: Alert, because reason: String) async throws -> Bool { false }
    func recurred(_ alert: Alert, in id: CaseID) async throws {}
}
