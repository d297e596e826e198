internal import ControllerIntake
internal import CordonModel
internal import CordonScan
internal import HTTPTypes

extension API {
    /// What rules raised.
    static var alertRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/alerts", name: "listAlerts", tag: "alerts",
                summary: "Alerts, the last reported first.", admission: .role(.viewer),
                query: .page(
                    .init("host", .identifier, "Only of this host."),
                    .init("severity", .choice(of: Severity.self), "At least this."),
                    .init("case", .identifier, "Only of this case."),
                    .init("since", .instant, "Last reported at or after.")
                ),
                answer: .json(.page("Alert", AlertView.schema)), handle: listAlerts
            ),
            Route(
                method: .get, path: "\(root)/alerts/{id}", name: "getAlert", tag: "alerts",
                summary: "One alert with its evidence.", admission: .role(.viewer), parameters: .identifier,
                answer: .json(AlertView.detail), problems: [.notFound]
            ) { call in
                let id: AlertID = try call.identifier()
                guard let alert = try await call.services.intake.alert(id) else {
                    throw Problem.notFound("alert", "\(id)")
                }
                return .json(AlertView.detail(alert))
            },
        ]
    }

    @Sendable private static func listAlerts(_ call: Call) async throws -> Reply {
        let before = call.query["cursor"]?.text.map { Timestamp(rfc3339: $0) }
        if case .some(nil) = before {
            throw Problem.invalid([.init(pointer: "?cursor", message: "is not a cursor that a page gave")])
        }
        let filter = AlertFilter(
            host: call.identifier(query: "host"), severity: call.choice(query: "severity"),
            since: call.query["since"]?.text.flatMap { Timestamp(rfc3339: $0) }, before: before ?? nil,
            caseID: call.identifier(query: "case"), limit: call.limit
        )
        let alerts = try await call.services.intake.alerts(filter)
        let last = alerts.count == call.limit ? alerts.last?.updatedAt.rfc3339(fractionDigits: 6) : nil
        return .page(alerts.map(AlertView.json), next: last)
    }
}
