internal import ControllerCases
internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import CordonTrust
internal import HTTPTypes
internal import Hummingbird

extension API {
    /// What hosts are ordered to do.
    static var orderRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/orders", name: "listOrders", tag: "orders",
                summary: "Orders, newest first.",
                admission: .role(.viewer),
                query: .page(
                    .init("host", .identifier, "Only of this host."), .init("case", .identifier, "Only of this case."),
                    .init(
                        "state", .choice(["open"] + OrderState.allCases.map(\.rawValue)),
                        "Only in this state; `open` for all that are not final."),
                    .init("kind", .choice(of: ActionKind.self), "Only of this kind.")
                ),
                answer: .json(.page("Order", OrderView.schema)), handle: listOrders
            ),
            Route(
                method: .post, path: "\(root)/orders", name: "submitOrder", tag: "orders",
                summary:
                    "Orders an action of a host. The same Idempotency-Key is the same order. Answers once it is durable.",
                admission: .role(.responder),
                body: .json(
                    .object([
                        .required("host", .identifier), .required("action", ActionView.schema),
                        .required("reason", .sentence(1000)), .optional("case", .text(.plain, length: 1...40)),
                        .optional(
                            "lifetime_s", .integer(1...2_592_000),
                            "How long it may wait for the host; 900 unless given."),
                    ])
                ),
                status: .created, answer: .json(OrderView.schema),
                problems: [.notFound, .conflict, .unprocessableContent],
                handle: submit
            ),
            Route(
                method: .get, path: "\(root)/orders/{id}", name: "getOrder", tag: "orders",
                summary: "One order with its result and proof.", admission: .role(.viewer), parameters: .identifier,
                answer: .json(OrderView.schema), problems: [.notFound]
            ) { call in
                let id: OrderID = try call.identifier()
                guard let order = try await call.services.fleet.order(id) else { throw FleetError.unknownOrder(id) }
                return .json(OrderView.json(order))
            },
            Route(
                method: .post, path: "\(root)/orders/{id}/undo", name: "undoOrder", tag: "orders",
                summary: "Orders what undoes that order: release, unblock, thaw, restore. Answers with the new order.",
                admission: .role(.responder), parameters: .identifier,
                body: .json(.object([.required("reason", .sentence(1000))])), status: .created,
                answer: .json(OrderView.schema), problems: [.notFound, .conflict, .unprocessableContent], handle: undo
            ),
            Route(
                method: .post, path: "\(root)/orders/{id}/withdraw", name: "withdrawOrder", tag: "orders",
                summary:
                    "Says no to an order that no host carries out yet, as one that waits for people's signatures: it is not sent again. One that its host was asked about (`attempts`) stays signed until it expires.",
                admission: .role(.responder), parameters: .identifier,
                body: .json(.object([.required("reason", .sentence(500))])), answer: .json(OrderView.schema),
                problems: [.notFound, .conflict, .unprocessableContent]
            ) { call in
                let order = try await call.services.fleet.reject(
                    call.identifier(), because: call.text("reason"), by: call.principal())
                return .json(OrderView.json(order))
            },
        ]
    }

    /// What people sign, and their signatures.
    static var approvalRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/orders/{id}/approvals", name: "getOrderApprovals", tag: "orders",
                summary: "What people sign to approve an order, whose keys hosts believe, and who has signed.",
                admission: .role(.viewer), parameters: .identifier, answer: .json(ApprovalView.schema),
                problems: [.notFound]
            ) { call in
                let id: OrderID = try call.identifier()
                guard let order = try await call.services.fleet.order(id) else { throw FleetError.unknownOrder(id) }
                return .json(ApprovalView.json(order, call.services.fleet.approvers))
            },
            Route(
                method: .post, path: "\(root)/orders/{id}/approvals", name: "approveOrder", tag: "orders",
                summary: "Adds a person's signature to an order that waits for it, and sends the order on.",
                admission: .role(.responder), parameters: .identifier,
                body: .json(
                    .object([
                        .required("key", .text(.plain, length: 32...32), "The key's name, hex."),
                        .required(
                            "signature", .text(.plain, length: 16...160), "Hex: Ed25519; of a passkey, ES256 in DER."),
                        .optional(
                            "assertion",
                            .object([
                                .required("credential", .text(.plain, length: 22...340)),
                                .required("authenticator_data", .text(.plain, length: 1...1366)),
                                .required("client_data", .text(.plain, length: 1...2731)),
                            ]), "Of a passkey only: what came with its signature, in base 64 for URLs."),
                    ])
                ),
                status: .created, answer: .json(OrderView.schema),
                problems: [.notFound, .conflict, .unprocessableContent], handle: approve
            ),
        ]
    }

    @Sendable private static func approve(_ call: Call) async throws -> Reply {
        let id: OrderID = try call.identifier()
        guard let key = HexDigit.bytes(call.text("key")) else {
            throw Problem.invalid([.init(pointer: "/key", message: "is not hexadecimal")])
        }
        guard let signature = HexDigit.bytes(call.text("signature")) else {
            throw Problem.invalid([.init(pointer: "/signature", message: "is not hexadecimal")])
        }
        let approval = Approval(keyID: key, signature: signature, assertion: try call.body["assertion"].map(assertion))
        return .json(
            OrderView.json(try await call.services.fleet.approve(id, with: approval, by: call.principal())))
    }

    private static func assertion(_ body: JSONValue) throws(Problem) -> Assertion {
        func bytes(_ name: String) throws(Problem) -> [UInt8] {
            guard let bytes = Base64URL.bytes(body[name]?.text ?? "") else {
                throw .invalid([.init(pointer: "/assertion/\(name)", message: "is not base 64 for URLs")])
            }
            return bytes
        }
        return Assertion(
            credentialID: try bytes("credential"), authenticatorData: try bytes("authenticator_data"),
            clientData: try bytes("client_data"))
    }

    @Sendable private static func undo(_ call: Call) async throws -> Reply {
        let id: OrderID = try call.identifier()
        let undo = try await call.services.fleet.undo(
            of: id, as: try call.idempotencyKey() ?? call.services.surroundings.identifier(),
            reason: call.text("reason"), by: call.principal())
        return .json(OrderView.json(undo))
    }

    @Sendable private static func listOrders(_ call: Call) async throws -> Reply {
        let states: Set<OrderState> =
            switch call.query["state"]?.text {
            case "open": Set(OrderState.allCases.filter { !$0.isFinal })
            case let state?: Set([OrderState(rawValue: state)].compactMap(\.self))
            case nil: []
            }
        let kinds: Set<ActionKind> = Set([call.choice(query: "kind")].compactMap(\.self))
        let filter = OrderFilter(
            agent: call.identifier(query: "host"), caseID: call.identifier(query: "case"), states: states, kinds: kinds,
            before: try call.cursor(), limit: call.limit
        )
        let orders = try await call.services.fleet.orders(filter)
        return .page(orders.map(OrderView.json), next: orders.count == call.limit ? orders.last?.id : nil)
    }

    @Sendable private static func submit(_ call: Call) async throws -> Reply {
        guard let agent = call.body["host"]?.text.flatMap({ AgentID($0) }) else {
            throw Problem.invalid([.init(pointer: "/host", message: "is not an identifier")])
        }
        let action = try ActionView.checked(call.body["action"] ?? [:])
        var caseID: CaseID?
        if let name = call.body["case"]?.text { caseID = try await call.services.cases.file(named: name).id }
        let request = OrderRequest(
            id: try call.idempotencyKey() ?? call.services.surroundings.identifier(), agent: agent, action: action,
            reason: call.text("reason"), caseID: caseID, lifetime: call.seconds("lifetime_s") ?? .seconds(900)
        )
        return .json(OrderView.json(try await call.services.fleet.submit(request, by: call.principal())))
    }
}

extension Call {
    /// The identifier that the caller chose for what the request makes; `nil` when it chose none.
    ///
    /// A UUID of version 7 of about now, since it becomes the identifier: lists are sorted by it.
    func idempotencyKey<Subject>() throws(Problem) -> Identifier<Subject>? {
        guard let text = HTTPField.Name("Idempotency-Key").flatMap({ request.headers[$0] }) else { return nil }
        let unquoted =
            text.hasPrefix("\"") && text.hasSuffix("\"") && text.utf8.count > 2
            ? String(text.dropFirst().dropLast()) : text
        let now = services.surroundings.now().milliseconds
        guard let key = Identifier<Subject>(unquoted), key.uuid.high >> 12 & 0xF == 7,
            abs(Int64(key.uuid.high >> 16) - now) < 86_400_000
        else {
            throw .invalid([
                Problem.Fault(pointer: "Idempotency-Key", message: "is not a UUID of version 7 made in the last day")
            ])
        }
        return key
    }
}
