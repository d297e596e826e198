import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import ControllerRules
import ControllerStore
import ControllerWeb
import CordonModel
import CordonOrders
import CordonTesting
import CordonTrust
import FoundationEssentials
import Hummingbird
import HummingbirdTesting
import Logging
import Synchronization
import Testing

/// A controller without its link: the real database, fleet, cases, intake, playbooks and sign-in, with the console on top.
final class WebFixture: Sendable {
    let services: APIServices
    let store: FleetStore
    let folder: String
    private let sequence = Mutex<UInt64>(0)

    static let password = "correct horse battery staple"
    /// Now: what the real `cordon` makes goes by the clock of the machine.
    static let start = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
    /// The order that took a file of db1 away.
    static let taking: OrderID = id(0x77)
    static let web1 = HostName(name: "web-1", id: id(0x21))
    static let db1 = HostName(name: "db-1", id: id(0x22))

    /// A host that ``populate()`` enrols.
    struct HostName: Sendable {
        let name: String
        let id: AgentID
    }

    static func id<Subject>(_ number: UInt64) -> Identifier<Subject> {
        Identifier(UUIDv7(high: 0x019f_0000_0000_7000, low: 0x8000_0000_0000_0000 | number))
    }

    /// ann's, who may approve orders.
    static let approver = SigningKey()

    /// bob's, who approves with a passkey.
    static let authenticator = Result { try SoftAuthenticator() }

    /// Has the policy root list a person's key, and bob's passkey.
    private static func list(_ key: SigningKey, in folder: String) throws {
        let root = try KeyFile.signingKey(at: "\(folder).root")
        let path = "\(folder)/\(FleetKeys.File.keySet)"
        var document = try KeyDocument(signed: try KeyFile.read(path, secret: false), by: root.verifyingKey)
        document.approvers = [
            Approver(person: "ann", key: key.verifyingKey),
            Approver(person: "bob", .passkey(try authenticator.get().passkey)),
        ]
        try KeyFile.write(try document.signed(with: root), to: path, mode: 0o644)
    }

    /// - Parameter containment: What the hosts say besides what they always do.
    init(containment: [AgentID: ContainmentState] = [:]) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/cordon-web-\(UInt64.random(in: 0 ... .max))"
        let surroundings = Surroundings(now: { Self.start }, random: { .random(in: 0 ... .max) })
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        _ = try FleetSetup.create(
            folder: folder, fleetName: "acme", addresses: ["127.0.0.1"], rootKeyFile: "\(folder).root", at: Self.start
        )
        try Self.list(Self.approver, in: folder)
        let keys = try FleetKeys.load(folder: folder)
        let database = try Database(folder: folder, auditKey: keys.auditKey)
        let store = FleetStore(database)
        let changes = ChangeFeed()
        try await Self.enrol([Self.web1, Self.db1], in: store, containment)
        let fleet = try await Fleet.load(
            keys: keys, stores: store.stores, hooks: FleetHooks(received: { _, _ in }), surroundings: surroundings,
            log: logger
        )
        let cases = CaseBook(
            repository: CaseStore(database: database), surroundings: surroundings, logger: logger,
            hooks: CaseHooks(changed: { changes.publish($0) })
        )
        let runs = RunStore(database: database)
        let library = PlaybookLibrary(folder: "\(folder)/playbooks")
        services = APIServices(
            access: Access(
                repository: AccessStore(database: database), surroundings: surroundings,
                hasher: PasswordHasher(cost: .init(logN: 10, r: 1, p: 1))),
            fleet: fleet,
            intake: Intake(
                repository: IntakeStore(database: database), cases: Opening(cases: cases), surroundings: surroundings,
                logger: logger,
                changed: { changes.publish($0) }
            ),
            cases: cases, library: library,
            engine: PlaybookEngine(
                library: library, repository: runs, performer: Performer(), hosts: Resolver(),
                surroundings: surroundings,
                hooks: .init(changed: { changes.publish($0) })
            ),
            runs: runs,
            rules: try await RulePacks.load(
                repository: RulePackStore(database: database), surroundings: surroundings),
            audit: Audit(auditKey: keys.auditKey.verifyingKey), changes: changes,
            surroundings: surroundings,
            agentAddress: try #require(ControllerAddress("127.0.0.1:7443")), isSecure: false
        )
        self.store = store
        self.folder = folder
        for role in Role.allCases {
            _ = try await services.access.createUser(
                name: role.rawValue, role: role, password: Self.password, by: .system)
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.removeItem(atPath: "\(folder).root")
    }

    /// The API and the console, as the daemon serves them.
    var application: Application<RouterResponder<RequestScope>> {
        get throws {
            let router = API.router(services)
            try Console(services, fleetName: "acme").addRoutes(to: router)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            return Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)), logger: logger
            )
        }
    }

    /// Two hosts, one of them isolated with a blocked address.
    private static func enrol(
        _ hosts: [HostName], in store: FleetStore, _ containment: [AgentID: ContainmentState]
    ) async throws {
        let token = TokenRecord(
            id: id(1), secretHash: Fingerprint(of: [1]), uses: 9, expiresAt: start + .seconds(3600), group: "web",
            createdAt: start,
            createdBy: "system"
        )
        try await store.add(token, recording: [])
        for (index, name) in hosts.enumerated() {
            var host = HostRecord(
                id: name.id, hostname: name.name, group: "web", machine: Fingerprint(of: [UInt8(index)]),
                enrolledAt: start - .seconds(86_400),
                token: token.id
            )
            let certificate = AgentCertificate(
                fingerprint: Fingerprint(of: [9, UInt8(index)]), agent: host.id, issuedAt: start,
                refusedAfter: start + .seconds(86_400)
            )
            _ = try await store.enrol(host, certificate, using: token.id, now: start, recording: [])
            host.facts = facts(of: name, containment[name.id])
            host.lastSeen = start - .seconds(190)
            try await store.refresh([host])
        }
    }

    private static func facts(of host: HostName, _ said: ContainmentState?) -> HostFacts {
        var containment = said ?? ContainmentState()
        if said == nil, host.id == db1.id {
            containment.isolatedUntil = start + .seconds(14_380)
            containment.blocks = [.init(network: Network(.v4(0xCB00_7107)), until: start + .seconds(86_000))]
            containment.effects = [.init(kind: .quarantineFile, subject: "/tmp/<b>x", order: taking)]
        }
        return HostFacts(
            hostname: host.name, kernel: "6.18.5", operatingSystem: "Debian GNU/Linux 12 (bookworm)",
            agentVersion: "0.1.0",
            enforcerVersion: "0.1.0", ownedTables: true, policyHash: "9f86d081884c7d659a2feaa0c55ad015",
            containment: containment
        )
    }
}

// MARK: - What happens in tests

extension WebFixture {
    /// An alert of the host comes in and opens a case or joins one.
    @discardableResult
    func raise(
        _ title: String, on host: HostName = web1, severity: Severity = .critical,
        lines: [String] = [
            "Nov 21 01:26:17 web-1 sshd[4251]: Accepted password for deploy from 203.0.113.7 port 40122 ssh2"
        ],
        observables: [Observable] = [Observable(.v4(0xCB00_7107)), Observable(kind: .user, value: "deploy")],
        ran digest: String? = nil
    ) async throws -> Case {
        let number = sequence.withLock { number in
            number += 1
            return number
        }
        let now = Self.start
        let alert = Alert(
            id: services.surroundings.identifier(), agent: host.id,
            rule: RuleReference(
                id: "cordon.sshd.breakin", name: "SSH sign-in after guessing", techniques: ["T1110.001"]), title: title,
            severity: severity, firstSeen: now - .seconds(500), lastSeen: now - .seconds(390), count: 43,
            deduplicationKey: "key-\(number)",
            observables: observables,
            evidence: lines.map { line in
                var event = Event(timestamp: now, created: now, original: line)
                event.fields[.processHashSHA256] = digest.map { .text($0) }
                return event
            }
        )
        let batch = ShippedBatch(
            epoch: [UInt8](repeating: 7, count: 16), firstSequence: number, items: [.telemetry(.alert(alert))]
        )
        _ = try await services.intake.ingest(batch, from: host.id)
        let record = try #require(try await services.intake.alerts().first { $0.alert.title == title })
        return try await services.cases.file(try #require(record.caseID))
    }

    /// A playbook asks for an approval in the case.
    func ask(_ question: String, in file: Case) async throws -> ManualTask {
        let entry = try await services.library.add(Array(Self.playbook.utf8))
        _ = try await services.engine.start(
            entry.id, inputs: ["__question__": question], caseID: file.id,
            by: Principal(name: "playbook", role: .responder)
        )
        return try #require(try await services.runs.tasks(TaskFilter(caseID: file.id)).last)
    }

    /// Start, one approval by a responder within 13 minutes, end.
    private static let playbook = """
        {"type": "playbook", "spec_version": "cacao-2.0", "id": "playbook--00000000-0000-4000-8000-000000000999", "name": "SSH break-in",
        "created_by": "identity--00000000-0000-4000-8000-000000000998", "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z", "workflow_start": "start--00000000-0000-4000-8000-000000000001",
        "playbook_variables": {"__question__": {"type": "string", "external": true}},
        "agent_definitions": {"organization--00000000-0000-4000-8000-000000000900": {"type": "organization", "name": "Cordon"}},
        "extension_definitions": {"extension-definition--c0a5d0d2-5c1e-4b7e-9a53-1d8f3c6b2e47": {"type": "extension-definition",
        "name": "Cordon step extension", "created_by": "identity--7f6d4d8e-1c2b-4b0e-8a37-5e9d2c41b6a0",
        "schema": "https://cordon.example/schemas/cacao-step-extension-1.0.0.json", "version": "1.0.0"}},
        "workflow": {
        "start--00000000-0000-4000-8000-000000000001": {"type": "start", "on_completion": "action--00000000-0000-4000-8000-000000000002"},
        "action--00000000-0000-4000-8000-000000000002": {"type": "action", "name": "Ask for isolation",
        "agent": "organization--00000000-0000-4000-8000-000000000900",
        "commands": [{"type": "manual", "command": "__question__:value"}],
        "step_extensions": {"extension-definition--c0a5d0d2-5c1e-4b7e-9a53-1d8f3c6b2e47": {"type": "cordon-step",
        "manual": {"kind": "approval", "role": "responder", "due": 780000, "on_timeout": "deny"}}},
        "on_success": "end--00000000-0000-4000-8000-000000000009", "on_failure": "end--00000000-0000-4000-8000-000000000008"},
        "end--00000000-0000-4000-8000-000000000008": {"type": "end"},
        "end--00000000-0000-4000-8000-000000000009": {"type": "end"}}}
        """
}

// MARK: - What the daemon joins otherwise

private struct Opening: CaseOpening {
    let cases: CaseBook

    func open(for alert: Alert, because reason: String) async throws -> CaseID {
        try await cases.open(for: alert, because: reason)
    }
    func join(_ id: CaseID, alert: Alert, because reason: String) async throws -> Bool {
        try await cases.join(id, alert: alert, because: reason)
    }
    func recurred(_ alert: Alert, in id: CaseID) async throws { try await cases.recurred(alert, in: id) }
}

/// The playbook of these tests only asks: an order or a call would be a fault.
private struct Performer: EffectPerformer {
    func submit(_ order: OrderEffect) async throws { throw Unasked() }
    func withdraw(_ order: OrderID, because reason: String, by actor: String) async throws -> OrderState? { nil }
    func progress(of order: OrderID) async throws -> OrderProgress? { nil }
    func call(_ call: HTTPEffect) async throws -> HTTPReply { throw Unasked() }
}

private struct Resolver: HostResolving {
    func agent(for host: HostReference) async throws -> AgentID { throw Unasked() }
}

/// The console does not read the chain itself.
private struct Audit: AuditReading {
    let auditKey: VerifyingKey

    func record(_ entry: AuditEntry) async throws { throw Unasked() }
    func newest(before number: Int64?, subject: String?, limit: Int) async throws -> [AuditRecord] { throw Unasked() }
    func verify() async throws -> AuditFinding { throw Unasked() }
    func records(after number: Int64, limit: Int) async throws -> [AuditRecord] { throw Unasked() }
    func checkpoints() async throws -> [AuditCheckpoint] { throw Unasked() }
}

private struct Unasked: Error {}
