package import CordonModel

/// One action asked of one agent, as the controller signs it and the enforcer verifies it.
package struct Order: Sendable, Hashable {
    package var id: OrderID
    /// The fleet's name, as in `spiffe://FLEET/agent/UUID`.
    package var fleet: String
    /// The only agent that may carry it out.
    package var agent: AgentID
    package var action: Action
    package var issuedAt: Timestamp
    /// Not carried out afterwards; refused as expired.
    package var expiresAt: Timestamp
    package var caseID: CaseID?
    /// Who asked: a user's name or `playbook:RUN`.
    package var requestedBy: String
    /// Why, for people.
    package var reason: String

    package init(
        id: OrderID, fleet: String, agent: AgentID, action: Action, issuedAt: Timestamp, expiresAt: Timestamp,
        caseID: CaseID? = nil, requestedBy: String, reason: String
    ) {
        self.id = id
        self.fleet = fleet
        self.agent = agent
        self.action = action
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.caseID = caseID
        self.requestedBy = requestedBy
        self.reason = reason
    }
}
