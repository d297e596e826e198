package import CordonModel
package import HTTPTypes
internal import Hummingbird

/// One operation of the API: declared once, for the router, the role check, the request check and the OpenAPI document.
package struct Route: Sendable {
    /// Who may call it.
    package enum Admission: Sendable, Hashable {
        case anyone
        case role(Role)
    }

    /// What it takes as a body.
    package enum Body: Sendable {
        case none
        case json(Schema)
        /// JSON whose shape the handler checks: a playbook.
        case document
        /// Bytes as they are: part of a package.
        case bytes
    }

    /// What it answers with when all goes well.
    package enum Answer: Sendable {
        case empty
        case json(Schema)
        /// Another media type.
        case media(String)
    }

    /// A parameter in the path or the query.
    package struct Parameter: Sendable {
        package let name: String
        package let schema: Schema
        package let summary: String

        init(_ name: String, _ schema: Schema, _ summary: String) {
            self.name = name
            self.schema = schema
            self.summary = summary
        }
    }

    package let method: HTTPRequest.Method
    /// The whole path, with `{name}` for parameters.
    package let path: String
    /// The operation's name in the document: `listHosts`.
    package let name: String
    /// The group it stands in.
    package let tag: String
    package let summary: String
    package let admission: Admission
    package var parameters: [Parameter] = []
    package var query: [Parameter] = []
    package var body: Body = .none
    package var status: HTTPResponse.Status = .ok
    package var answer: Answer
    /// Statuses of problems beyond those that any route may answer with.
    package var problems: [HTTPResponse.Status] = []
    /// Bytes that its body may have.
    package var mostBytes = APILimits.body
    let handle: @Sendable (Call) async throws -> Reply
}
