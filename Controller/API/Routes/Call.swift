internal import ControllerAccess
internal import CordonModel
internal import CordonScan
internal import HTTPTypes
internal import Hummingbird

/// One checked request, as handlers get it.
struct Call: Sendable {
    let services: APIServices
    let request: Request
    let scope: RequestScope
    /// Path parameters.
    let parameters: [String: String]
    /// Query parameters that the route declares.
    let query: [String: JSONValue]
    /// The body, checked against the route's schema; null where the route takes none.
    let body: JSONValue
    /// The body as it came.
    let bytes: [UInt8]

    /// Who asks. On routes that take a role there is somebody.
    func credential() throws(Problem) -> Credential {
        guard let credential = scope.credential else { throw .unauthenticated() }
        return credential
    }

    /// Who asks, for the audit chain.
    func principal() throws(Problem) -> Principal { try credential().principal }

    /// The identifier in the path.
    func identifier<Subject>(_ name: String = "id") throws(Problem) -> Identifier<Subject> {
        guard let identifier = Identifier<Subject>(parameters[name] ?? "") else { throw .notFound }
        return identifier
    }

    /// The member of the body as text; empty when it was left out.
    func text(_ name: String) -> String { body[name]?.text ?? "" }

    /// The member of the body as one of a closed set; `nil` when it was left out.
    func choice<Choice: RawRepresentable>(_ name: String) -> Choice? where Choice.RawValue == String {
        body[name]?.text.flatMap { Choice(rawValue: $0) }
    }

    /// The member of the body that counts seconds; `nil` when it was left out.
    func seconds(_ name: String) -> Duration? { body[name]?.integer.map { .seconds($0) } }

    /// How many items the page may have.
    var limit: Int { Int(query["limit"]?.integer ?? APILimits.page) }

    /// The identifier that the page begins after; `nil` for the first page.
    func cursor<Subject>() throws(Problem) -> Identifier<Subject>? {
        guard let cursor = query["cursor"]?.text else { return nil }
        guard let identifier = Identifier<Subject>(cursor) else {
            throw .invalid([Problem.Fault(pointer: "?cursor", message: "is not a cursor that a page gave")])
        }
        return identifier
    }

    /// The identifier in the query; `nil` when it was left out.
    func identifier<Subject>(query name: String) -> Identifier<Subject>? {
        query[name]?.text.flatMap { Identifier<Subject>($0) }
    }

    /// The one of a closed set in the query; `nil` when it was left out.
    func choice<Choice: RawRepresentable>(query name: String) -> Choice? where Choice.RawValue == String {
        query[name]?.text.flatMap { Choice(rawValue: $0) }
    }
}

/// What a handler answers.
enum Reply: Sendable {
    case json(JSONValue)
    case empty
    case content(ResponseBody, mediaType: String, headers: HTTPFields)
    /// JSON with more headers: a cookie.
    case jsonWith(JSONValue, headers: HTTPFields)

    /// One page: the items, and the cursor that the next one begins after when this one is full.
    static func page(_ items: [JSONValue], next: (some CustomStringConvertible)?) -> Reply {
        .json(["items": .array(items), "next": next.map { .text("\($0)") } ?? .null])
    }
}
