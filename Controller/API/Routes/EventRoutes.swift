internal import ControllerIntake
internal import CordonModel
internal import CordonScan
internal import HTTPTypes

extension API {
    /// What hosts logged.
    static var eventRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/events", name: "searchEvents", tag: "events",
                summary: "Events of all hosts that a query means, in the order in which they were received.",
                admission: .role(.viewer),
                query: .page(
                    .init(
                        "query", .text(.plain, length: 0...EventQuery.Limits.bytes),
                        "As `user.name:root AND source.ip:203.0.113.0/24`; every event unless given."),
                    .init("host", .identifier, "Only of this host."),
                    .init("from", .instant, "Happened at or after."),
                    .init("to", .instant, "Happened before."),
                    .init("order", .choice(of: EventSearch.Order.self), "`newest` unless given.")
                ),
                answer: .json(StoredEventView.page), problems: [.unprocessableContent], handle: searchEvents
            )
        ]
    }

    @Sendable private static func searchEvents(_ call: Call) async throws -> Reply {
        let cursor = call.query["cursor"]?.text.map { EventCursor($0) }
        if case .some(nil) = cursor {
            throw Problem.invalid([.init(pointer: "?cursor", message: "is not a cursor that a page gave")])
        }
        func instant(_ name: String) -> Timestamp? { call.query[name]?.text.flatMap { Timestamp(rfc3339: $0) } }
        let query = try EventQuery(call.query["query"]?.text ?? "")
        let page = try await call.services.intake.search(
            EventSearch(
                query: query, host: call.identifier(query: "host"),
                from: instant("from"), to: instant("to"), order: call.choice(query: "order") ?? .newest,
                cursor: cursor ?? nil, limit: call.limit))
        return .json([
            "items": .array(page.events.map(StoredEventView.json)), "next": .describing(page.next),
            "complete": .flag(page.isComplete), "warnings": .array(query.warnings.map { .text($0) }),
        ])
    }
}

/// Events as a search shows them.
enum StoredEventView {
    static let schema = Schema.named(
        "StoredEvent",
        .object([
            .required("host", .identifier, "The host that shipped it."),
            .required("received_at", .instant, "By the controller's clock."),
            .required("event", EventView.schema),
        ])
    )

    static let page = Schema.named(
        "StoredEventPage",
        .object([
            .required("items", .list(schema, most: 1000)),
            .required(
                "next", .nullable(.string),
                "The `cursor` of what follows. In order `oldest` it is where to look again for what comes later."),
            .required(
                "complete", .flag,
                "False when the time for one look was over before the page was full: go on with `next`."),
            .required(
                "warnings", .list(.string, most: EventQuery.Limits.terms),
                "A sentence for each field of the query that is none of the documented ones, with the name nearest to it."
            ),
        ])
    )

    static func json(_ stored: StoredEvent) -> JSONValue {
        [
            "host": .describing(stored.agent), "received_at": .text("\(stored.receivedAt)"),
            "event": EventView.json(stored.event),
        ]
    }
}
