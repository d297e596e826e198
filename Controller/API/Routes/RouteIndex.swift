internal import HTTPTypes
internal import Hummingbird

/// All routes, to tell a missing address from one that is asked in the wrong way.
package struct RouteIndex: Sendable {
    private let routes: [(segments: [Substring], method: String)]

    init(_ routes: [Route]) {
        self.routes = routes.map { ($0.path.split(separator: "/"), $0.method.rawValue) }
    }

    /// Whether the path is the API's to answer, whatever stands there.
    static func isOurs(_ path: String) -> Bool {
        path == "/api" || path.hasPrefix("/api/") || path == "/health" || path.hasPrefix("/health/")
    }

    /// Why no route answered: 405 where the address has other methods, 404 otherwise.
    func absence(of request: Request) -> Problem {
        let asked = request.uri.path.split(separator: "/")
        let methods = routes.filter { Self.matches($0.segments, asked) }.map(\.method)
        return methods.isEmpty ? .notFound : .method(allowed: methods)
    }

    private static func matches(_ pattern: [Substring], _ path: [Substring]) -> Bool {
        pattern.count == path.count && zip(pattern, path).allSatisfy { $0.0.hasPrefix("{") || $0.0 == $0.1 }
    }
}
