package import ControllerAPI
internal import ControllerAccess
internal import CordonModel
internal import HTTPTypes
package import Hummingbird

/// The console: pages for people, rendered here, on the router that the API stands on.
///
/// A page is a plain value (`Pages/`), made from what the domains say (`Mapping/`) and put into HTML by a template
/// (`Templates/`); handlers (`Routes/`) only fetch and decide. Pages work without scripts: `live.js` only renews them;
/// passkeys alone need one, since only a script can ask a browser for them.
package struct Console: Sendable {
    let services: APIServices
    let fleetName: String
    let renderer: PageRenderer

    /// - Parameter fleetName: Shown to those who are signed in.
    /// - Throws: when a template cannot be parsed.
    package init(_ services: APIServices, fleetName: String) throws {
        self.services = services
        self.fleetName = fleetName
        renderer = try PageRenderer()
    }

    /// Adds the console's pages. The API's routes must be there already.
    package func addRoutes(to router: Router<RequestScope>) {
        router.add(middleware: PageDoor(console: self))
        router.get("assets/{name}") { request, scope in try asset(request, scope) }
        let pages = router.group().add(middleware: SessionMiddleware(access: services.access, cookie: cookie))
        addSignIn(to: pages)
        addNow(to: pages)
        addCases(to: pages)
        addHosts(to: pages)
        addSearch(to: pages)
        addHunts(to: pages)
        addRules(to: pages)
        addUpgrades(to: pages)
        addStanding(to: pages)
        addSigning(to: pages)
    }

    /// How sessions travel.
    var cookie: SessionCookie { services.cookie }

    private func asset(_ request: Request, _ scope: RequestScope) throws -> Response {
        guard let asset = scope.parameters.get("name").flatMap({ Asset.all[$0] }) else { throw Problem.noSuchPage }
        return asset.response(to: request)
    }
}

// MARK: - What every handler does

extension Console {
    /// Who reads.
    /// - Throws: ``SignInNeeded`` for nobody known.
    func reader(_ request: Request, _ scope: RequestScope) throws -> Reader {
        guard let credential = scope.credential else { throw SignInNeeded(from: request) }
        return Reader(
            principal: credential.principal, formToken: credential.formToken, now: services.surroundings.now()
        )
    }

    /// Who reads a page that is not for everybody.
    /// - Throws: ``SignInNeeded``, or ``Problem`` where the role is too low.
    func reader(_ request: Request, _ scope: RequestScope, needs role: Role) throws -> Reader {
        let reader = try reader(request, scope)
        guard reader.may(role) else { throw Self.tooLow(reader, role) }
        return reader
    }

    private static func tooLow(_ reader: Reader, _ role: Role) -> Problem {
        Problem(
            .forbidden, "access.role",
            "This takes the role \(role.rawValue), and you have \(reader.principal.role.rawValue).",
            remedy: "Ask somebody with that role, or an administrator for the role."
        )
    }

    /// Who sends a form, and what it holds, once it is sure that our page sent it.
    /// - Throws: ``SignInNeeded``, or ``Problem`` where the form is not this session's or the role is too low.
    func sender(_ request: Request, _ scope: RequestScope, needs role: Role) async throws -> (Reader, FormBody) {
        guard let credential = scope.credential else { throw SignInNeeded(from: request) }
        let form = try await FormBody(request)
        try FormGuard.check(request, credential, token: form[FormGuard.field])
        return (try reader(request, scope, needs: role), form)
    }

    /// What surrounds a page.
    func frame(_ title: String, _ place: Frame.Place?, _ reader: Reader, waiting: Int, _ request: Request) -> Frame {
        Frame(
            title: title, fleet: fleetName,
            person: Frame.Person(
                name: reader.principal.name, role: reader.principal.role.rawValue, token: reader.formToken,
                waiting: waiting,
                place: place, seesHunts: reader.may(.analyst)
            ),
            notice: request.uri.queryParameters.get("done").flatMap { Notice(named: $0) },
            rendered: Moment(reader.now, now: reader.now)
        )
    }

    /// The page as an answer.
    func answer(_ page: some Page, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "text/html; charset=utf-8"
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: renderer.html(page))))
    }

    /// The error as a page: what is wrong, what to do, and a way back.
    func answer(_ fault: Fault, _ scope: RequestScope) -> Response {
        let now = services.surroundings.now()
        let page = FaultPage(
            frame: Frame(title: "That did not work", rendered: Moment(now, now: now)),
            status: "\(fault.status)", heading: fault.status == .notFound ? "Not here" : "That did not work",
            message: fault.message, remedy: fault.remedy.isEmpty ? nil : fault.remedy, code: fault.code,
            back: Link(path: "/", label: "Back to Now")
        )
        return answer(page, status: fault.status, headers: fault.headers)
    }
}
