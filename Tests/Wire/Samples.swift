internal import CordonModel
internal import CordonWire
internal import FoundationEssentials
internal import Testing

/// One of each, all members filled.
enum Samples {
    static let now = Timestamp(microseconds: 1_795_223_340_123_456)
    static let id = UUIDv7(high: 0x018F_2C5E_7A3B_7C4D, low: 0x8E5F_0123_4567_89AB)
    static let address = IPAddress.v4(0xC000_0201)

    static let order = Order(
        id: OrderID(id), fleet: "acme.example", agent: AgentID(id), action: .release, issuedAt: now,
        expiresAt: now + .seconds(60), caseID: CaseID(id), requestedBy: "ana", reason: "because")

    static let actions: [Action] =
        [
            .isolate(Isolation(duration: .seconds(3600))), .release,
            .blockAddress(AddressBlock(network: Network(address), duration: .seconds(1))),
            .unblockAddress(Network(address)),
        ]
        + ProcessTarget.Scope.allCases.map {
            .killProcess(ProcessTarget(pid: 4242, startTime: .max, executable: "/tmp/x", scope: $0))
        }

    static let proof = Proof(
        applied: ["table inet cordon_isolation"], rulesHash: "00ff", socketsReset: 3, flowsDeleted: 4,
        appliedMicroseconds: 900,
        probes: [.init(name: "loopback_alive", passed: true, observed: "127.0.0.1 answered")])

    static let facts = HostFacts(
        hostname: "web1", kernel: "6.18", operatingSystem: "Debian 12", agentVersion: "1", enforcerVersion: "2",
        ownedTables: true,
        policyHash: "00ff",
        containment: ContainmentState(
            isolatedUntil: now, isolatedBy: OrderID(id), blocks: [.init(network: Network(address), until: now)]))

    static let event = Event(
        timestamp: now, created: now + .seconds(1), original: "Failed password for root",
        fields: [
            .userName: .text("root"), .processPID: .number(-1), .tags: .texts(["a", "b"]), .eventKind: .flag(true),
        ])

    static let alert = Alert(
        id: AlertID(id), agent: AgentID(id),
        rule: RuleReference(id: "cordon.sshd.bruteforce", name: "Brute force", techniques: ["T1110.001"]),
        title: "Many failures",
        severity: .high, firstSeen: now, lastSeen: now + .seconds(5), count: 12, deduplicationKey: "k",
        observables: [Observable(address), Observable(kind: .user, value: "root")], evidence: [event])

    static let telemetry: [Telemetry] = [
        .event(event), .alert(alert),
        .gap(Gap(source: "journal", noticedAt: now, message: "The journal was rotated away.", items: 3)),
    ]

    /// An order that is made wrong in one way.
    struct Broken: Sendable, CustomTestStringConvertible {
        var reason: String
        var change: @Sendable (inout Cordon_V1_Order) -> Void
        var testDescription: String { reason }
    }

    static let brokenOrders: [Broken] = [
        Broken(reason: "order_id") { $0.orderID = Data() },
        Broken(reason: "order_id") { $0.orderID = Data(repeating: 0, count: 17) },
        Broken(reason: "agent_id") { $0.agentID = Data(repeating: 0, count: 15) },
        Broken(reason: "case_id") { $0.caseID = Data(repeating: 0, count: 3) },
        Broken(reason: "fleet") { $0.fleet = "" },
        Broken(reason: "fleet") { $0.fleet = String(repeating: "f", count: 254) },
        Broken(reason: "too long") { $0.reason = String(repeating: "r", count: 4097) },
        Broken(reason: "too long") { $0.requestedBy = String(repeating: "r", count: 4097) },
        Broken(reason: "no action") { $0.action = nil },
        Broken(reason: "duration_s") { $0.isolate.durationS = 0 },
        Broken(reason: "duration_s") { $0.isolate.durationS = -5 },
        Broken(reason: "duration_s") { $0.isolate.durationS = .max },
        Broken(reason: "network") { $0.unblockAddress.network = "10.0.0.1/8" },
        Broken(reason: "network") { $0.unblockAddress.network = "10.0.0.0/8; flush ruleset" },
        Broken(reason: "network") { $0.blockAddress = Cordon_V1_BlockAddress() },
        Broken(reason: "pid") { $0.killProcess.pid = 1 },
        Broken(reason: "pid") { $0.killProcess.pid = -1 },
        Broken(reason: "executable") { $0.killProcess.pid = 2 },
        Broken(reason: "executable") { ($0.killProcess.pid, $0.killProcess.executable) = (2, "/bin/a\u{0}b") },
        Broken(reason: "executable") {
            ($0.killProcess.pid, $0.killProcess.executable) = (2, String(repeating: "x", count: 4097))
        },
        Broken(reason: "scope") { ($0.killProcess.pid, $0.killProcess.executable) = (2, "/bin/a") },
        Broken(reason: "scope") {
            ($0.killProcess.pid, $0.killProcess.executable) = (2, "/bin/a")
            $0.killProcess.scope = .UNRECOGNIZED(9)
        },
    ]

    /// An alert that is made wrong in one way.
    struct BrokenAlert: Sendable, CustomTestStringConvertible {
        var reason: String
        var change: @Sendable (inout Cordon_V1_Alert) -> Void
        var testDescription: String { reason }
    }

    static let brokenAlerts: [BrokenAlert] = [
        BrokenAlert(reason: "alert_id") { $0.alertID = Data([1]) },
        BrokenAlert(reason: "severity") { $0.severity = "catastrophic" },
        BrokenAlert(reason: "severity") { $0.severity = "" },
        BrokenAlert(reason: "rule_id") { $0.ruleID = "" },
        BrokenAlert(reason: "rule_id") { $0.ruleID = String(repeating: "r", count: 201) },
        BrokenAlert(reason: "deduplication_key") { $0.deduplicationKey = "" },
        BrokenAlert(reason: "deduplication_key") { $0.deduplicationKey = String(repeating: "k", count: 501) },
    ]
}
