internal import CordonModel
package import CordonOrders
internal import CordonTrust
internal import CordonWire
internal import Logging
internal import SwiftProtobuf
internal import Synchronization

/// The keys that may sign orders and the people whose approvals hosts believe, as the policy root signed them.
package struct OrderKeySet: Sendable {
    /// As it is sent to every agent.
    let signed: Cordon_V1_SignedOrderKeySet
    /// What it says.
    package let document: KeyDocument
}

extension FleetKeys {
    /// Reads the set that lies in the data folder now. Blocks for the disk.
    /// - Throws: ``FleetError`` `fleet.bad_key_set` where the root did not sign it for this fleet and its order key: agents
    ///   would refuse every order.
    package func readKeySet() throws -> OrderKeySet {
        let bytes = try KeyFile.read(keySetFile, secret: false)
        guard let document = try? KeyDocument(signed: bytes, by: policyRoot), document.fleet == fleet,
            document.orderKeys.contains(orderKey.verifyingKey),
            let signed = try? Cordon_V1_SignedOrderKeySet(serializedBytes: bytes)
        else {
            throw FleetError(
                code: "fleet.bad_key_set",
                message: "\(keySetFile) is not signed by this fleet's policy root for its order key.",
                remedy: "Restore it from its backup, or sign a new one with the policy root key.")
        }
        return OrderKeySet(signed: signed, document: document)
    }
}

extension Fleet {
    /// As it is sent.
    var signedKeySet: Cordon_V1_SignedOrderKeySet { keySet.withLock { $0.signed } }

    /// People whose approvals hosts believe, by the newest key set that the policy root signed.
    package var approvers: [Approver] { keySet.withLock { $0.document.approvers } }

    /// Takes a newer key set that was put in the place of the one in use, and sends it to every host that is there; others
    /// get it when they come.
    /// - Throws: ``FleetError`` where it is none of this fleet or an older one; the one in use stays.
    func takeKeySet() async throws {
        let fresh = try keys.readKeySet()
        let old = keySet.withLock { $0 }
        guard fresh.signed != old.signed else { return }
        guard fresh.document.expiresAt > now else {
            throw FleetError(
                code: "fleet.bad_key_set",
                message: "\(keys.keySetFile) expired at \(fresh.document.expiresAt): no host would take it.",
                remedy: "Sign a new one with the policy root key.")
        }
        guard fresh.document.version > old.document.version else {
            throw FleetError(
                code: "fleet.old_key_set",
                message: """
                    \(keys.keySetFile) has version \(fresh.document.version), and hosts have \
                    \(old.document.version) already: they take only a later one.
                    """,
                remedy: "Make the change again on a copy of the set that was in use.")
        }
        let people = Set(fresh.document.approvers.map(\.person)).sorted()
        // Written down before any host hears of it.
        try await hostStore.refresh(
            [],
            recording: [
                AuditEntry(
                    at: now, actor: "controller", verb: "keys.changed", subject: "fleet:\(keys.fleet)",
                    details: ["version": "\(fresh.document.version)", "approvers": people.joined(separator: ", ")])
            ])
        keySet.withLock { $0 = fresh }
        for session in sessions.all { session.send(.with { $0.keySet = fresh.signed }) }
        log.notice(
            "a new set of order keys was taken",
            metadata: ["version": "\(fresh.document.version)", "approvers": "\(people.count)"])
    }
}
