internal import ControllerAPI
internal import ControllerCases
internal import ControllerFleet
internal import ControllerIntake
internal import ControllerPlaybooks
internal import CordonModel
internal import HTTPTypes
internal import Hummingbird

/// The list of cases, and one case.
extension Console {
    func addCases(to pages: RouterGroup<RequestScope>) {
        pages.get("cases") { request, scope in try await showCases(request, scope) }
        pages.get("cases/{id}") { request, scope in try await showCase(request, scope) }
        pages.get("cases/{id}/report") { request, scope in try await report(request, scope) }
        pages.post("cases/{id}/notes") { request, scope in try await note(request, scope) }
        pages.post("cases/{id}/status") { request, scope in try await setStatus(request, scope) }
        pages.post("cases/{id}/assignee") { request, scope in try await take(request, scope) }
    }

    // MARK: - The list

    /// What the list can show; the raw value stands in the address.
    private enum Shown: String, CaseIterable {
        case open
        case mine
        case closed
        case all

        var label: String {
            switch self {
            case .open: "Open"
            case .mine: "Mine"
            case .closed: "Ended"
            case .all: "All"
            }
        }
        var path: String { self == .open ? "/cases" : "/cases?show=\(rawValue)" }
    }

    /// Cases on one page.
    private static let page = 50

    private func showCases(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        let shown = request.uri.queryParameters.get("show").flatMap { Shown(rawValue: $0) } ?? .open
        var filter = CaseFilter(limit: Self.page + 1)
        filter.before = request.uri.queryParameters.get("before").flatMap { Int($0) }
        switch shown {
        case .open: filter.statuses = CaseStatus.allCases.filter(\.isOpen)
        case .mine:
            filter.statuses = CaseStatus.allCases.filter(\.isOpen)
            filter.assignee = reader.principal.name
        case .closed: filter.statuses = CaseStatus.allCases.filter { !$0.isOpen }
        case .all: break
        }
        let found = try await services.cases.cases(filter)
        let cases = found.prefix(Self.page)
        let more =
            found.count > cases.count ? cases.last.map { "/cases?show=\(shown.rawValue)&before=\($0.number)" } : nil
        let page = CasesPage(
            frame: frame("Cases", .cases, reader, waiting: try await waiting().count, request),
            filters: Shown.allCases.map { .init(path: $0.path, label: $0.label, chosen: $0 == shown) },
            cases: cases.map { CaseRow($0, now: reader.now) }, empty: "No case fits.", more: more
        )
        return answer(page)
    }

    // MARK: - One case

    private func file(_ scope: RequestScope) async throws -> Case {
        try await services.cases.file(named: scope.parameters.get("id") ?? "")
    }

    private func showCase(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        let file = try await file(scope)
        let frame = frame("\(file.label) \(file.title)", .cases, reader, waiting: try await waiting().count, request)
        var page = CasePage(file, frame: frame, for: reader)
        let tasks = try await services.runs.tasks(TaskFilter(caseID: file.id, states: nil))
        page.decisions = tasks.filter { $0.state == .open }.map {
            DecisionCard($0, of: nil, for: reader, back: "/cases/\(file.label)")
        }
        page.tasks += tasks.reversed().map { CasePage.TaskLine($0) }
        let hosts = try await services.fleet.hosts()
        page.hosts = hosts.filter { file.hosts.contains($0.id) }.map { HostLine($0, now: reader.now) }
        page.evidence = try await services.fleet.evidence(EvidenceFilter(caseID: file.id)).map { evidence in
            EvidenceLine(
                evidence, host: hosts.first { $0.id == evidence.host }?.name, mayRead: reader.may(.responder))
        }
        page.alerts = try await alerts(file, hosts, for: reader)
        page.containing = CasePage.Containing.all(
            FileSubject.named(by: file), on: hosts.filter { file.hosts.contains($0.id) }, for: reader)
        page.searchEvents = Self.search(for: file)
        page.alertCount = "\(file.alerts.count)"
        let (entries, older) = try await timeline(of: file.id)
        let names = try await services.shownNames(of: file.id)
        page.timeline = entries.reversed().map { CasePage.Entry($0, names, now: reader.now) }
        if older > 0 { page.timelineCut = "\(older) older entries are in the report." }
        return answer(page)
    }

    /// Where the events are that any of the case's observables stand in.
    private static func search(for file: Case) -> String? {
        let words = file.observables.map(\.observable.value).filter { value in
            value.utf8.count <= 200 && !value.contains { "\"\\*?".contains($0) || $0.isNewline }
        }
        let query = words.prefix(10).map { "\"\($0)\"" }.joined(separator: " OR ")
        return query.isEmpty ? nil : QueryText.path("/search", [("query", query), ("within", "7d")])
    }

    /// The newest entries, and how many there are before them.
    private func timeline(of id: CaseID) async throws -> (newest: [TimelineEntry], older: Int) {
        var newest: [TimelineEntry] = []
        var older = 0
        while true {
            let page = try await services.cases.timeline(of: id, after: newest.last?.number ?? 0, limit: 1000)
            newest += page
            older += max(0, newest.count - CasePage.entries)
            newest.removeFirst(max(0, newest.count - CasePage.entries))
            if page.count < 1000 { return (newest, older) }
        }
    }

    private func alerts(
        _ file: Case, _ hosts: [HostRecord], for reader: Reader
    ) async throws -> [CasePage.AlertFold] {
        let records = try await services.intake.alerts(AlertFilter(caseID: file.id, limit: CasePage.alertsShown))
        let worst = records.max { $0.alert.severity < $1.alert.severity }?.alert.id
        return records.map { record in
            let known = record.alert.agent.flatMap { agent in hosts.first { $0.id == agent } }
            var fold = CasePage.AlertFold(
                record, host: known?.name ?? record.alert.agent.map { "\($0)" }, unfolded: record.alert.id == worst,
                now: reader.now)
            fold.contained = CasePage.Containing.all(
                FileSubject.named(by: record.alert), on: known.map { [$0] } ?? [], for: reader)
            return fold
        }
    }

    private func report(_ request: Request, _ scope: RequestScope) async throws -> Response {
        _ = try reader(request, scope)
        let file = try await file(scope)
        let text = try await services.cases.report(of: file.id, names: try await services.shownNames(of: file.id))
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8"]
        headers[.contentDisposition] = "inline; filename=\"\(file.label).md\""
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    // MARK: - Work

    private func note(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .analyst)
        let file = try await file(scope)
        guard let text = form.text("text") else { throw Problem.formField("text", "The note is empty.") }
        _ = try await services.cases.note(text, on: file.id, by: reader.principal)
        return back(to: file, "noted")
    }

    private func setStatus(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .analyst)
        let file = try await file(scope)
        guard let status = form["status"].flatMap({ CaseStatus(rawValue: $0) }) else {
            throw Problem.formField("status", "The form names no status that there is.")
        }
        if status != file.status { _ = try await services.cases.setStatus(status, of: file.id, by: reader.principal) }
        return back(to: file, "status")
    }

    private func take(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, _) = try await sender(request, scope, needs: .analyst)
        let file = try await file(scope)
        _ = try await services.cases.assign(file.id, to: reader.principal.name, by: reader.principal)
        return back(to: file, "assigned")
    }

    private func back(to file: Case, _ notice: String) -> Response {
        .redirect(to: LocalPath("/cases/\(file.label)").saying(notice), type: .normal)
    }
}
