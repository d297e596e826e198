package import CordonModel
package import CordonOrders

/// An action asked of one host, before the fleet signs it.
package struct OrderRequest: Sendable, Hashable {
    /// Chosen by whoever asks, so that asking twice is one order.
    package var id: OrderID
    package var agent: AgentID
    package var action: Action
    /// Why, for people.
    package var reason: String
    package var caseID: CaseID?
    /// How long the order may wait for the host: 1 second to 30 days.
    package var lifetime: Duration

    package init(
        id: OrderID, agent: AgentID, action: Action, reason: String, caseID: CaseID? = nil,
        lifetime: Duration = .seconds(900)
    ) {
        self.id = id
        self.agent = agent
        self.action = action
        self.reason = reason
        self.caseID = caseID
        self.lifetime = lifetime
    }
}

/// An order and where it is on its way.
package struct OrderRecord: Sendable, Hashable {
    package var order: Order
    package var state: OrderState
    /// When the state last changed.
    package var changedAt: Timestamp
    /// How often it was handed to a stream.
    package var attempts: Int
    /// What the host answered; `nil` until it did.
    package var result: OrderResult?
    /// One sentence for people on what is going on, as `The host is offline since …`; empty when the state says it all.
    package var note: String
    /// The later order that undid it.
    package var revertedBy: OrderID?
    /// A serialised `SignedOrder`: what every delivery sends, byte for byte. Approvals are added as they come.
    package var signed: [UInt8]

    package init(
        order: Order, state: OrderState, changedAt: Timestamp, attempts: Int = 0, result: OrderResult? = nil,
        note: String = "", revertedBy: OrderID? = nil, signed: [UInt8]
    ) {
        self.order = order
        self.state = state
        self.changedAt = changedAt
        self.attempts = attempts
        self.result = result
        self.note = note
        self.revertedBy = revertedBy
        self.signed = signed
    }

    package var id: OrderID { order.id }
}

/// Which orders are meant. What is `nil` or empty does not narrow.
package struct OrderFilter: Sendable, Hashable {
    package var agent: AgentID?
    package var caseID: CaseID?
    package var states: Set<OrderState>
    package var kinds: Set<ActionKind>
    /// Only orders made before this one: the last of the page before.
    package var before: OrderID?
    /// At most so many, newest first: 1 to 1000.
    package var limit: Int

    package init(
        agent: AgentID? = nil, caseID: CaseID? = nil, states: Set<OrderState> = [], kinds: Set<ActionKind> = [],
        before: OrderID? = nil, limit: Int = 100
    ) {
        self.agent = agent
        self.caseID = caseID
        self.states = states
        self.kinds = kinds
        self.before = before
        self.limit = limit
    }
}
