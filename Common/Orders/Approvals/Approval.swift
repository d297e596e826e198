internal import CordonModel
package import CordonTrust
package import CordonWire
internal import FoundationEssentials

/// One person's signature over the bytes of an order.
package struct Approval: Sendable, Hashable {
    /// What names the key: the first 16 bytes of its SHA-256.
    package var keyID: [UInt8]
    package var signature: [UInt8]
    /// Who, for people; nobody believes it.
    package var person: String

    package init(keyID: [UInt8], signature: [UInt8], person: String = "") {
        self.keyID = keyID
        self.signature = signature
        self.person = person
    }

    /// Approves an order: the bytes that its controller signed.
    package init(of order: [UInt8], with key: SigningKey) throws(TrustError) {
        self.init(keyID: key.verifyingKey.id, signature: try key.signature(for: order, in: .approval))
    }
}

extension Cordon_V1_Approval {
    /// The approval as it travels with its order.
    package init(_ approval: Approval) {
        self.init()
        keyID = Data(approval.keyID)
        signature = Data(approval.signature)
        person = approval.person
    }

    /// The approval as the model knows it; only its sizes are looked at.
    package var model: Approval {
        Approval(keyID: [UInt8](keyID), signature: [UInt8](signature), person: person.bounded(64))
    }
}
