internal import ControllerAPI
internal import ControllerFleet
internal import CordonModel
internal import Hummingbird

/// Upgrades: the newest ring by ring, what can be done to it, and starting one. Roles are those of the API's routes.
extension Console {
    func addUpgrades(to pages: RouterGroup<RequestScope>) {
        pages.get("upgrades") { request, scope in try await showUpgrades(request, scope) }
        pages.post("upgrades") { request, scope in try await startUpgrade(request, scope) }
        pages.post("upgrades/{step}") { request, scope in try await stepUpgrade(request, scope) }
    }

    private func showUpgrades(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        var page = UpgradesPage(
            frame: frame("Upgrades", .upgrades, reader, waiting: try await waiting().count, request))
        let rollout = await services.fleet.rollout()
        if let rollout {
            let names = try await services.fleet.hosts().reduce(into: [AgentID: String]()) { $0[$1.id] = $1.name }
            page.show(rollout, names: names, for: reader)
        }
        let isBusy = rollout.map { $0.state != .finished && $0.state != .cancelled } ?? false
        page.show(
            await services.fleet.releases(), groups: try await services.hostGroups(), isBusy: isBusy, for: reader)
        return answer(page)
    }

    private func startUpgrade(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .administrator)
        guard let version = form.text("version") else { throw Problem.badForm }
        let rings = (form.text("rings") ?? RolloutPlan.rest).split(separator: ",").map { ring in
            ring.split(separator: " ").joined(separator: " ")
        }
        var plan = RolloutPlan(version: version, rings: rings.filter { !$0.isEmpty })
        guard let hours = form["soak"].flatMap({ Int64($0) }), (0...720).contains(hours) else {
            throw Problem.formField("soak", "The soak time is 0 to 720 hours.")
        }
        guard let failed = form["failed"].flatMap({ Int($0) }), (0...100_000).contains(failed) else {
            throw Problem.formField("failed", "How many hosts may fail is a number.")
        }
        plan.soak = .seconds(hours * 3600)
        plan.atMostFailed = failed
        for ring in plan.rings where ring != RolloutPlan.rest { try await services.checkGroup(ring) }
        _ = try await services.fleet.startUpgrade(plan, by: reader.principal)
        return .redirect(to: LocalPath("/upgrades").saying("upgrading"), type: .normal)
    }

    private func stepUpgrade(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, _) = try await sender(request, scope, needs: .administrator)
        guard let step = scope.parameters.get("step").flatMap({ Fleet.UpgradeStep(rawValue: $0) }) else {
            throw Problem.noSuchPage
        }
        _ = try await services.fleet.stepUpgrade(step, by: reader.principal)
        return .redirect(to: LocalPath("/upgrades").saying("upgrade-\(step.rawValue)"), type: .normal)
    }
}
