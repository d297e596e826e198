internal import ControllerAPI
internal import ControllerFleet
internal import ControllerRules
internal import CordonModel
internal import Hummingbird

/// Packs of rules: what there is, what is staged, and staging. Roles are those of the API's routes.
extension Console {
    func addRules(to pages: RouterGroup<RequestScope>) {
        pages.get("rules") { request, scope in try await showRules(request, scope) }
        pages.post("rules/stage") { request, scope in try await stage(request, scope) }
        pages.post("rules/unstage") { request, scope in try await unstage(request, scope) }
        pages.post("rules/roll-back") { request, scope in try await rollBack(request, scope) }
    }

    private func showRules(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        var page = RulesPage(
            try await services.rules.all(), staged: services.rules.staged(),
            frame: frame("Rules", .rules, reader, waiting: try await waiting().count, request), for: reader)
        let names = try await services.fleet.hosts().reduce(into: [AgentID: String]()) { $0[$1.id] = $1.name }
        page.show(services.fleet.rulesInUse(), names: names)
        page.show(try await services.rules.stagings(), now: reader.now)
        page.show(try await services.rules.groups.all())
        return answer(page)
    }

    private func stage(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .administrator)
        guard let version = form["version"].flatMap({ Int64($0) }), version >= 0 else { throw Problem.badForm }
        let group = try group(form)
        try await services.checkGroup(group)
        try await services.rules.stage(version, to: group, by: reader.principal)
        return .redirect(to: LocalPath("/rules").saying("staged"), type: .normal)
    }

    private func unstage(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .administrator)
        try await services.rules.unstage(try group(form), by: reader.principal)
        return .redirect(to: LocalPath("/rules").saying("unstaged"), type: .normal)
    }

    private func rollBack(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .administrator)
        try await services.rules.rollBack(try group(form), by: reader.principal)
        return .redirect(to: LocalPath("/rules").saying("rolled-back"), type: .normal)
    }

    private func group(_ form: FormBody) throws(Problem) -> String {
        let group = form.text("group") ?? ""
        guard group.utf8.count <= 63 else { throw .formField("group", "A group's name has at most 63 characters.") }
        return group
    }
}
