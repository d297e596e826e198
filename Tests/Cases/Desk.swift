import ControllerCases
import ControllerIntake
import ControllerStore
import CordonModel
import CordonTrust
import FoundationEssentials
import Logging
import Synchronization

/// Intake and cases joined over a real database, as the daemon joins them, with a clock that only the test moves.
final class Desk: Sendable {
    let folder: String
    let database: Database
    let agent: AgentID
    let heard = Mutex<[Change]>([])
    let started = Mutex<[PlaybookStart]>([])
    let opened = Mutex<[Case]>([])
    private let key: SigningKey
    private let clock = Mutex(Timestamp(seconds: 1_800_000_000))
    private let counter = Mutex<UInt64>(0)

    /// - Parameter desk: One whose folder is taken over, as after a restart; it must have been closed.
    init(after desk: Desk? = nil) throws {
        folder =
            desk?.folder ?? FileManager.default.temporaryDirectory.path
            + "/cordon-cases-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        key = desk?.key ?? SigningKey()
        database = try Database(folder: folder, auditKey: key)
        agent = desk?.agent ?? AgentID(UUIDv7(high: 1, low: 1))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var now: Timestamp { clock.withLock { $0 } }

    func advance(_ duration: Duration) { clock.withLock { $0 = $0 + duration } }

    var surroundings: Surroundings {
        Surroundings(
            now: { [self] in now },
            random: { [self] in
                counter.withLock {
                    $0 += 1
                    return $0
                }
            }
        )
    }

    /// The case book, which starts playbooks by writing down that it should.
    func book(rules: [PlaybookRule] = [], failing: (any Error)? = nil) -> CaseBook {
        CaseBook(
            repository: CaseStore(database: database), rules: rules, surroundings: surroundings,
            logger: Logger(label: "test"),
            hooks: CaseHooks(
                changed: { [self] change in heard.withLock { $0.append(change) } },
                caseOpened: { [self] file in opened.withLock { $0.append(file) } },
                startPlaybook: { [self] start in
                    started.withLock { $0.append(start) }
                    if let failing { throw failing }
                    return start.request
                }
            )
        )
    }

    func intake(_ cases: (any CaseOpening)? = nil, settings: IntakeSettings = IntakeSettings()) -> Intake {
        Intake(
            repository: IntakeStore(database: database), cases: cases ?? book(), settings: settings,
            surroundings: surroundings,
            logger: Logger(label: "test")
        )
    }

    func alert(
        _ rule: String = "cordon.sshd.bruteforce", key: String? = nil, severity: Severity = .medium,
        from address: String? = "203.0.113.7",
        after delay: Duration = .zero, title: String = "Many failed sign-ins"
    ) -> Alert {
        let at = now + delay
        return Alert(
            id: surroundings.identifier(), agent: nil, rule: RuleReference(id: rule, name: rule), title: title,
            severity: severity,
            firstSeen: at, lastSeen: at, count: 5, deduplicationKey: key ?? "\(rule) \(address ?? "")",
            observables: address.flatMap { IPAddress($0) }.map { [Observable($0)] } ?? [], evidence: []
        )
    }

    func verify() async throws -> AuditVerification {
        try await AuditReader(database: database, key: key.verifyingKey).verify()
    }

    func verbs() async throws -> [String] {
        try await AuditReader(database: database, key: key.verifyingKey).records(limit: 1000).map(\.entry.verb)
    }

    static let ada = Principal(name: "ada", role: .analyst)
}

extension CaseBook: CaseOpening {}

extension Intake {
    /// Ingests alerts of one agent, with sequence numbers that follow on.
    func take(_ alerts: Alert..., from agent: AgentID) async throws -> IntakeReceipt {
        let counters = try await counters()
        let stored = counters.sinceStart.items
        let batch = ShippedBatch(
            epoch: [UInt8](repeating: 1, count: 16), firstSequence: UInt64(stored + 1),
            items: alerts.map { .telemetry(.alert($0)) }
        )
        return try await ingest(batch, from: agent)
    }
}
