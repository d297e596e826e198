package import ControllerAccess
internal import CordonModel
internal import HTTPTypes
package import Hummingbird

/// The console's session in a cookie: not readable by scripts, not sent along from other sites, and bound to this host
/// (`__Host-`, RFC 6265bis §4.1.3.2) where there is TLS.
package struct SessionCookie: Sendable {
    /// Whether the controller is reached over TLS.
    package let isSecure: Bool

    package init(isSecure: Bool) { self.isSecure = isSecure }

    /// The cookie's name.
    package var name: String { isSecure ? "__Host-cordon_session" : "cordon_session" }

    /// The `Set-Cookie` value that begins the session.
    package func setting(_ signIn: SignIn) -> String { "\(name)=\(signIn.token); \(attributes)" }

    /// The `Set-Cookie` value that ends it.
    package var clearing: String { "\(name)=; Max-Age=0; \(attributes)" }

    /// The session's token that the request carries; `nil` without one.
    package func token(in request: Request) -> String? { request.cookies[name]?.value }

    private var attributes: String { "Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "") }
}

/// Finds out who asks, by `Authorization: Bearer` or by the session's cookie. Refuses nobody: routes do.
package struct SessionMiddleware: RouterMiddleware {
    private let access: Access
    private let cookie: SessionCookie

    package init(access: Access, cookie: SessionCookie) {
        self.access = access
        self.cookie = cookie
    }

    @concurrent package func handle(
        _ request: Request, context: RequestScope,
        next: @concurrent (Request, RequestScope) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let token = Self.bearer(request) ?? cookie.token(in: request) {
            do {
                context.credential = try await access.authenticate(token)
            } catch let error as AccessError where error == .notSignedIn {
                context.credential = nil
            }
        }
        return try await next(request, context)
    }

    /// The token of the `Authorization` header (RFC 6750 §2.1).
    static func bearer(_ request: Request) -> String? {
        guard let header = request.headers[.authorization], header.utf8.count <= 256 else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}

/// Keeps other sites from making a signed-in browser do things: what a cookie lets in must also carry the session's form token.
package enum FormGuard {
    /// The header that scripts put ``Credential/formToken`` in; forms put it in a field of ``field``.
    package static let header = "X-Cordon-Form-Token"
    /// The hidden field of forms.
    package static let field = "form_token"

    /// Checks a request that changes something.
    /// - Parameter token: What the form's field or the header held.
    /// - Throws: ``Problem`` with status 403 when a cookie let the request in and the token is not the session's,
    ///   or the browser says that another site sent it.
    package static func check(_ request: Request, _ credential: Credential, token: String?) throws(Problem) {
        guard SessionMiddleware.bearer(request) == nil else { return }
        let site = HTTPField.Name("Sec-Fetch-Site").flatMap { request.headers[$0] } ?? "same-origin"
        guard ["same-origin", "none"].contains(site), let token, !credential.formToken.isEmpty,
            equalsInConstantTime(token, credential.formToken)
        else { throw .formToken }
    }
}
