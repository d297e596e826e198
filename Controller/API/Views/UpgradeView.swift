internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// Releases as the API shows them.
enum ReleaseView {
    static let schema = Schema.named(
        "Release",
        .object([
            .required("version", .string), .required("architecture", .string, "As dpkg names it: amd64."),
            .required("created_at", .instant, "When the policy root signed it."), .required("expires_at", .instant),
            .required("added_at", .instant), .required("added_by", .string),
            .required("is_whole", .flag, "Whether all its packages are here."),
            .required(
                "packages",
                .list(
                    .object([
                        .required("package", .string), .required("size", .count, "Bytes."),
                        .required("sha256", .string, "Hexadecimal."),
                        .required("arrived", .count, "Bytes that are here."),
                    ]), most: 8)),
        ])
    )

    static func json(_ stock: ReleaseStock) -> JSONValue {
        let release = stock.record.release
        return [
            "version": .text(release.version), "architecture": .text(release.architecture),
            "created_at": .text("\(release.createdAt)"), "expires_at": .text("\(release.expiresAt)"),
            "added_at": .text("\(stock.record.addedAt)"), "added_by": .text(stock.record.addedBy),
            "is_whole": .flag(stock.isWhole),
            "packages": .array(
                zip(release.files, stock.arrived).map { file, arrived in
                    [
                        "package": .text(file.package), "size": .integer(file.size),
                        "sha256": .text(HexDigit.text(file.sha256)), "arrived": .integer(arrived),
                    ]
                }),
        ]
    }
}

/// Rollouts as the API shows them.
enum UpgradeView {
    static let request = Schema.object([
        .required("version", .text(.plain, length: 1...100), "A release that the controller has."),
        .optional(
            "rings", .list(.text(.plain, length: 1...63), most: RolloutPlan.mostRings),
            "Groups of hosts, first to last; `*` for all others. [\"*\"] unless given."),
        .optional("soak_s", .integer(0...2_592_000), "How long a host must stay well; 3600 unless given."),
        .optional("at_most_failed", .integer(0...100_000), "One more stops the upgrade; 0 unless given."),
        .optional("at_once", .integer(1...1000), "Hosts that are at it at one time; 25 unless given."),
        .optional("patience_s", .integer(60...2_592_000), "How long an absent host holds its ring; 3600 unless given."),
        .optional("no_way_back", .flag, "Whether hosts whose release the controller does not have are upgraded too."),
    ])

    static let schema = Schema.named("Upgrade", .object(properties))
    static let detail = Schema.named(
        "UpgradeDetail",
        .object(
            properties + [
                .required("hosts", .list(host, most: 1000)),
                .required("next", .nullable(.string), "The `cursor` of the next hosts; null on the last page."),
            ]))

    /// Which hosts are told.
    struct HostPage {
        /// Only those that need a look.
        var isLook: Bool
        /// The last of the page before; `nil` for the first page.
        var after: AgentID?
        var limit: Int
    }

    private static let properties: [Schema.Property] = [
        .required("id", .identifier), .required("version", .string),
        .required("state", .choice(of: RolloutState.self)),
        .required("why", .string, "Why it was stopped; empty otherwise. Untrusted where a host says it."),
        .required(
            "rings",
            .list(
                .object([
                    .required("group", .string, "`*`: all others."),
                    .required("state", .choice(["waiting", "at_it", "over"])),
                    .required("hosts", .map(.count, most: 16), "Hosts by their state."),
                ]), most: RolloutPlan.mostRings)),
        .required("soak_s", .count), .required("at_most_failed", .count), .required("at_once", .count),
        .required("patience_s", .count), .required("no_way_back", .flag), .required("started_by", .string),
        .required("started_at", .instant), .required("ring_began_at", .instant),
        .required("ended_at", .nullable(.instant), "When it was finished, stopped or cancelled."),
    ]

    private static let host = Schema.named(
        "UpgradeHost",
        .object([
            .required("host", .identifier), .required("group", .string, "Of its ring."),
            .required("state", .choice(of: RolloutHostState.self)),
            .required(
                "from", .nullable(.string), "The version that it had when it was offered the release. Untrusted."),
            .required("fault", .string, "Why it is so. Untrusted."),
            .required("have", .count, "Bytes that it has, as it says."), .required("size", .count),
            .required("changed_at", .instant),
        ])
    )

    static func json(_ rollout: RolloutSummary) -> JSONValue { .object(members(rollout)) }

    static func detail(_ rollout: Rollout, _ page: HostPage) -> JSONValue {
        var members = members(RolloutSummary(rollout))
        let asked = rollout.hosts
            .filter { agent, host in (!page.isLook || host.state.needsLook) && (page.after.map { agent > $0 } ?? true) }
            .sorted { $0.key < $1.key }
        let shown = asked.prefix(page.limit)
        members["next"] = .describing(asked.count > shown.count ? shown.last?.key : nil)
        members["hosts"] = .array(
            shown.map { agent, host in
                [
                    "host": .text("\(agent)"), "group": .text(rollout.plan.rings[host.ring]),
                    "state": .text(host.state.rawValue), "from": .optional(host.from?.installed),
                    "fault": .text(host.fault), "have": .integer(host.have), "size": .integer(host.size),
                    "changed_at": .text("\(host.changedAt)"),
                ]
            })
        return .object(members)
    }

    private static func members(_ rollout: RolloutSummary) -> JSONObject {
        let plan = rollout.plan
        let value: JSONValue = [
            "id": .text("\(rollout.id)"), "version": .text(plan.version), "state": .text(rollout.state.rawValue),
            "why": .text(rollout.why),
            "rings": .array(
                plan.rings.indices.map { ring in
                    [
                        "group": .text(plan.rings[ring]), "state": .text(state(of: ring, rollout)),
                        "hosts": .object(counts(rollout.counts[ring])),
                    ]
                }),
            "soak_s": .integer(plan.soak.wholeSeconds), "at_most_failed": .integer(Int64(plan.atMostFailed)),
            "at_once": .integer(Int64(plan.atOnce)), "patience_s": .integer(plan.patience.wholeSeconds),
            "no_way_back": .flag(plan.isOneWay), "started_by": .text(rollout.startedBy),
            "started_at": .text("\(rollout.startedAt)"), "ring_began_at": .text("\(rollout.ringBeganAt)"),
            "ended_at": .describing(rollout.endedAt),
        ]
        return value.object ?? JSONObject()
    }

    private static func state(of ring: Int, _ rollout: RolloutSummary) -> String {
        if ring < rollout.ring || rollout.state == .finished { return "over" }
        return ring == rollout.ring ? "at_it" : "waiting"
    }

    private static func counts(_ counts: [RolloutHostState: Int]) -> JSONObject {
        var object = JSONObject()
        for state in RolloutHostState.allCases {
            if let count = counts[state] { object[state.rawValue] = .integer(Int64(count)) }
        }
        return object
    }
}
