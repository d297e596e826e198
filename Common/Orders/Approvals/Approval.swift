internal import CordonModel
package import CordonTrust
package import CordonWire
internal import FoundationEssentials

/// One person's signature over the bytes of an order.
package struct Approval: Sendable, Hashable {
    /// What names the key: the first 16 bytes of its SHA-256.
    package var keyID: [UInt8]
    package var signature: [UInt8]
    /// What an authenticator says with it; `nil` where the key is not a passkey.
    package var assertion: Assertion?
    /// Who, for people; nobody believes it.
    package var person: String

    package init(keyID: [UInt8], signature: [UInt8], assertion: Assertion? = nil, person: String = "") {
        self.keyID = keyID
        self.signature = signature
        self.assertion = assertion
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
        credentialID = Data(approval.assertion?.credentialID ?? [])
        authenticatorData = Data(approval.assertion?.authenticatorData ?? [])
        clientData = Data(approval.assertion?.clientData ?? [])
    }

    /// The approval as the model knows it. One part of an assertion makes it a passkey's, whole or not: no other key's
    /// signature comes with any. What the parts say is looked at where they are verified.
    package var model: Approval {
        let isAssertion = !(credentialID.isEmpty && authenticatorData.isEmpty && clientData.isEmpty)
        let assertion = Assertion(
            credentialID: [UInt8](credentialID), authenticatorData: [UInt8](authenticatorData),
            clientData: [UInt8](clientData))
        return Approval(
            keyID: [UInt8](keyID), signature: [UInt8](signature), assertion: isAssertion ? assertion : nil,
            person: person.bounded(64))
    }
}
