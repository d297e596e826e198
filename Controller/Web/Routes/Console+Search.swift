internal import ControllerAPI
internal import ControllerFleet
internal import ControllerIntake
internal import CordonModel
internal import Hummingbird

/// The search over events.
extension Console {
    func addSearch(to pages: RouterGroup<RequestScope>) {
        pages.get("search") { request, scope in try await showSearch(request, scope) }
    }

    private func showSearch(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        let frame = frame("Search", .search, reader, waiting: try await waiting().count, request)
        let fields = try FormBody(query: request)
        var page = SearchPage(frame: frame, form: SearchPage.Form(fields))
        do {
            let hosts = try await services.fleet.hosts()
            let search = try EventSearch(fields, hosts, now: reader.now)
            page.warnings = search.query.warnings
            let found = try await services.intake.search(search)
            page.show(found, fields, hosts, now: reader.now)
        } catch let error as EventQueryError {
            page.refusal = "\(error.message) \(error.remedy)"
            return answer(page, status: .unprocessableContent)
        } catch let problem as Problem {
            page.refusal = "\(problem.detail) \(problem.remedy)"
            return answer(page, status: .unprocessableContent)
        }
        return answer(page)
    }
}

/// How far back a search looks, by the word in the address; none means all that is kept.
private enum Within: String, CaseIterable {
    case hour = "1h"
    case day = "24h"
    case week = "7d"
    case month = "30d"
    case all

    var span: Duration? {
        switch self {
        case .hour: .seconds(3600)
        case .day: .seconds(86_400)
        case .week: .seconds(7 * 86_400)
        case .month: .seconds(30 * 86_400)
        case .all: nil
        }
    }

    var word: String {
        switch self {
        case .hour: "the last hour"
        case .day: "the last 24 hours"
        case .week: "the last 7 days"
        case .month: "the last 30 days"
        case .all: "all that is kept"
        }
    }

    init(_ fields: FormBody) { self = fields["within"].flatMap { Within(rawValue: $0) } ?? .day }
}

extension SearchPage.Form {
    init(_ fields: FormBody) {
        let within = Within(fields)
        self.init(
            query: fields.text("query") ?? "",
            spans: Within.allCases.map { Choice(key: $0.rawValue, word: $0.word, chosen: $0 == within) },
            from: fields.text("from") ?? "", to: fields.text("to") ?? "", onHost: fields.text("host") ?? "")
    }
}

extension SearchPage {
    /// Events on one page.
    fileprivate static let most = 100

    fileprivate mutating func show(_ found: EventPage, _ fields: FormBody, _ hosts: [HostRecord], now: Timestamp) {
        let names = hosts.reduce(into: [AgentID: String]()) { $0[$1.id] = $1.name }
        events = found.events.map { EventRow($0, host: names[$0.agent] ?? "\($0.agent)", now: now) }
        tally = events.isEmpty ? "No event fits." : "\(events.count == 1 ? "1 event" : "\(events.count) events")."
        if !found.isComplete {
            tally += " The time for one look was over before all was looked at: go on with older ones."
        }
        older = found.next.map { next in
            let kept = ["query", "within", "from", "to", "host"].map { ($0, fields.text($0)) }
            return QueryText.path("/search", kept + [("cursor", "\(next)")])
        }
    }
}

extension SearchPage.EventRow {
    fileprivate init(_ stored: StoredEvent, host: String, now: Timestamp) {
        let event = stored.event
        self.init(
            at: Moment(event.timestamp, now: now), hostID: "\(stored.agent)", hostName: host,
            program: event.text(.processName) ?? "", account: event.text(.userName) ?? "",
            source: event.text(.sourceIP) ?? "", line: event.original)
    }
}

extension EventSearch {
    fileprivate init(_ fields: FormBody, _ hosts: [HostRecord], now: Timestamp) throws {
        func instant(_ name: String) throws -> Timestamp? {
            guard let text = fields.text(name) else { return nil }
            guard let instant = Timestamp(rfc3339: text) else {
                throw Problem.formField(name, "A time is written as 2026-11-21T06:00:00Z.")
            }
            return instant
        }
        var cursor: EventCursor?
        if let text = fields.text("cursor") {
            cursor = EventCursor(text)
            guard cursor != nil else { throw Problem.badForm }
        }
        let (from, to) = (try instant("from"), try instant("to"))
        // A time that was typed is meant; the span is what stands there otherwise.
        let start = from ?? (to == nil ? Within(fields).span.map { now - $0 } : nil)
        self.init(
            query: try EventQuery(fields.text("query") ?? ""),
            host: try fields.text("host").map { try hosts.named($0).id }, from: start, to: to, cursor: cursor,
            limit: SearchPage.most)
    }
}

extension [HostRecord] {
    /// The host of that identifier, or of that name if only one has it.
    func named(_ word: String) throws(Problem) -> HostRecord {
        if let id = AgentID(word), let host = first(where: { $0.id == id }) { return host }
        let found = filter { $0.name.lowercased() == word.lowercased() && $0.revocation == nil }
        guard let host = found.first, found.count == 1 else {
            throw .formField(
                "host",
                found.isEmpty ? "No host has this name." : "\(found.count) hosts have this name: use the identifier.")
        }
        return host
    }
}
