internal import ControllerAPI
internal import CordonModel
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Stands before every page: sets the headers, sends strangers to sign in, and makes a page of every error. What is
/// under `/api` and `/health` passes untouched.
struct PageDoor: RouterMiddleware {
    typealias Context = RequestScope
    let console: Console
    private let fields: [(HTTPField.Name, String)]

    init(console: Console) {
        self.console = console
        fields = PagePolicy.fields(isSecure: console.cookie.isSecure)
    }

    @concurrent
    func handle(
        _ request: Request, context: RequestScope,
        next: @concurrent (Request, RequestScope) async throws -> Response
    ) async throws -> Response {
        guard Self.isPage(request.uri.path) else { return try await next(request, context) }
        var response: Response
        do {
            response = try await next(request, context)
        } catch let signIn as SignInNeeded {
            response = .redirect(to: signIn.path, type: .normal)
        } catch {
            response = console.answer(Fault(error, logger: context.logger), context)
        }
        for (name, value) in fields where response.headers[name] == nil { response.headers[name] = value }
        return response
    }

    /// Whether the path is the console's and not the API's.
    static func isPage(_ path: String) -> Bool {
        !["/api", "/health"].contains { path == $0 || path.hasPrefix("\($0)/") }
    }
}

/// Thrown where nobody is signed in who must be.
struct SignInNeeded: Error {
    /// The sign-in page, with the way back.
    let path: String

    /// After a form the way back is the page it stood on at best, never the form again: only its reader may send it.
    init(from request: Request) {
        let back = request.method == .get ? request.uri.description : "/"
        path = back == "/" ? "/sign-in" : "/sign-in?next=\(LocalPath(back).encoded)"
    }
}

/// An error as a page tells it.
struct Fault {
    let status: HTTPResponse.Status
    let code: String?
    let message: String
    let remedy: String
    let headers: HTTPFields

    init(_ error: any Error, logger: Logger) {
        let problem: Problem
        switch error {
        case let error as HTTPError where error.status == .notFound: problem = .noSuchPage
        case let error as HTTPError where error.status == .contentTooLarge: problem = .formTooLarge
        case let error as HTTPError:
            problem = Problem(
                error.status, "request.refused", "The browser's request could not be read.",
                remedy: "Go back and try again.")
        default: problem = ProblemMap.problem(for: error, logger: logger)
        }
        status = problem.status
        code = problem.code
        message = problem.detail
        remedy = problem.remedy
        headers = problem.headers
    }
}

extension Problem {
    static let noSuchPage = Problem(
        .notFound, "page.unknown", "There is no page at this address.", remedy: "Start again from Now, Cases or Hosts."
    )
    static let formTooLarge = Problem(
        .contentTooLarge, "form.too_large", "The form holds more than \(FormBody.limit) bytes.",
        remedy: "Shorten what you wrote."
    )
    static let badForm = Problem(
        .badRequest, "form.malformed", "The form could not be read.", remedy: "Load the page again and fill it in anew."
    )

    /// A field of a form that was left out or says nothing.
    static func formField(_ field: String, _ sentence: String) -> Problem {
        Problem(.unprocessableContent, "form.\(field)", sentence, remedy: "Go back, correct it and send it again.")
    }
}
