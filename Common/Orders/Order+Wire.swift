internal import CordonModel
package import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

extension Cordon_V1_Order {
    /// The order as it is signed.
    package init(_ order: Order) {
        self.init()
        orderID = order.id.data
        fleet = order.fleet
        agentID = order.agent.data
        issuedAtUs = order.issuedAt.microseconds
        expiresAtUs = order.expiresAt.microseconds
        if let caseID = order.caseID { self.caseID = caseID.data }
        requestedBy = order.requestedBy
        reason = order.reason
        action.kind = order.action.kind.rawValue
        action.parameters = order.action.parameters.mapValues {
            Cordon_V1_Value($0, text: Action.longestOrder(order.action.kind))
        }
    }

    /// The order as the model knows it. Everything is checked: an action that is missing, unknown or out of bounds throws.
    package func model() throws(WireError) -> Order {
        guard let id = OrderID(bytes: orderID) else { throw WireError("order_id is not 16 bytes") }
        guard let agent = AgentID(bytes: agentID) else { throw WireError("agent_id is not 16 bytes") }
        guard fleet.utf8.count <= 253, !fleet.isEmpty else { throw WireError("fleet is empty or too long") }
        guard requestedBy.utf8.count <= WireLimits.text, reason.utf8.count <= WireLimits.text else {
            throw WireError("requested_by or reason is too long")
        }
        guard caseID.isEmpty || caseID.count == 16 else { throw WireError("case_id is not 16 bytes") }
        return Order(
            id: id, fleet: fleet, agent: agent, action: try modelAction(),
            issuedAt: Timestamp(microseconds: issuedAtUs), expiresAt: Timestamp(microseconds: expiresAtUs),
            caseID: CaseID(bytes: caseID), requestedBy: requestedBy, reason: reason
        )
    }

    private func modelAction() throws(WireError) -> Action {
        guard hasAction else { throw WireError("the order has no action") }
        var parameters: [String: FieldValue] = [:]
        for (name, message) in action.parameters {
            guard let value = message.model(text: AddressList.longestText) else {
                throw WireError("the parameter \(name.prefix(40)) has a value of an unknown kind")
            }
            parameters[name] = value
        }
        do { return try Action(kind: action.kind, parameters: parameters) } catch {
            throw WireError(error.message.hasSuffix(".") ? String(error.message.dropLast()) : error.message)
        }
    }
}
