internal import HTTPTypes
package import Hummingbird

/// Headers that tell browsers to be careful. What a page sets itself stays.
package struct SecurityHeaders: RouterMiddleware {
    package typealias Context = RequestScope
    private let fields: [(HTTPField.Name, String)]

    package init(isSecure: Bool) {
        var named = [
            (
                "Content-Security-Policy",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
            ),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ]
        if isSecure { named.append(("Strict-Transport-Security", "max-age=31536000")) }
        fields = named.compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
    }

    @concurrent package func handle(
        _ request: Request, context: RequestScope,
        next: @concurrent (Request, RequestScope) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        for (name, value) in fields where response.headers[name] == nil { response.headers[name] = value }
        return response
    }
}
