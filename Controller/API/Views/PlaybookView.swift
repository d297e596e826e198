internal import ControllerPlaybooks
internal import CordonModel
internal import CordonScan

/// Playbooks, their runs and what runs wait for, as the API shows them.
enum PlaybookView {
    static let summary = Schema.named("PlaybookSummary", .object(common))
    static let schema = Schema.named(
        "Playbook",
        .object(
            common + [
                .required("document", .anything, "CACAO 2.0, as it is kept; null when it is no JSON."),
                .required("report", report),
            ])
    )

    private static let common: [Schema.Property] = [
        .required("id", .string), .required("name", .string),
        .required("version", .string, "`modified` of the document."),
        .required("description", .string), .required("is_built_in", .flag), .required("is_valid", .flag),
        .required("is_startable", .flag, "Whether nothing stands against starting it."),
    ]

    static let report = Schema.named(
        "PlaybookReport",
        .object([
            .required("valid", .flag), .required("faults", .list(finding, most: 10_000)),
            .required("warnings", .list(finding, most: 10_000)),
        ])
    )

    private static let finding = Schema.named(
        "Finding",
        .object([
            .required("code", .string), .required("pointer", .string, "RFC 6901."), .required("message", .string),
            .required("prevents_start", .flag),
        ])
    )

    static func json(_ entry: PlaybookLibrary.Entry) -> JSONValue { .object(members(entry)) }

    static func detail(_ entry: PlaybookLibrary.Entry) -> JSONValue {
        var members = members(entry)
        members["document"] = (try? JSONValue.parse(entry.bytes)) ?? .null
        members["report"] = json(entry.report)
        return .object(members)
    }

    private static func members(_ entry: PlaybookLibrary.Entry) -> JSONObject {
        let value: JSONValue = [
            "id": .text(entry.id), "name": .text(entry.name), "version": .text(entry.version),
            "description": .text(entry.description), "is_built_in": .flag(entry.isBuiltIn),
            "is_valid": .flag(entry.report.isValid),
            "is_startable": .flag(entry.report.isValid && entry.report.obstacles.isEmpty),
        ]
        return value.object ?? JSONObject()
    }

    static func json(_ report: ValidationReport) -> JSONValue {
        [
            "valid": .flag(report.isValid), "faults": .array(report.faults.map(json)),
            "warnings": .array(report.warnings.map(json)),
        ]
    }

    private static func json(_ finding: Finding) -> JSONValue {
        [
            "code": .text(finding.code), "pointer": .text(finding.pointer), "message": .text(finding.message),
            "prevents_start": .flag(finding.preventsStart),
        ]
    }
}

/// Runs as the API shows them.
enum RunView {
    static let schema = Schema.named("Run", .object(members))
    static let cancelled = Schema.named(
        "CancelledRun",
        .object(
            members + [
                .required("withdrawn_orders", .list(.identifier, most: 10_000), "No host had them: they are expired."),
                .required("running_orders", .list(.identifier, most: 10_000), "Their hosts have them: they run on."),
            ])
    )

    private static let members: [Schema.Property] = [
        .required("id", .identifier), .required("playbook", .string), .required("playbook_name", .string),
        .required("case", .nullable(.identifier)), .required("state", .choice(of: RunState.self)),
        .required("started_by", .string), .required("started_at", .instant),
        .required("finished_at", .nullable(.instant)),
        .required("waiting_for", .string), .required("failure", .string),
    ]

    static func json(_ cancelled: RunCancellation) -> JSONValue {
        json(cancelled.run)
            .with("withdrawn_orders", .array(cancelled.withdrawn.map { .text("\($0)") }))
            .with("running_orders", .array(cancelled.runningOn.map { .text("\($0)") }))
    }

    static func json(_ run: RunRecord) -> JSONValue {
        [
            "id": .text("\(run.id)"), "playbook": .text(run.playbook), "playbook_name": .text(run.playbookName),
            "case": .describing(run.caseID), "state": .text(run.state.rawValue), "started_by": .text(run.startedBy),
            "started_at": .text("\(run.startedAt)"), "finished_at": .describing(run.finishedAt),
            "waiting_for": .text(run.waitingFor), "failure": .text(run.failure),
        ]
    }
}

/// What waits for people, as the API shows it.
enum TaskView {
    static let schema = Schema.named(
        "Task",
        .object([
            .required("id", .identifier), .required("run", .identifier), .required("case", .nullable(.identifier)),
            .required("playbook_name", .string), .required("step_name", .string),
            .required("kind", .choice(of: ManualTask.Kind.self)), .required("text", .string, "May hold hostile text."),
            .required("role", .choice(of: Role.self), "The least that may answer."),
            .required("assignee", .nullable(.string)),
            .required("created_at", .instant), .required("due_at", .nullable(.instant)),
            .required("on_timeout", .choice(of: ManualTask.TimeoutRule.self)),
            .required("state", .choice(of: ManualTask.State.self)), .required("decided_by", .nullable(.string)),
            .required("decided_at", .nullable(.instant)), .required("reason", .string),
        ])
    )

    static func json(_ task: ManualTask) -> JSONValue {
        [
            "id": .text("\(task.id)"), "run": .text("\(task.run)"), "case": .describing(task.caseID),
            "playbook_name": .text(task.playbookName), "step_name": .text(task.stepName),
            "kind": .text(task.kind.rawValue),
            "text": .text(task.text), "role": .text(task.role.rawValue), "assignee": .optional(task.assignee),
            "created_at": .text("\(task.createdAt)"), "due_at": .describing(task.dueAt),
            "on_timeout": .text(task.onTimeout.rawValue), "state": .text(task.state.rawValue),
            "decided_by": .optional(task.decidedBy), "decided_at": .describing(task.decidedAt),
            "reason": .text(task.reason),
        ]
    }
}
