internal import ControllerCases
internal import ControllerFleet
internal import CordonModel
internal import CordonScan
internal import HTTPTypes
internal import Hummingbird

extension API {
    /// The path parameter of cases.
    static let caseParameter = [
        Route.Parameter("case", .text(.plain, length: 1...40), "The identifier, the label (C-12) or the number (12).")
    ]

    /// Cases, to look at.
    static var caseRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/cases", name: "listCases", tag: "cases",
                summary: "Cases, the newest first.",
                admission: .role(.viewer),
                query: .page(
                    .init(
                        "status", .choice(["open"] + CaseStatus.allCases.map(\.rawValue)),
                        "Only of this status; `open` for all that are not done."),
                    .init("severity", .choice(of: Severity.self), "At least this."),
                    .init("assignee", .text(.plain, length: 1...200), "Only of this person."),
                    .init("host", .identifier, "Only with this host.")
                ),
                answer: .json(.page("CaseSummary", CaseView.summary)), handle: listCases
            ),
            Route(
                method: .get, path: "\(root)/cases/{case}", name: "getCase", tag: "cases", summary: "One case.",
                admission: .role(.viewer), parameters: caseParameter, answer: .json(CaseView.schema),
                problems: [.notFound]
            ) { call in .json(CaseView.json(try await call.file())) },
            Route(
                method: .get, path: "\(root)/cases/{case}/timeline", name: "getTimeline", tag: "cases",
                summary: "What happened in a case, oldest first.", admission: .role(.viewer), parameters: caseParameter,
                query: .page(), answer: .json(.page("TimelineEntry", CaseView.entry)), problems: [.notFound],
                handle: timeline
            ),
            Route(
                method: .get, path: "\(root)/cases/{case}/report.md", name: "getReport", tag: "cases",
                summary: "The case as a Markdown report.", admission: .role(.viewer), parameters: caseParameter,
                answer: .media("text/markdown; charset=utf-8"), problems: [.notFound], handle: report
            ),
        ]
    }

    @Sendable private static func listCases(_ call: Call) async throws -> Reply {
        let statuses: [CaseStatus] =
            switch call.query["status"]?.text {
            case "open": CaseFilter.open.statuses
            case let status?: [CaseStatus(rawValue: status)].compactMap(\.self)
            case nil: []
            }
        let filter = CaseFilter(
            statuses: statuses, severity: call.choice(query: "severity"), assignee: call.query["assignee"]?.text,
            host: call.identifier(query: "host"), before: try call.number(), limit: call.limit
        )
        let cases = try await call.services.cases.cases(filter)
        return .page(cases.map(CaseView.json), next: cases.count == call.limit ? cases.last?.number : nil)
    }

    @Sendable private static func timeline(_ call: Call) async throws -> Reply {
        let file = try await call.file()
        let entries = try await call.services.cases.timeline(
            of: file.id, after: try call.number() ?? 0, limit: call.limit)
        return .page(entries.map(CaseView.json), next: entries.count == call.limit ? entries.last?.number : nil)
    }

    @Sendable private static func report(_ call: Call) async throws -> Reply {
        let file = try await call.file()
        let text = try await call.services.cases.report(
            of: file.id, names: try await call.services.shownNames(of: file.id))
        return .content(
            ResponseBody(byteBuffer: ByteBuffer(string: text)), mediaType: "text/markdown; charset=utf-8", headers: [:]
        )
    }
}

extension Call {
    /// The case in the path.
    func file() async throws -> Case { try await services.cases.file(named: parameters["case"] ?? "") }

    /// The cursor as a number; `nil` for the first page.
    func number() throws(Problem) -> Int? {
        guard let cursor = query["cursor"]?.text else { return nil }
        guard let number = Int(cursor), number >= 0 else {
            throw .invalid([Problem.Fault(pointer: "?cursor", message: "is not a cursor that a page gave")])
        }
        return number
    }
}
