internal import ControllerCases
internal import CordonModel
internal import CordonScan

/// Cases as the API shows them.
enum CaseView {
    static let summary = Schema.named(
        "CaseSummary",
        .object(
            common + [
                .required("host_count", .count), .required("alert_count", .count), .required("open_tasks", .count),
            ]
        )
    )

    static let schema = Schema.named(
        "Case",
        .object(
            common + [
                .required("closed_at", .nullable(.instant)),
                .required("next_statuses", .list(.choice(of: CaseStatus.self), most: 10)),
                .required("hosts", .list(.identifier, most: 100_000)),
                .required(
                    "alerts",
                    .list(
                        .object([
                            .required("id", .identifier), .required("host", .nullable(.identifier)),
                            .required("added_at", .instant), .required("reason", .string),
                        ]),
                        most: 100_000
                    )
                ),
                .required(
                    "observables",
                    .list(
                        .object([
                            .required("kind", .choice(of: Observable.Kind.self)), .required("value", .string),
                            .required("added_at", .instant), .required("added_by", .string),
                        ]),
                        most: 100_000
                    )
                ),
                .required("tasks", .list(task, most: 10_000)),
                .required(
                    "playbooks",
                    .list(
                        .object([
                            .required("playbook", .string), .required("run", .nullable(.identifier)),
                            .required("state", .choice(of: CasePlaybook.State.self)), .required("at", .instant),
                        ]),
                        most: 10_000
                    )
                ),
                .required("entry_count", .count, "Entries of its timeline."),
            ]
        )
    )

    private static let common: [Schema.Property] = [
        .required("id", .identifier),
        .required("number", .count),
        .required("label", .string, "C-12: for people, and for addresses of this API."),
        .required("title", .string, "May hold hostile text."),
        .required("severity", .choice(of: Severity.self)),
        .required("status", .choice(of: CaseStatus.self)),
        .required("assignee", .nullable(.string)),
        .required("opened_at", .instant),
        .required("updated_at", .instant),
    ]

    static let task = Schema.named(
        "CaseTask",
        .object([
            .required("id", .identifier), .required("title", .string),
            .required("state", .choice(of: CaseTask.State.self)),
            .required("assignee", .nullable(.string)), .required("created_at", .instant),
            .required("created_by", .string),
            .required("finished_at", .nullable(.instant)), .required("finished_by", .nullable(.string)),
        ])
    )

    static let entry = Schema.named(
        "TimelineEntry",
        .object([
            .required("number", .count), .required("kind", .choice(of: TimelineEntry.Kind.self)),
            .required("at", .instant),
            .required("actor", .string), .required("text", .string, "May hold hostile text."),
            .required("reference", .nullable(.string), "`alert:ID`, `order:ID`, `run:ID`, `task:ID`."),
        ])
    )

    static func json(_ summary: CaseSummary) -> JSONValue {
        [
            "id": .text("\(summary.id)"), "number": .integer(Int64(summary.number)), "label": .text(summary.label),
            "title": .text(summary.title), "severity": .text(summary.severity.rawValue),
            "status": .text(summary.status.rawValue), "assignee": .optional(summary.assignee),
            "opened_at": .text("\(summary.openedAt)"), "updated_at": .text("\(summary.updatedAt)"),
            "host_count": .integer(Int64(summary.hostCount)), "alert_count": .integer(Int64(summary.alertCount)),
            "open_tasks": .integer(Int64(summary.openTasks)),
        ]
    }

    static func json(_ file: Case) -> JSONValue {
        [
            "id": .text("\(file.id)"), "number": .integer(Int64(file.number)), "label": .text(file.label),
            "title": .text(file.title), "severity": .text(file.severity.rawValue),
            "status": .text(file.status.rawValue),
            "assignee": .optional(file.assignee), "opened_at": .text("\(file.openedAt)"),
            "updated_at": .text("\(file.updatedAt)"), "closed_at": .describing(file.closedAt),
            "next_statuses": .array(file.status.next.map { .text($0.rawValue) }),
            "hosts": .array(file.hosts.map { .text("\($0)") }),
            "alerts": .array(file.alerts.map(json)), "observables": .array(file.observables.map(json)),
            "tasks": .array(file.tasks.map(json)), "playbooks": .array(file.playbooks.map(json)),
            "entry_count": .integer(Int64(file.entryCount)),
        ]
    }

    private static func json(_ alert: CaseAlert) -> JSONValue {
        [
            "id": .text("\(alert.id)"), "host": .describing(alert.host), "added_at": .text("\(alert.addedAt)"),
            "reason": .text(alert.reason),
        ]
    }

    private static func json(_ found: CaseObservable) -> JSONValue {
        [
            "kind": .text(found.observable.kind.rawValue), "value": .text(found.observable.value),
            "added_at": .text("\(found.addedAt)"), "added_by": .text(found.addedBy),
        ]
    }

    private static func json(_ playbook: CasePlaybook) -> JSONValue {
        [
            "playbook": .text(playbook.playbook), "run": .describing(playbook.run),
            "state": .text(playbook.state.rawValue),
            "at": .text("\(playbook.at)"),
        ]
    }

    static func json(_ task: CaseTask) -> JSONValue {
        [
            "id": .text("\(task.id)"), "title": .text(task.title), "state": .text(task.state.rawValue),
            "assignee": .optional(task.assignee), "created_at": .text("\(task.createdAt)"),
            "created_by": .text(task.createdBy), "finished_at": .describing(task.finishedAt),
            "finished_by": .optional(task.finishedBy),
        ]
    }

    static func json(_ entry: TimelineEntry) -> JSONValue {
        [
            "number": .integer(Int64(entry.number)), "kind": .text(entry.kind.rawValue), "at": .text("\(entry.at)"),
            "actor": .text(entry.actor), "text": .text(entry.text), "reference": .optional(entry.reference),
        ]
    }
}
