internal import CordonModel
package import CordonScan
package import HTTPTypes

/// The OpenAPI 3.1 document, written from the route table: what it says is what the router does.
package enum OpenAPI {
    /// The document of these routes.
    package static func document(of routes: [Route]) -> JSONValue {
        var paths = JSONObject()
        for route in routes {
            let operation = operation(route)
            paths[route.path] = (paths[route.path] ?? [:]).with(route.method.rawValue.lowercased(), operation)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Cordon", "version": "1",
                "summary": "Security orchestration, automation and response for Linux fleets.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "tags": .array(tags(routes).map { ["name": .text($0)] }),
            "paths": .object(paths),
            "components": ["schemas": .object(schemas(routes)), "securitySchemes": security],
        ]
    }

    private static let security: JSONValue = [
        "bearer": [
            "type": "http", "scheme": "bearer",
            "description": "A session's token of POST /api/v1/session, or an API token.",
        ],
        "cookie": [
            "type": "apiKey", "in": "cookie", "name": "__Host-cordon_session",
            "description": .text("The console's session; changes also carry the header \(FormGuard.header)."),
        ],
    ]

    /// What the body of every error looks like (RFC 9457).
    package static let problem = Schema.named(
        "Problem",
        .object([
            .required("type", .string, "urn:cordon:problem:CODE"), .required("title", .string),
            .required("status", .integer(400...599)), .required("detail", .string), .required("code", .string),
            .optional("remedy", .string, "What to do about it."),
            .optional(
                "faults", .list(.object([.required("pointer", .string), .required("message", .string)]), most: 1000)
            ),
        ])
    )

    private static func tags(_ routes: [Route]) -> [String] {
        var seen: Set<String> = []
        return routes.map(\.tag).filter { seen.insert($0).inserted }
    }

    private static func operation(_ route: Route) -> JSONValue {
        var members = JSONObject()
        members["operationId"] = .text(route.name)
        members["tags"] = [.text(route.tag)]
        members["summary"] = .text(route.summary)
        if case .role(let role) = route.admission {
            members["description"] = .text("Takes the role \(role.rawValue).")
            members["security"] = [["bearer": []], ["cookie": []]]
            members["x-cordon-role"] = .text(role.rawValue)
        } else {
            members["security"] = []
        }
        let parameters = route.parameters.map { parameter($0, "path") } + route.query.map { parameter($0, "query") }
        if !parameters.isEmpty { members["parameters"] = .array(parameters) }
        switch route.body {
        case .none: break
        case .json(let schema): members["requestBody"] = body(schema.document)
        case .document: members["requestBody"] = body(["type": "object"])
        case .bytes: members["requestBody"] = body(["type": "string"], as: "application/octet-stream")
        }
        members["responses"] = responses(route)
        return .object(members)
    }

    private static func parameter(_ parameter: Route.Parameter, _ place: String) -> JSONValue {
        [
            "name": .text(parameter.name), "in": .text(place), "required": .flag(place == "path"),
            "description": .text(parameter.summary), "schema": parameter.schema.document,
        ]
    }

    private static func body(_ schema: JSONValue, as mediaType: String = "application/json") -> JSONValue {
        ["required": true, "content": .object(JSONObject()).with(mediaType, ["schema": schema])]
    }

    private static func responses(_ route: Route) -> JSONValue {
        var responses = JSONObject()
        responses["\(route.status.code)"] = answer(route)
        for status in route.expectedProblems.sorted(by: { $0.code < $1.code }) {
            responses["\(status.code)"] = [
                "description": .text(status.reasonPhrase),
                "content": ["application/problem+json": ["schema": problem.document]],
            ]
        }
        return .object(responses)
    }

    private static func answer(_ route: Route) -> JSONValue {
        let description = JSONValue.text(route.status.reasonPhrase)
        return switch route.answer {
        case .empty: ["description": description]
        case .json(let schema):
            ["description": description, "content": ["application/json": ["schema": schema.document]]]
        case .media(let type):
            [
                "description": description,
                "content": .object(JSONObject()).with(type, ["schema": ["type": "string"]]),
            ]
        }
    }

    private static func schemas(_ routes: [Route]) -> JSONObject {
        var named: [String: Schema] = [:]
        problem.collectNamed(into: &named)
        for route in routes {
            if case .json(let schema) = route.body { schema.collectNamed(into: &named) }
            if case .json(let schema) = route.answer { schema.collectNamed(into: &named) }
        }
        var object = JSONObject()
        for (name, schema) in named.sorted(by: { $0.key < $1.key }) { object[name] = schema.definition }
        return object
    }
}

extension Route {
    /// The statuses of problems that the route may answer with.
    package var expectedProblems: Set<HTTPResponse.Status> {
        var statuses = Set(problems + [.badRequest, .internalServerError, .serviceUnavailable])
        if admission != .anyone { statuses.formUnion([.unauthorized, .forbidden]) }
        if case .none = body { return statuses }
        return statuses.union([.contentTooLarge, .unsupportedMediaType])
    }
}
