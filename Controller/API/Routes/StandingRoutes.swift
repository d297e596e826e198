internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import HTTPTypes

extension API {
    /// What hosts may do by themselves while the controller cannot be reached.
    static var standingRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/standing-orders", name: "listStandingOrders", tag: "orders",
                summary: "Standing orders, newest first, withdrawn and expired ones too.", admission: .role(.viewer),
                query: [.init("host", .identifier, "Only of this host.")],
                answer: .json(.page("StandingOrder", StandingView.schema))
            ) { call in
                let fleet = call.services.fleet
                let records = fleet.standingOrders(of: call.identifier(query: "host")).prefix(1000)
                return .page(records.map { StandingView.json($0, fleet) }, next: StandingID?.none)
            },
            Route(
                method: .post, path: "\(root)/standing-orders", name: "createStandingOrder", tag: "orders",
                summary: "Lets a host contain by itself when a rule fires while the controller cannot be reached.",
                admission: .role(.responder), body: .json(StandingView.request), status: .created,
                answer: .json(StandingView.schema), problems: [.notFound, .conflict, .unprocessableContent],
                handle: makeStanding
            ),
            Route(
                method: .post, path: "\(root)/standing-orders/{id}/withdraw", name: "withdrawStandingOrder",
                tag: "orders", summary: "Takes a standing order back; a host that is away goes by it until it comes.",
                admission: .role(.responder), parameters: .identifier, answer: .json(StandingView.schema),
                problems: [.notFound]
            ) { call in
                let fleet = call.services.fleet
                let record = try await fleet.withdrawStanding(call.identifier(), by: call.principal())
                return .json(StandingView.json(record, fleet))
            },
        ]
    }

    @Sendable private static func makeStanding(_ call: Call) async throws -> Reply {
        guard let agent = call.body["host"]?.text.flatMap({ AgentID($0) }),
            let kind: ActionKind = call.choice("action"),
            let subject: StandingSubject = call.choice("subject")
        else { throw Problem.invalid([.init(pointer: "/host", message: "is not an identifier")]) }
        let (fleet, principal) = (call.services.fleet, try call.principal())
        let order = StandingOrder(
            id: call.services.surroundings.identifier(), rule: call.text("rule"), kind: kind, subject: subject,
            duration: call.seconds("duration_s") ?? .seconds(3600),
            expiresAt: call.services.surroundings.now() + (call.seconds("expires_in_s") ?? .seconds(30 * 86_400)),
            requestedBy: principal.name, reason: call.text("reason"))
        return .json(StandingView.json(try await fleet.makeStanding(order, for: agent, by: principal), fleet))
    }
}
