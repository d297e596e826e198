package import CordonModel
package import CordonTrust
package import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// All standing orders of one host, signed as one: what is not in the newest set is withdrawn.
package struct StandingOrderSet: Sendable, Hashable {
    package var version: UInt64
    package var fleet: String
    package var agent: AgentID
    package var orders: [StandingOrder]

    /// Bytes that a set may have.
    package static let limit = 65_536

    package init(version: UInt64, fleet: String, agent: AgentID, orders: [StandingOrder]) {
        self.version = version
        self.fleet = fleet
        self.agent = agent
        self.orders = orders
    }

    /// Signed with an order key.
    package func signed(with key: SigningKey) throws -> Cordon_V1_SignedStandingOrders {
        var set = Cordon_V1_StandingOrderSet()
        set.version = version
        set.fleet = fleet
        set.agentID = agent.data
        set.orders = orders.map { Cordon_V1_StandingOrder($0) }
        let bytes: [UInt8] = try set.serializedBytes()
        var signed = Cordon_V1_SignedStandingOrders()
        signed.set = Data(bytes)
        signed.keyID = Data(key.verifyingKey.id)
        signed.signature = Data(try key.signature(for: bytes, in: .standingOrders))
        return signed
    }

    /// Reads a set that one of the keys signed.
    /// - Throws: `WireError` for one that none of them signed, or that says what no host would keep.
    package init(_ signed: Cordon_V1_SignedStandingOrders, signedByOneOf keys: [VerifyingKey]) throws(WireError) {
        let bytes = [UInt8](signed.set)
        guard bytes.count <= Self.limit else { throw WireError("the set of standing orders is too long") }
        let isSigned = keys.contains {
            $0.id == [UInt8](signed.keyID) && $0.isValid([UInt8](signed.signature), for: bytes, in: .standingOrders)
        }
        guard isSigned else { throw WireError("no order key of this fleet signed the standing orders") }
        guard let set = try? Cordon_V1_StandingOrderSet(serializedBytes: bytes),
            let agent = AgentID(bytes: set.agentID),
            set.orders.count <= StandingOrder.most, set.version > 0
        else { throw WireError("the set of standing orders cannot be read, or has too many") }
        var orders: [StandingOrder] = []
        for order in set.orders { orders.append(try order.model()) }
        self.init(version: set.version, fleet: set.fleet, agent: agent, orders: orders)
    }
}

extension Cordon_V1_StandingOrder {
    fileprivate init(_ order: StandingOrder) {
        self.init()
        standingID = order.id.data
        expiresAtUs = order.expiresAt.microseconds
        rule = order.rule
        action = order.kind.rawValue
        subject = order.subject.rawValue
        durationS = order.duration.wholeSeconds
        requestedBy = order.requestedBy
        reason = order.reason
    }

    fileprivate func model() throws(WireError) -> StandingOrder {
        guard let id = StandingID(bytes: standingID), let kind = ActionKind(rawValue: action),
            let subject = StandingSubject(rawValue: subject)
        else { throw WireError("a standing order's identifier, action or subject is not known") }
        let order = StandingOrder(
            id: id, rule: rule, kind: kind, subject: subject, duration: .seconds(durationS),
            expiresAt: Timestamp(microseconds: expiresAtUs), requestedBy: requestedBy, reason: reason)
        if let fault = order.fault { throw WireError("a standing order is wrong: \(fault)") }
        return order
    }
}
