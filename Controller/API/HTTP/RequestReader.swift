internal import CordonModel
internal import CordonScan
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Reads what a request brings, strictly: what a route does not declare is refused, not ignored.
enum RequestReader {
    /// The query's parameters, checked.
    static func query(_ request: Request, _ declared: [Route.Parameter]) throws(Problem) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        var faults: [Problem.Fault] = []
        for (name, value) in request.uri.queryParameters {
            let name = String(name)
            guard let parameter = declared.first(where: { $0.name == name }) else {
                faults.append(.init(pointer: "?\(name.prefix(100))", message: "is not a parameter that is known here"))
                continue
            }
            let typed = typed(String(value), parameter.schema)
            faults += parameter.schema.faults(in: typed).map { .init(pointer: "?\(name)", message: $0.message) }
            if values.updateValue(typed, forKey: name) != nil {
                faults.append(.init(pointer: "?\(name)", message: "stands twice"))
            }
        }
        guard faults.isEmpty else { throw .invalid(faults) }
        return values
    }

    private static func typed(_ text: String, _ schema: Schema) -> JSONValue {
        switch schema {
        case .integer: Int64(text).map { .integer($0) } ?? .text(text)
        case .flag: ["true": .flag(true), "false": .flag(false)][text] ?? .text(text)
        default: .text(text)
        }
    }

    /// The body, checked, and as it came.
    static func body(
        _ request: Request, _ declared: Route.Body, most: Int = APILimits.body
    ) async throws -> (JSONValue, [UInt8]) {
        switch declared {
        case .none:
            guard request.method == .get || request.headers[.contentLength].map({ $0 == "0" }) ?? true else {
                throw Problem.unexpectedBody
            }
            return (.null, [])
        case .json(let schema):
            let bytes = try await bytes(request, most)
            let value = try parse(bytes)
            let faults = schema.faults(in: value)
            guard faults.isEmpty else { throw Problem.invalid(faults) }
            return (value, bytes)
        case .document:
            return (.null, try await bytes(request, most))
        case .bytes:
            return (.null, try await bytes(request, most, as: "application/octet-stream"))
        }
    }

    private static func bytes(
        _ request: Request, _ most: Int, as expected: String = "application/json"
    ) async throws -> [UInt8] {
        let mediaType = request.headers[.contentType]?.split(separator: ";").first?.lowercased() ?? ""
        guard mediaType.split(separator: " ").joined() == expected else { throw Problem.mediaType(expected) }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > most {
            throw Problem.tooLarge
        }
        let buffer = try await request.body.collect(upTo: most)
        return Array(buffer.readableBytesView)
    }

    private static func parse(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
        do {
            return try JSONValue.parse(bytes, limits: JSONValue.Limits(depth: 16, bytes: APILimits.body, nodes: 20_000))
        } catch {
            throw Problem(.badRequest, "request.not_json", "The body is not JSON that this takes. \(error.message)")
        }
    }
}
