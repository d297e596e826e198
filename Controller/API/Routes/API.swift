internal import ControllerAccess
internal import CordonModel
internal import CordonScan
internal import Foundation
internal import HTTPTypes
package import Hummingbird

/// The REST API: routes from one table, on a router that the console shares.
package enum API {
    /// Where it stands.
    package static let root = "/api/v1"

    /// A router with the API on it, security headers and problem details set up; the console adds its pages to it.
    package static func router(_ services: APIServices) -> Router<RequestScope> {
        let router = Router(context: RequestScope.self)
        let routes = routes
        router.add(middleware: SecurityHeaders(isSecure: services.isSecure))
        router.add(middleware: ProblemMiddleware(routes: RouteIndex(routes)))
        let group = router.group()
        group.add(middleware: SessionMiddleware(access: services.access, cookie: services.cookie))
        for route in routes { register(route, on: group, services) }
        return router
    }

    private static func register(_ route: Route, on group: RouterGroup<RequestScope>, _ services: APIServices) {
        group.on(RouterPath(stringLiteral: route.path), method: route.method) { request, scope in
            try admit(request, scope, to: route)
            let call = try await call(request, scope, route, services)
            return try await response(route.handle(call), route)
        }
    }

    // MARK: - Before the handler

    private static func admit(_ request: Request, _ scope: RequestScope, to route: Route) throws(Problem) {
        guard case .role(let role) = route.admission else { return }
        guard let credential = scope.credential else { throw .unauthenticated() }
        if route.method != .get {
            let header = HTTPField.Name(FormGuard.header).flatMap { request.headers[$0] }
            try FormGuard.check(request, credential, token: header)
        }
        guard credential.principal.role >= role else { throw .forbidden(needs: role, has: credential.principal.role) }
    }

    private static func call(
        _ request: Request, _ scope: RequestScope, _ route: Route, _ services: APIServices
    ) async throws -> Call {
        var parameters: [String: String] = [:]
        for parameter in route.parameters {
            guard let value = (scope.parameters.get(parameter.name) ?? "").removingPercentEncoding else {
                throw Problem.invalid([.init(pointer: "{\(parameter.name)}", message: "is not percent-encoded UTF-8")])
            }
            let faults = parameter.schema.faults(in: .text(value))
            guard faults.isEmpty else {
                throw Problem.invalid(faults.map { .init(pointer: "{\(parameter.name)}", message: $0.message) })
            }
            parameters[parameter.name] = value
        }
        let query = try RequestReader.query(request, route.query)
        let (body, bytes) = try await RequestReader.body(request, route.body, most: route.mostBytes)
        return Call(
            services: services, request: request, scope: scope, parameters: parameters, query: query, body: body,
            bytes: bytes
        )
    }

    // MARK: - After it

    private static func response(_ reply: Reply, _ route: Route) -> Response {
        switch reply {
        case .empty: Response(status: .noContent)
        case .json(let value): json(value, route, [:])
        case .jsonWith(let value, let headers): json(value, route, headers)
        case .content(let body, let mediaType, let headers): content(body, mediaType, route, headers)
        }
    }

    private static func json(_ value: JSONValue, _ route: Route, _ headers: HTTPFields) -> Response {
        content(ResponseBody(byteBuffer: ByteBuffer(bytes: value.bytes())), "application/json", route, headers)
    }

    private static func content(
        _ body: ResponseBody, _ mediaType: String, _ route: Route, _ headers: HTTPFields
    ) -> Response {
        var headers = headers
        headers[.contentType] = mediaType
        return Response(status: route.status, headers: headers, body: body)
    }
}
