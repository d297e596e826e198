internal import ControllerFleet
internal import ControllerIntake
internal import ControllerRules
internal import CordonModel
internal import CordonScan

/// Hosts as the API shows them.
enum HostView {
    /// Whether it can be ordered something now.
    static let states = ["online", "offline", "revoked"]

    static let schema = Schema.named(
        "Host",
        .object([
            .required("id", .identifier),
            .required("name", .string, "What it enrolled as."),
            .required(
                "claimed_name", .nullable(.string),
                "What the host now says it is called, where that differs. Untrusted."),
            .required("group", .string),
            .required("state", .choice(states)),
            .required("isolated", .flag, "As the host last said."),
            .required("online_since", .nullable(.instant)),
            .required("last_seen", .nullable(.instant)),
            .required("enrolled_at", .instant),
            .required("machine", .string, "SHA-256 of the machine-id."),
            .required("clone_seen_at", .nullable(.instant), "When another machine last showed this host's key."),
            .required("facts", .nullable(facts)),
            .required("revocation", .nullable(revocation)),
            .optional("rules", .nullable(rules), "With one host only; null when it was not heard of since a restart."),
            .optional(
                "packages", .nullable(packages), "With one host only; null when it has not said since a restart."),
            .optional(
                "gaps", .list(gap, most: gapsShown), "With one host only: what it said it lost or missed, newest first."
            ),
        ])
    )

    private static let gapsShown = 20

    private static let gap = Schema.named(
        "Gap",
        .object([
            .required("source", .string, "As `journal` or `file:/var/log/auth.log`; `spool` is the agent's queue."),
            .required("noticed_at", .instant), .required("message", .string, "Untrusted."),
            .required("items", .count, "0 where it is not known."),
        ])
    )

    private static func json(_ gap: Gap) -> JSONValue {
        [
            "source": .text(gap.source), "noticed_at": .text("\(gap.noticedAt)"), "message": .text(gap.message),
            "items": .integer(Int64(max(0, gap.items))),
        ]
    }

    private static let rules = Schema.named(
        "RulesInForce",
        .object([
            .required("version", .integer(0...9_007_199_254_740_991), "What the host says it runs; 0 for none."),
            .required("name", .nullable(.string), "What that pack is called; null where there is no such pack."),
            .required("sha256", .nullable(.string), "Of the pack's compiled rules."),
            .required("staged", .integer(0...9_007_199_254_740_991), "What it should run."),
            .required("fault", .string, "Why it does not run what was offered last. Untrusted."),
        ])
    )

    private static let packages = Schema.named(
        "HostPackages",
        .object([
            .required("architecture", .string), .required("installed", .string, "The version that dpkg says it has."),
            .required(
                "upgrade", .nullable(.choice(of: RolloutHostState.self)),
                "How far the newest upgrade is at it; null where that leaves it out."),
            .required("fault", .string, "Why it is so. Untrusted."),
        ])
    )

    private static func packages(of host: AgentID, _ fleet: Fleet) async -> JSONValue {
        guard let said = await fleet.packagesInUse()[host] else { return .null }
        let upgrade = await fleet.rollout()?.hosts[host]
        return [
            "architecture": .text(said.architecture), "installed": .text(said.installed),
            "upgrade": .optional(upgrade?.state.rawValue), "fault": .text(upgrade?.fault ?? ""),
        ]
    }

    /// One host, with the rules that it runs, the packages that it has, and the gaps that it told of.
    static func json(_ host: HostRecord, _ services: APIServices) async throws -> JSONValue {
        let gaps = try await services.intake.gaps(of: host.id, limit: gapsShown)
        let shown = json(host).with("gaps", .array(gaps.map(json)))
            .with("packages", await packages(of: host.id, services.fleet))
        guard let state = services.fleet.rulesInUse()[host.id] else { return shown.with("rules", .null) }
        let version = Int64(clamping: min(state.version, 1 << 53 - 1))
        let pack = try await services.rules.pack(version)
        return shown.with(
            "rules",
            [
                "version": .integer(version), "name": .optional(pack?.name), "sha256": .optional(pack?.digest),
                "staged": .integer(services.rules.version(for: host.group)), "fault": .text(state.fault),
            ])
    }

    private static let facts = Schema.named(
        "HostFacts",
        .object([
            .required("hostname", .string), .required("kernel", .string), .required("operating_system", .string),
            .required("agent_version", .string), .required("enforcer_version", .string),
            .required("owned_tables", .flag, "Whether nf_tables takes tables with owner and persist flags."),
            .required("policy_hash", .string, "SHA-256 of the local policy."),
            .required("isolated_until", .nullable(.instant)), .required("isolated_by", .nullable(.identifier)),
            .required(
                "blocks",
                .list(.object([.required("network", .string), .required("until", .instant)]), most: 100_000)
            ),
            .required(
                "effects",
                .list(
                    .object([
                        .required("kind", .choice(of: ActionKind.self)), .required("subject", .string),
                        .required("order", .identifier, "Undo it: POST /orders/{id}/undo."),
                        .required("until", .nullable(.instant), "null: until it is undone."),
                    ]), most: 1000), "What else is in force: frozen processes, quarantined files."),
            .required("isolation", .nullable(preflight), "What isolating it would do to it; null: it does not say."),
            .required("abilities", .list(.string, most: 64), "What its kernel and the agent's rights allow."),
            .required("health", .nullable(health)),
        ])
    )

    private static let preflight = Schema.named(
        "IsolationPreflight",
        .object([
            .required("verdict", .choice(of: IsolationPreflight.Verdict.self)),
            .required("reasons", .list(.string, most: 16), "Sentences for people."),
        ])
    )

    private static func json(_ preflight: IsolationPreflight) -> JSONValue {
        [
            "verdict": .text(preflight.verdict.rawValue), "reasons": .array(preflight.reasons.map { .text($0) }),
        ]
    }

    private static let health = Schema.named(
        "AgentHealth",
        .object([
            .required("memory_bytes", .count, "Anonymous memory of the agent; rounded, as all values here."),
            .required("cpu_permille", .count, "Thousandths of one core."),
            .required("waiting", .count, "Items that the controller does not have yet."),
            .required("spool_bytes", .count), .required("lost", .count, "Items lost since the agent began."),
            .required("refused", .count, "Orders refused since the agent began."),
            .required(
                "sources",
                .list(
                    .object([
                        .required("source", .string, "As gaps name it."),
                        .required("fault", .nullable(.string), "What of it cannot be read now; null when all is well."),
                    ]), most: 64), "What the agent collects from."),
        ])
    )

    private static func json(_ health: AgentHealth) -> JSONValue {
        [
            "memory_bytes": .integer(health.memoryBytes), "cpu_permille": .integer(Int64(health.cpuPermille)),
            "waiting": .integer(health.waiting), "spool_bytes": .integer(health.spoolBytes),
            "lost": .integer(health.lost), "refused": .integer(Int64(health.refused)),
            "sources": .array(health.sources.map { ["source": .text($0.source), "fault": .optional($0.fault)] }),
        ]
    }

    private static let revocation = Schema.object([
        .required("at", .instant), .required("by", .string), .required("reason", .string),
    ])

    static func state(_ host: HostRecord) -> String {
        host.revocation != nil ? "revoked" : host.isOnline ? "online" : "offline"
    }

    static func json(_ host: HostRecord) -> JSONValue {
        [
            "id": .text("\(host.id)"),
            "name": .text(host.name),
            "claimed_name": .optional(host.claimedName),
            "group": .text(host.group),
            "state": .text(state(host)),
            "isolated": .flag(host.facts?.containment.isolatedUntil != nil),
            "online_since": .describing(host.onlineSince),
            "last_seen": .describing(host.lastSeen),
            "enrolled_at": .text("\(host.enrolledAt)"),
            "machine": .text("\(host.machine)"),
            "clone_seen_at": .describing(host.cloneSeenAt),
            "facts": host.facts.map(json) ?? .null,
            "revocation": host.revocation.map {
                ["at": .text("\($0.at)"), "by": .text($0.by), "reason": .text($0.reason)]
            } ?? .null,
        ]
    }

    private static func json(_ facts: HostFacts) -> JSONValue {
        [
            "hostname": .text(facts.hostname), "kernel": .text(facts.kernel),
            "operating_system": .text(facts.operatingSystem), "agent_version": .text(facts.agentVersion),
            "enforcer_version": .text(facts.enforcerVersion), "owned_tables": .flag(facts.ownedTables),
            "policy_hash": .text(facts.policyHash), "isolated_until": .describing(facts.containment.isolatedUntil),
            "isolated_by": .describing(facts.containment.isolatedBy),
            "blocks": .array(
                facts.containment.blocks.map { ["network": .text("\($0.network)"), "until": .text("\($0.until)")] }
            ),
            "effects": .array(
                facts.containment.effects.map {
                    [
                        "kind": .text($0.kind.rawValue), "subject": .text($0.subject), "order": .text("\($0.order)"),
                        "until": .describing($0.until),
                    ]
                }),
            "isolation": facts.isolation.map(json) ?? .null,
            "abilities": .array(facts.abilities.map { .text($0) }), "health": facts.health.map(json) ?? .null,
        ]
    }
}

extension JSONValue {
    /// The text that describes the value: an identifier, an instant, an address; `null` for nothing.
    static func describing(_ value: (some CustomStringConvertible)?) -> JSONValue {
        value.map { .text($0.description) } ?? .null
    }

    /// The text; `null` for nothing.
    static func optional(_ text: String?) -> JSONValue { text.map { .text($0) } ?? .null }
}
