internal import ControllerAPI
internal import ControllerFleet
internal import CordonModel
internal import Hummingbird

/// Hunts: the list, one with what it found, starting and ending one. Roles are those of the API's routes.
extension Console {
    func addHunts(to pages: RouterGroup<RequestScope>) {
        pages.get("hunts") { request, scope in try await showHunts(request, scope) }
        pages.get("hunts/{id}") { request, scope in try await showHunt(request, scope) }
        pages.post("hunts") { request, scope in try await startHunt(request, scope) }
        pages.post("hunts/{id}/cancel") { request, scope in try await cancelHunt(request, scope) }
    }

    /// Hunts on one page.
    private static let page = 50

    private func showHunts(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope, needs: .analyst)
        let fields = try FormBody(query: request)
        let found = try await services.fleet.hunts(
            before: fields.text("before").flatMap { HuntID($0) }, limit: Self.page + 1)
        let hunts = found.prefix(Self.page)
        let page = HuntsPage(
            frame: frame("Hunts", .hunts, reader, waiting: try await waiting().count, request),
            hunts: hunts.map { HuntsPage.HuntRow($0, now: reader.now) },
            start: reader.may(.responder) ? HuntsPage.Start(for: reader, onHost: fields.text("host") ?? "") : nil,
            more: found.count > hunts.count ? hunts.last.map { "/hunts?before=\($0.id)" } : nil)
        return answer(page)
    }

    private func huntID(_ scope: RequestScope) throws -> HuntID {
        guard let id = scope.parameters.get("id").flatMap({ HuntID($0) }) else { throw Problem.noSuchPage }
        return id
    }

    private func showHunt(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope, needs: .analyst)
        let fields = try FormBody(query: request)
        let hunt = try await services.fleet.hunt(huntID(scope))
        var page = HuntPage(
            hunt,
            frame: frame(
                "Hunt for \(hunt.question.kind.rawValue)", .hunts, reader, waiting: try await waiting().count, request),
            for: reader)
        let names = try await services.fleet.hosts().reduce(into: [AgentID: String]()) { $0[$1.id] = $1.name }
        page.show(hosts: hunt.hosts, names: names)
        let rows = try await services.fleet.huntRows(
            hunt.id, after: fields.text("after").flatMap { Int64($0) } ?? 0, limit: HuntPage.rowsShown + 1)
        let shown = Array(rows.prefix(HuntPage.rowsShown))
        page.show(shown, names: names)
        if rows.count > shown.count { page.later = shown.last.map { "/hunts/\(hunt.id)?after=\($0.number)" } }
        return answer(page)
    }

    private func startHunt(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .responder)
        guard let kind = form["kind"].flatMap({ HuntKind(rawValue: $0) }) else { throw Problem.badForm }
        guard let reason = form.text("reason") else {
            throw Problem.formField("reason", "A hunt needs a reason: it stands in the audit chain.")
        }
        let hunt = try await services.fleet.startHunt(
            HuntQuestion(kind: kind, parameters: try conditions(form)), of: try await huntScope(form),
            mostHosts: 1000, budget: HuntBudget(), lifetime: .seconds(3600), reason: reason, by: reader.principal)
        return .redirect(to: LocalPath("/hunts/\(hunt.id)").saying("hunting"), type: .normal)
    }

    /// `name=value`, one a line.
    private func conditions(_ form: FormBody) throws -> [String: String] {
        var conditions: [String: String] = [:]
        for line in (form.text("where") ?? "").split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, conditions.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
                throw Problem.formField("where", "Each line is name=value, each name once.")
            }
        }
        return conditions
    }

    private func huntScope(_ form: FormBody) async throws -> HuntScope {
        switch (form.text("host"), form.text("group")) {
        case (let host?, nil): return .hosts([try await services.fleet.hosts().named(host).id])
        case (nil, let group?): return .group(group)
        case (nil, nil): return .all
        default: throw Problem.formField("group", "A hunt asks one host or one group: leave one of them empty.")
        }
    }

    private func cancelHunt(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, _) = try await sender(request, scope, needs: .responder)
        let hunt = try await services.fleet.cancelHunt(huntID(scope), by: reader.principal)
        return .redirect(to: LocalPath("/hunts/\(hunt.id)").saying("hunt-ended"), type: .normal)
    }
}
