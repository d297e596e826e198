internal import ControllerFleet
internal import ControllerRules
internal import CordonModel
internal import CordonScan

/// Packs of rules as the API shows them.
enum RulePackView {
    static let schema = Schema.named(
        "RulePack",
        .object([
            .required("version", .integer(1...9_007_199_254_740_991)), .required("name", .string),
            .required("sha256", .string, "Of the compiled rules."), .required("rules", .count),
            .required("correlations", .count), .required("published_at", .instant), .required("published_by", .string),
        ])
    )

    static let staging = Schema.named(
        "RuleStaging",
        .object([
            .required("group", .string, "Empty: all hosts whose group has no staging of its own."),
            .required(
                "version", .nullable(.integer(0...9_007_199_254_740_991)),
                "0: no rules. Null: the group follows all others, which only an answer says."),
        ])
    )

    static let list = Schema.object([
        .required("items", .list(schema, most: 1000)),
        .required("staged", .list(staging, most: 10_000)),
        .required("hosts", .list(hostSchema, most: 100_000), "What connected hosts say that they run."),
    ])

    private static let hostSchema = Schema.object([
        .required("host", .identifier), .required("version", .integer(0...9_007_199_254_740_991)),
        .required("fault", .string, "Why the version that was offered last is not in use. Untrusted."),
    ])

    static func json(_ pack: PublishedPack) -> JSONValue {
        [
            "version": .integer(pack.version), "name": .text(pack.name), "sha256": .text(pack.digest),
            "rules": .integer(Int64(pack.rules)), "correlations": .integer(Int64(pack.correlations)),
            "published_at": .text("\(pack.publishedAt)"), "published_by": .text(pack.publishedBy),
        ]
    }

    static func json(_ staging: Staging) -> JSONValue { json(staging.group, staging.version) }

    private static func json(_ group: String, _ version: Int64?) -> JSONValue {
        ["group": .text(group), "version": version.map { .integer($0) } ?? .null]
    }

    static func json(
        _ packs: [PublishedPack], staged: [String: Int64], inUse: [AgentID: RulePackState]
    ) -> JSONValue {
        [
            "items": .array(packs.map(json)),
            "staged": .array(staged.sorted { $0.key < $1.key }.map { json($0.key, $0.value) }),
            "hosts": .array(
                inUse.sorted { $0.key < $1.key }.map { host, state in
                    [
                        "host": .text("\(host)"), "version": .integer(Int64(clamping: min(state.version, 1 << 53))),
                        "fault": .text(state.fault),
                    ]
                }),
        ]
    }
}
