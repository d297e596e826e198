internal import CordonModel
internal import CordonWire
internal import FoundationEssentials
internal import Testing

/// One of each, all members filled.
enum Samples {
    static let now = Timestamp(microseconds: 1_795_223_340_123_456)
    static let id = UUIDv7(high: 0x018F_2C5E_7A3B_7C4D, low: 0x8E5F_0123_4567_89AB)
    static let address = IPAddress.v4(0xC000_0201)

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
