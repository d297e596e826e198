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
        if let wait = (error as? AccessError)?.retryAfter { problem.headers[.retryAfter] = "\(max(1, wait.wholeSeconds))" }
        return problem
    }

    /// The status of an error's code; `nil` for what is a fault of ours.
    static func status(of code: String) -> HTTPResponse.Status? {
        if let exact = exact[code] { return exact }
        guard let reason = code.split(separator: ".").last else { return nil }
        if code.hasPrefix("store.") { return .serviceUnavailable }
        return endings.first { $0.words.contains { reason.hasPrefix($0) || reason.hasSuffix($0) } }?.status
    }

    private static let exact: [String: HTTPResponse.Status] = [
        "access.sign_in_refused": .unauthorized,
        "access.not_signed_in": .unauthorized,
        "access.too_many_attempts": .tooManyRequests,
        "access.busy": .tooManyRequests,
        "access.name_taken": .conflict,
        "access.last_administrator": .conflict,
        "access.already_initialised": .conflict,
        "access.malformed_name": .unprocessableContent,
        "access.weak_password": .unprocessableContent,
        "access.token_lifetime": .unprocessableContent,
    ]

    /// Words that reasons begin or end with, for the codes of all domains.
    private static let endings: [(words: [String], status: HTTPResponse.Status)] = [
        (["unknown", "not_found", "no_such"], .notFound),
        (["forbidden", "not_allowed", "role", "not_assigned"], .forbidden),
        (["conflict", "taken", "exists", "already", "not_open", "closed", "finished", "decided", "reused", "revoked", "used_up"], .conflict),
        (["busy", "limited", "too_many"], .tooManyRequests),
        (["expired"], .conflict),
        (
            [
                "invalid", "malformed", "weak", "out_of_range", "lifetime", "too_long", "too_short", "empty", "missing",
                "not_runnable", "not_valid", "older", "input", "limit", "unsupported",
            ], .unprocessableContent
        ),
    ]
}
