internal import ControllerAccess
internal import CordonModel
internal import HTTPTypes
package import Logging

/// The one place that says which status an error of ours has.
package enum ProblemMap {
    /// The problem for an error; what is not one of ours is logged and told without details.
    package static func problem(for error: any Error, logger: Logger) -> Problem {
        if let problem = error as? Problem { return problem }
        guard let error = error as? any ActionableError, let status = status(of: error.code) else {
            logger.error("request failed", metadata: ["error": "\(error)"])
            return Problem(
                .internalServerError, "controller.failed", "The controller could not do this.",
                remedy: "Its log has the details."
            )
        }
        if status.kind == .serverError { logger.error("request failed", metadata: ["error": "\(error)"]) }
        var problem = Problem(status, error.code, error.message, remedy: error.remedy)
        if status == .unauthorized { problem.headers[.wwwAuthenticate] = "Bearer realm=\"cordon\"" }
        if let wait = (error as? AccessError)?.retryAfter {
            problem.headers[.retryAfter] = "\(max(1, wait.wholeSeconds))"
        }
        return problem
    }

    /// The status of an error's code; `nil` for what is a fault of ours.
    static func status(of code: String) -> HTTPResponse.Status? {
        if let status = statuses[code] { return status }
        let area = code.prefix { $0 != "." }
        return areas[String(area)]
    }

    /// Codes of the domains that callers can bring about. One that is missing here is answered as a fault of ours.
    private static let statuses: [String: HTTPResponse.Status] = [
        (.unauthorized, ["access.sign_in_refused", "access.not_signed_in"]),
        (.tooManyRequests, ["access.too_many_attempts", "access.busy", "rules.busy"]),
        (.forbidden, ["case.forbidden", "task.role", "task.assignee"]),
        (
            .notFound,
            [
                "access.unknown_user", "access.unknown_token", "case.not_found", "case.task_not_found",
                "evidence.unknown",
                "host.unknown",
                "hunt.unknown", "order.unknown", "playbook.unknown", "release.unknown", "rules.unknown",
                "rules.group_unknown",
                "run.unknown", "standing.unknown", "task.unknown", "upgrade.unknown",
                "token.unknown",
            ]
        ),
        (
            .conflict,
            [
                "access.name_taken", "access.last_administrator", "access.already_initialised", "case.transition",
                "case.task_finished", "case.full", "host.revoked", "order.conflict", "order.no_undo",
                "order.not_waiting", "order.stale",
                "playbook.older", "release.exists", "release.in_use", "upgrade.state",
                "rules.nothing_before", "run.conflict", "run.over", "task.closed", "token.expired", "token.used_up",
                "token.withdrawn",
            ]
        ),
        (
            .unprocessableContent,
            [
                "access.malformed_name", "access.weak_password", "access.token_lifetime", "case.empty", "case.too_long",
                "approval.invalid", "approval.unknown", "hunt.invalid", "order.invalid", "playbook.future",
                "playbook.invalid", "playbook.not_runnable",
                "run.input_missing",
                "release.altered", "release.invalid", "upgrade.invalid",
                "rules.empty", "rules.faults", "rules.large", "rules.group_name", "rules.group_values",
                "rules.group_count", "rules.range", "run.input_type",
                "token.uses", "token.lifetime", "token.group",
            ]
        ),
        (.serviceUnavailable, ["evidence.damaged", "release.no_room", "playbook.folder", "playbook.write"]),
    ].reduce(into: [:]) { (statuses, entry: (status: HTTPResponse.Status, codes: [String])) in
        for code in entry.codes { statuses[code] = entry.status }
    }

    /// Areas whose every code means the same to a caller.
    private static let areas: [String: HTTPResponse.Status] = [
        // The disk is full, the folder is read-only, …: nothing that the caller did.
        "store": .serviceUnavailable,
        "folder": .serviceUnavailable,
        // Rules that are well written, but too much together.
        "sigma": .unprocessableContent,
        // What a playbook's step says that cannot be carried out.
        "variable": .unprocessableContent,
        "step": .unprocessableContent,
        "http": .unprocessableContent,
        "openc2": .unprocessableContent,
        "query": .unprocessableContent,
        "engine": .unprocessableContent,
    ]
}
