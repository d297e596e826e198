package import CordonModel
package import CordonOrders

/// An order that a run asks for. Asked again after a crash with the same identifier: whoever performs it must not do
/// it twice.
package struct OrderEffect: Sendable, Hashable {
    package var id: OrderID
    package var agent: AgentID
    package var action: Action
    package var caseID: CaseID?
    package var run: RunID
    /// `playbook:RUN`.
    package var requestedBy: String
    /// Why, for people.
    package var reason: String
}

/// An HTTP call that a run asks for.
package struct HTTPEffect: Sendable, Hashable {
    /// Sent as the `Idempotency-Key` header: the call is repeated with the same key after a crash.
    package var id: EffectID
    /// `GET`, `POST`, …
    package var method: String
    /// Absolute, `http` or `https`; which addresses it may reach is the performer's to check.
    package var url: String
    package var headers: [Header]
    package var body: [UInt8]
    /// Whole seconds, 1 to 300.
    package var timeoutSeconds: Int
    package var run: RunID

    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String
    }
}

/// What an HTTP server answered.
package struct HTTPReply: Sendable, Hashable, Codable {
    package var status: Int
    /// At most 64 KiB are kept.
    package var body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// What an order has come to.
package struct OrderProgress: Sendable, Hashable {
    package var state: OrderState
    package var result: OrderResult?

    package init(state: OrderState, result: OrderResult?) {
        self.state = state
        self.result = result
    }
}

/// Carries out what runs ask for. Every call may come again with the same identifier after a crash.
package protocol EffectPerformer: Sendable {
    /// Files the order, once for one identifier. Its end is told by `PlaybookEngine.orderFinished`.
    /// - Throws: when it cannot be filed (host unknown, revoked); the step then fails with that reason.
    func submit(_ order: OrderEffect) async throws
    /// What the order has come to; `nil` when it was never filed.
    func progress(of order: OrderID) async throws -> OrderProgress?
    /// Withdraws an order that no agent has yet; any other stays as it is.
    /// - Parameter reason: One sentence for people.
    /// - Returns: Where the order is now; `nil` when it was never filed.
    func withdraw(_ order: OrderID, because reason: String, by actor: String) async throws -> OrderState?
    /// Calls the address and returns whatever status it answers.
    /// - Throws: when there is no answer, or the address may not be called; the step then fails with that reason.
    func call(_ call: HTTPEffect) async throws -> HTTPReply
}

/// Finds the agent that a playbook's target means.
package protocol HostResolving: Sendable {
    /// The agent with that identifier, host name or address; exactly one.
    /// - Throws: when there is none or more than one; the step then fails with that reason.
    func agent(for host: HostReference) async throws -> AgentID
}

/// How a target names its host: all that it says.
package struct HostReference: Sendable, Hashable {
    /// The target's `name`, variables filled in: an agent's identifier or a host name.
    package var name: String
    /// `address.dname`, `address.ipv4` and `address.ipv6`, variables filled in: identifiers, names or addresses, best
    /// first.
    package var addresses: [String]
    /// The device that the command itself names; when it is there, it must be the same host.
    package var alsoNamed: String?

    package init(name: String, addresses: [String], alsoNamed: String? = nil) {
        self.name = name
        self.addresses = addresses
        self.alsoNamed = alsoNamed
    }
}

extension Subject {
    /// Subject of `EffectID`; never made.
    package enum Effect {}
}

/// One thing that a run asks of the world.
package typealias EffectID = Identifier<Subject.Effect>
