internal import ControllerAPI
internal import ControllerFleet
internal import CordonModel
internal import Hummingbird

/// Standing orders: what there are, which hosts go by them, and taking one back. They are made with `cordon standing create`.
extension Console {
    func addStanding(to pages: RouterGroup<RequestScope>) {
        pages.get("standing") { request, scope in try await showStanding(request, scope) }
        pages.post("standing/{id}/withdraw") { request, scope in try await withdraw(request, scope) }
    }

    private func showStanding(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        let fleet = services.fleet
        return answer(
            StandingPage(
                fleet.standingOrders(), hosts: try await fleet.hosts(), reach: { fleet.reach(of: $0) },
                frame: frame("Standing orders", .standing, reader, waiting: try await waiting().count, request),
                for: reader))
    }

    private func withdraw(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, _) = try await sender(request, scope, needs: .responder)
        guard let id = scope.parameters.get("id").flatMap({ StandingID($0) }) else { throw Problem.noSuchPage }
        _ = try await services.fleet.withdrawStanding(id, by: reader.principal)
        return .redirect(to: LocalPath("/standing").saying("withdrawn"), type: .normal)
    }
}
