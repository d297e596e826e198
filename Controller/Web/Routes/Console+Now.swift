internal import ControllerAPI
internal import ControllerCases
internal import ControllerFleet
internal import ControllerPlaybooks
internal import CordonModel
internal import CordonOrders
internal import Hummingbird

/// What waits for a person, and the answers.
extension Console {
    func addNow(to pages: RouterGroup<RequestScope>) {
        pages.get("/") { request, scope in try await showNow(request, scope) }
        pages.post("tasks/{id}/decision") { request, scope in try await decide(request, scope) }
    }

    private func showNow(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        let now = reader.now
        let tasks = try await waiting()
        var filter = CaseFilter.open
        filter.severity = .high
        let cases = try await services.cases.cases(filter).sorted {
            ($0.severity, $0.number) > ($1.severity, $1.number)
        }
        let hosts = try await services.fleet.hosts().filter { $0.revocation == nil }.sorted { $0.name < $1.name }
        let isolated = hosts.filter { $0.isolationEnd(now) != nil }
        let offline = hosts.filter { !$0.isOnline }
        var page = NowPage(
            frame: frame("Now", .now, reader, waiting: tasks.count, request),
            decisions: try await cards(tasks, reader), cases: cases.map { CaseRow($0, now: now) },
            isolated: isolated.prefix(Self.lines).map { HostLine($0, now: now) },
            offline: offline.prefix(Self.lines).map { HostLine(offline: $0, now: now) }
        )
        page.signing = try await signing(reader)
        page.isolatedCount = "\(isolated.count)"
        page.offlineCount = "\(offline.count)"
        return answer(page)
    }

    /// Orders that wait for signatures, those that end first before others.
    private func signing(_ reader: Reader) async throws -> [SignatureLine] {
        let orders = try await services.fleet.orders(OrderFilter(states: [.drafted], limit: Self.lines))
        var lines: [SignatureLine] = []
        for record in orders.sorted(by: { $0.order.expiresAt < $1.order.expiresAt }) {
            let host = try await services.fleet.host(record.order.agent)
            lines.append(
                SignatureLine(
                    orderID: "\(record.id)", what: record.order.action.sentence, hostID: "\(record.order.agent)",
                    hostName: host?.name ?? "\(record.order.agent)",
                    signers: record.approvedBy.isEmpty
                        ? "nobody has signed yet" : "signed by \(record.approvedBy.joined(separator: ", "))",
                    note: record.note, expires: Moment(record.order.expiresAt, now: reader.now)))
        }
        return lines
    }

    /// Hosts listed on this page; the list of hosts has all.
    private static let lines = 20

    /// Questions nobody has answered yet, the most urgent first.
    func waiting() async throws -> [ManualTask] {
        try await services.runs.tasks(TaskFilter(states: [.open])).sorted {
            ($0.dueAt ?? Timestamp(microseconds: .max), $0.id) < ($1.dueAt ?? Timestamp(microseconds: .max), $1.id)
        }
    }

    private func cards(_ tasks: [ManualTask], _ reader: Reader) async throws -> [DecisionCard] {
        var files: [CaseID: Case] = [:]
        for id in Set(tasks.compactMap(\.caseID)) { files[id] = try? await services.cases.file(id) }
        return tasks.map { DecisionCard($0, of: $0.caseID.flatMap { files[$0] }, for: reader, back: "/") }
    }

    private func decide(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .analyst)
        guard let id = scope.parameters.get("id").flatMap({ TaskID($0) }) else { throw Problem.noSuchPage }
        let decision: TaskDecision
        switch form["verdict"] {
        case "approve": decision = .approve
        case "deny": decision = .deny
        default: throw Problem.formField("verdict", "The form says neither approve nor deny.")
        }
        guard let reason = form.text("reason") else {
            throw Problem.formField(
                "reason", "A decision needs a reason: whoever reads the case later must understand it.")
        }
        try await services.engine.decide(id, decision, reason: reason, by: reader.principal)
        return .redirect(
            to: LocalPath(form["back"]).saying(decision == .approve ? "approved" : "denied"), type: .normal)
    }
}
