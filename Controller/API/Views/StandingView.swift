internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// Standing orders as the API shows them.
enum StandingView {
    private static let kinds = StandingOrder.subjects.keys.map(\.rawValue).sorted()

    static let schema = Schema.named(
        "StandingOrder",
        .object([
            .required("id", .identifier), .required("host", .identifier), .required("rule", .string),
            .required("action", .choice(kinds)), .required("subject", .choice(of: StandingSubject.self)),
            .required("duration_s", .count), .required("expires_at", .instant), .required("requested_by", .string),
            .required("reason", .string), .required("created_at", .instant),
            .required("withdrawn_at", .nullable(.instant)),
            .required(
                "is_known", .flag, "Whether the host said that it goes by it; if withdrawn, that it no longer does."),
            .required(
                "reach", .choice(of: StandingReach.self),
                "`confirmed`: as `is_known`. `still_held`: withdrawn, and the host goes by it still. `unsaid`: it may be in force. `unsent`: the host was not here since."
            ),
        ])
    )

    static let request = Schema.object([
        .required("host", .identifier), .required("rule", .sentence(200), "The rule's identifier."),
        .required("action", .choice(kinds)),
        .required("subject", .choice(of: StandingSubject.self), "Which field of the event it is done to."),
        .required("duration_s", .integer(1...Parameter.longestDuration), "How long what is done lasts."),
        .optional("expires_in_s", .integer(60...7_776_000), "How long it holds; 30 days unless given."),
        .required("reason", .sentence(1000)),
    ])

    static func json(_ record: StandingRecord, _ fleet: Fleet) -> JSONValue {
        let order = record.order
        return [
            "id": .text("\(order.id)"), "host": .text("\(record.agent)"), "rule": .text(order.rule),
            "action": .text(order.kind.rawValue), "subject": .text(order.subject.rawValue),
            "duration_s": .integer(order.duration.wholeSeconds), "expires_at": .text("\(order.expiresAt)"),
            "requested_by": .text(order.requestedBy), "reason": .text(order.reason),
            "created_at": .text("\(record.createdAt)"), "withdrawn_at": .describing(record.withdrawnAt),
            "is_known": .flag(fleet.reach(of: record) == .confirmed),
            "reach": .text(fleet.reach(of: record).rawValue),
        ]
    }
}
