internal import ControllerFleet
internal import CordonModel
internal import CordonScan

/// Hunts as the API shows them.
enum HuntView {
    static let request = Schema.object([
        .required("kind", .choice(of: HuntKind.self), "What is looked at."),
        .optional(
            "parameters", .map(.text(.plain, length: 1...HuntQuestion.longestValue), most: 8),
            "What narrows it: process: name, executable, command_line, user; socket: address, port, state; user, package: name; file: path, sha256; persistence: path; journal: text, from, to, and fields by the journal's names, as _SYSTEMD_UNIT."
        ),
        .optional("hosts", .list(.identifier, most: 10_000), "These hosts; all unless given."),
        .optional("group", .text(.plain, length: 1...63), "The hosts of this group."),
        .required("reason", .sentence(1000)),
        .optional("most_hosts", .integer(1...100_000), "More hosts are refused; 1000 unless given."),
        .optional("rows", .integer(1...10_000), "Of one host; 1000 unless given."),
        .optional("bytes", .integer(1024...16_777_216), "Of one host; 1 MiB unless given."),
        .optional("time_s", .integer(1...3600), "Of one host; 60 unless given."),
        .optional("cpu_percent", .integer(1...100), "Of one core of a host; 20 unless given."),
        .optional("expires_in_s", .integer(60...604_800), "3600 unless given."),
    ])

    static let schema = Schema.named("Hunt", .object(properties))
    static let detail = Schema.named(
        "HuntDetail", .object(properties + [.required("hosts", .list(host, most: 100_000))]))

    private static let properties: [Schema.Property] = [
        .required("id", .identifier), .required("kind", .choice(of: HuntKind.self)),
        .required("parameters", .map(.string, most: 8)), .required("state", .choice(of: HuntRecord.State.self)),
        .required("reason", .string), .required("started_by", .string), .required("started_at", .instant),
        .required("expires_at", .instant), .required("ended_at", .nullable(.instant)),
        .required("rows", .count, "Found on all hosts."),
        .required("progress", .map(.count, most: 16), "Hosts by the state of their answer."),
    ]

    private static let host = Schema.named(
        "HuntHost",
        .object([
            .required("host", .identifier), .required("state", .choice(of: HuntHostState.self)),
            .required("rows", .count), .required("message", .string, "Untrusted."),
            .required("changed_at", .instant),
        ])
    )

    static let row = Schema.named(
        "HuntResult",
        .object([
            .required("host", .identifier),
            .required("values", .map(.string, most: 32), "What was found, by name. Untrusted."),
        ])
    )

    static func json(_ hunt: HuntRecord) -> JSONValue { .object(members(hunt)) }

    static func detail(_ hunt: HuntRecord) -> JSONValue {
        var members = members(hunt)
        members["hosts"] = .array(
            hunt.hosts.sorted { $0.key < $1.key }.map { agent, host in
                [
                    "host": .text("\(agent)"), "state": .text(host.state.rawValue), "rows": .integer(Int64(host.rows)),
                    "message": .text(host.message), "changed_at": .text("\(host.changedAt)"),
                ]
            })
        return .object(members)
    }

    static func json(_ row: HuntRow) -> JSONValue {
        ["host": .text("\(row.host)"), "values": .object(texts(row.values))]
    }

    private static func members(_ hunt: HuntRecord) -> JSONObject {
        var progress = JSONObject()
        for (state, count) in hunt.progress.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            progress[state.rawValue] = .integer(Int64(count))
        }
        let value: JSONValue = [
            "id": .text("\(hunt.id)"), "kind": .text(hunt.question.kind.rawValue),
            "parameters": .object(texts(hunt.question.parameters)), "state": .text(hunt.state.rawValue),
            "reason": .text(hunt.reason), "started_by": .text(hunt.startedBy),
            "started_at": .text("\(hunt.startedAt)"), "expires_at": .text("\(hunt.expiresAt)"),
            "ended_at": .describing(hunt.endedAt), "rows": .integer(Int64(hunt.rows)), "progress": .object(progress),
        ]
        return value.object ?? JSONObject()
    }

    private static func texts(_ values: [String: String]) -> JSONObject {
        var object = JSONObject()
        for (name, value) in values.sorted(by: { $0.key < $1.key }) { object[name] = .text(value) }
        return object
    }
}
