internal import CordonModel
package import CordonScan
package import HTTPTypes
package import Hummingbird

/// An error as programs and people get it: problem details of RFC 9457.
package struct Problem: Error, Sendable, HTTPResponseError {
    package let status: HTTPResponse.Status
    /// Stable: `area.reason`.
    package let code: String
    /// What is wrong, in a sentence.
    package let detail: String
    /// What to do, in a sentence; empty where there is nothing to do.
    package let remedy: String
    /// Where in the body or the query, for faults of the request.
    package var faults: [Fault] = []
    package var headers: HTTPFields = [:]

    /// One place of a request that is wrong.
    package struct Fault: Sendable, Hashable {
        /// RFC 6901, into the body; `?name` for a query parameter.
        package let pointer: String
        package let message: String
    }

    package init(
        _ status: HTTPResponse.Status, _ code: String, _ detail: String, remedy: String = "", faults: [Fault] = []
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.faults = faults
    }

    /// The body: `type`, `title`, `status`, `detail`, and ours: `code`, `remedy`, `faults`.
    package var json: JSONValue {
        var members: JSONObject = JSONObject()
        members["type"] = .text("urn:cordon:problem:\(code)")
        members["title"] = .text(status.reasonPhrase)
        members["status"] = .integer(Int64(status.code))
        members["detail"] = .text(detail)
        members["code"] = .text(code)
        if !remedy.isEmpty { members["remedy"] = .text(remedy) }
        if !faults.isEmpty {
            members["faults"] = .array(faults.map { ["pointer": .text($0.pointer), "message": .text($0.message)] })
        }
        return .object(members)
    }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        var fields = headers
        fields[.contentType] = "application/problem+json"
        return Response(
            status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes())))
    }
}

extension Problem {
    static let notFound = Problem(
        .notFound, "request.no_such_route", "There is nothing at this address.",
        remedy: "See /api/v1/openapi.json for what there is.")
    static let tooLarge = Problem(
        .contentTooLarge, "request.too_large", "The body is larger than \(APILimits.body) bytes.",
        remedy: "Send less at a time."
    )
    static func mediaType(_ expected: String) -> Problem {
        Problem(
            .unsupportedMediaType, "request.media_type", "The body's Content-Type is not \(expected).",
            remedy: "Send that, and say so in the Content-Type header.")
    }
    static let unexpectedBody = Problem(
        .badRequest, "request.unexpected_body", "This request takes no body.", remedy: "Leave it out.")
    static let formToken = Problem(
        .forbidden, "request.form_token", "The request does not carry this session's form token.",
        remedy: "Load the page again and repeat what you did."
    )
    static let watchers = Problem(
        .serviceUnavailable, "changes.too_many_watchers", "As many watchers as this controller serves are connected.",
        remedy: "Close some, or try again later."
    )

    static let tooSlow = Problem(
        .requestTimeout, "request.too_slow",
        "The request did not come whole within \(APILimits.requestSeconds) seconds.",
        remedy: "Send it again, faster or in smaller parts."
    )

    static func watchersOfOne(_ most: Int) -> Problem {
        Problem(
            .tooManyRequests, "changes.too_many_of_one",
            "\(most) watchers are connected with this session or API token, the most that one may have.",
            remedy: "Close some of them."
        )
    }

    static func method(allowed: [String]) -> Problem {
        let list = allowed.sorted().joined(separator: ", ")
        var problem = Problem(.methodNotAllowed, "request.method", "This address answers only to \(list).")
        problem.headers[.allow] = list
        return problem
    }

    static func unauthenticated() -> Problem {
        var problem = Problem(
            .unauthorized, "access.not_signed_in", "The session or API token is missing, has ended or was revoked.",
            remedy: "Sign in again with `cordon login`, or use a valid API token."
        )
        problem.headers[.wwwAuthenticate] = "Bearer realm=\"cordon\""
        return problem
    }

    static func forbidden(needs role: Role, has: Role) -> Problem {
        Problem(
            .forbidden, "access.role", "This takes the role \(role.rawValue), and you have \(has.rawValue).",
            remedy: "Ask somebody with that role, or an administrator for the role."
        )
    }

    static func invalid(_ faults: [Fault]) -> Problem {
        let first = faults.first.map { " First: \($0.pointer.isEmpty ? "the body" : $0.pointer): \($0.message)." } ?? ""
        return Problem(
            .badRequest, "request.invalid", "The request does not fit what this address takes.\(first)", faults: faults)
    }

    static func notFound(_ what: String, _ id: String) -> Problem {
        Problem(.notFound, "\(what).not_found", "There is no \(what) \(id).")
    }
}
