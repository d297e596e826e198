internal import CordonModel
internal import HTTPTypes
package import Hummingbird
internal import Logging
internal import NIOCore

/// Turns every error under `/api` and `/health` into problem details, once, outermost. What happens elsewhere is the console's.
package struct ProblemMiddleware: RouterMiddleware {
    package typealias Context = RequestScope
    private let routes: RouteIndex

    init(routes: RouteIndex) { self.routes = routes }

    @concurrent package func handle(
        _ request: Request, context: RequestScope,
        next: @concurrent (Request, RequestScope) async throws -> Response
    ) async throws -> Response {
        guard RouteIndex.isOurs(request.uri.path) else { return try await next(request, context) }
        do {
            return try await next(request, context)
        } catch {
            return try problem(error, request, context).response(from: request, context: context)
        }
    }

    private func problem(_ error: any Error, _ request: Request, _ context: RequestScope) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as HTTPError where error.status == .notFound: return routes.absence(of: request)
        case let error as HTTPError:
            return Problem(error.status, "request.refused", error.body ?? "The request could not be read.")
        case is NIOTooManyBytesError: return .tooLarge
        default: return ProblemMap.problem(for: error, logger: context.logger)
        }
    }
}
