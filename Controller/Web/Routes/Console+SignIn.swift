internal import ControllerAPI
internal import ControllerAccess
internal import CordonModel
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Signing in and out.
extension Console {
    func addSignIn(to pages: RouterGroup<RequestScope>) {
        pages.get("sign-in") { request, scope in showSignIn(request, scope) }
        pages.post("sign-in") { request, scope in try await signIn(request, scope) }
        pages.post("sign-out") { request, scope in try await signOut(request, scope) }
    }

    private func showSignIn(_ request: Request, _ scope: RequestScope) -> Response {
        let next = LocalPath(request.uri.queryParameters.get("next"))
        if scope.credential != nil { return .redirect(to: next.text, type: .normal) }
        return signInPage(request, next: next)
    }

    private func signIn(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let form = try await FormBody(request)
        let next = LocalPath(form["next"])
        guard signInGuard.holds(request, form[FormGuard.field]) else {
            let refusal = SignInPage.Refusal(
                message: "The form was not from this page, or the browser keeps no cookies.", remedy: "Try once more."
            )
            return signInPage(request, next: next, typed: form["name"] ?? "", refusal, status: .forbidden)
        }
        do {
            let signIn = try await services.access.signIn(
                form["name"] ?? "", password: form["password"] ?? "", from: scope.source)
            var response = Response.redirect(to: next.text, type: .normal)
            response.headers.append(HTTPField(name: .setCookie, value: cookie.setting(signIn)))
            response.headers.append(HTTPField(name: .setCookie, value: signInGuard.clearing))
            return response
        } catch let error as AccessError {
            let fault = Fault(error, logger: scope.logger)
            let refusal = SignInPage.Refusal(message: fault.message, remedy: fault.remedy)
            return signInPage(
                request, next: next, typed: form["name"] ?? "", refusal, status: fault.status, headers: fault.headers
            )
        }
    }

    private func signOut(_ request: Request, _ scope: RequestScope) async throws -> Response {
        guard let credential = scope.credential else { return .redirect(to: "/sign-in", type: .normal) }
        let form = try await FormBody(request)
        try FormGuard.check(request, credential, token: form[FormGuard.field])
        try await services.access.signOut(credential)
        var response = Response.redirect(to: "/sign-in?done=signed-out", type: .normal)
        response.headers[.setCookie] = cookie.clearing
        return response
    }

    private var signInGuard: SignInGuard { SignInGuard(isSecure: cookie.isSecure) }

    private func signInPage(
        _ request: Request, next: LocalPath, typed: String = "", _ refusal: SignInPage.Refusal? = nil,
        status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        let now = services.surroundings.now()
        let token = signInGuard.token(in: request) ?? SignInGuard.newToken(services.surroundings)
        let notice = request.uri.queryParameters.get("done").flatMap { Notice(named: $0) }
        let page = SignInPage(
            frame: Frame(title: "Sign in", notice: notice, rendered: Moment(now, now: now)), signInToken: token,
            next: next.text, typedName: typed, refusal: refusal
        )
        var headers = headers
        headers[.setCookie] = signInGuard.setting(token)
        // The page is HTML: a challenge for programs has no place in it.
        headers[.wwwAuthenticate] = nil
        return answer(page, status: status, headers: headers)
    }
}

/// Keeps other sites from signing a visitor's browser in here as somebody else: before there is a session, the form
/// carries what a cookie of this site holds, which another site can neither read nor set.
struct SignInGuard {
    let isSecure: Bool

    private var name: String { isSecure ? "__Host-cordon_sign_in" : "cordon_sign_in" }
    private var attributes: String { "Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "") }

    static func newToken(_ surroundings: Surroundings) -> String {
        "\(UUIDv7(high: surroundings.random(), low: surroundings.random()))"
    }

    func setting(_ token: String) -> String { "\(name)=\(token); Max-Age=86400; \(attributes)" }

    var clearing: String { "\(name)=; Max-Age=0; \(attributes)" }

    /// The token of the cookie; `nil` when there is none of ours.
    func token(in request: Request) -> String? {
        request.cookies[name].flatMap { UUIDv7($0.value) }.map { "\($0)" }
    }

    /// Whether the form is from this site's page.
    func holds(_ request: Request, _ sent: String?) -> Bool {
        let site = HTTPField.Name("Sec-Fetch-Site").flatMap { request.headers[$0] } ?? "same-origin"
        guard let token = token(in: request), let sent = sent.flatMap({ UUIDv7($0) }) else { return false }
        return "\(sent)" == token && ["same-origin", "none"].contains(site)
    }
}
