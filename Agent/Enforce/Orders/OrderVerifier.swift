package import CordonModel
package import CordonOrders
internal import CordonTrust
package import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// Whether an order is genuine, for this host, and of now. There is no way past it, and none without keys.
package struct OrderVerifier: Sendable {
    /// Bytes that an order of any kind may have; that of most kinds is shorter.
    static let limit = Action.longestOrder(.blockAddresses)
    /// How far the controller's clock may be ahead of ours.
    static let skew = Duration.seconds(300)

    package let host: HostIdentity
    package let keys: KeyRing.Keys

    package init(host: HostIdentity, keys: KeyRing.Keys) {
        self.host = host
        self.keys = keys
    }

    /// Whose it is and what it says: signature, then recipient. Time is judged afterwards, for an order that was
    /// carried out before its end is answered again after it.
    package func open(_ signed: Cordon_V1_SignedOrder) throws(Refusal) -> Order {
        let envelope = OrderEnvelope(
            order: [UInt8](signed.order), keyID: [UInt8](signed.keyID), signature: [UInt8](signed.signature))
        guard envelope.order.count <= Self.limit else {
            throw Refusal("signature", "The order is longer than \(Self.limit) bytes.")
        }
        guard keys.keys.contains(where: { $0.id == envelope.keyID }) else {
            throw Refusal(
                "key", "The order is signed by a key that is not in the set of order keys, version \(keys.version).")
        }
        guard envelope.isSigned(byOneOf: keys.keys) else {
            throw Refusal("signature", "The order's signature is not valid.")
        }
        let order: Order
        do {
            order = try Cordon_V1_Order(serializedBytes: envelope.order).model()
        } catch let error as WireError {
            throw Refusal("action", error.message)
        } catch {
            throw Refusal("action", "The order is malformed.")
        }
        let longest = Action.longestOrder(order.action.kind)
        guard envelope.order.count <= longest else {
            throw Refusal("signature", "The order is longer than the \(longest) bytes that it may have.")
        }
        guard order.fleet == host.fleet else {
            throw Refusal("recipient", "The order is for the fleet \(order.fleet), not for this one.")
        }
        guard order.agent == host.agent else {
            throw Refusal("recipient", "The order is for the host \(order.agent), not for this one.")
        }
        return order
    }

    /// Whether it may still, and already, be carried out. A release is taken a day late or early: a host that is cut
    /// off may have lost its clock, and a release must reach it all the same.
    package func checkTime(of order: Order, at now: Timestamp) throws(Refusal) {
        let grace = order.action == .release ? OrderJournal.releaseGrace : .zero
        guard now <= order.expiresAt + grace else {
            throw Refusal("expired", "The order expired at \(order.expiresAt); it is \(now) here.")
        }
        guard order.issuedAt <= now + max(Self.skew, grace) else {
            throw Refusal(
                "issued in the future",
                "The order was issued at \(order.issuedAt); it is \(now) here. One of the clocks is wrong.")
        }
        guard keys.expiresAt + grace > now else {
            throw Refusal("key", "The set of order keys expired at \(keys.expiresAt).")
        }
    }

    /// Whose approvals the order carries. One that claims to be a listed person's and is not refuses it for good.
    package func approvals(of signed: Cordon_V1_SignedOrder, at now: Timestamp) throws(Refusal) -> Approvals {
        do { return try Approvals(of: signed, by: keys.approvers, at: now) } catch {
            throw Refusal(
                "forged approval",
                error.person.map {
                    "The order carries an approval that is said to be \($0)'s and is not: \(error.why)."
                }
                    ?? "The order carries more than \(Approvals.most) approvals.")
        }
    }
}
