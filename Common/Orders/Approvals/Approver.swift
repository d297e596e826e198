package import CordonModel
package import CordonTrust
package import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// One key of a person who may approve orders, as the policy root lists it beside the order keys.
package struct Approver: Sendable {
    /// Who. Several keys may be one person's.
    package let person: String
    package let key: Key
    /// Not believed afterwards; `nil` for as long as the list holds.
    package let expiresAt: Timestamp?

    /// Keys that one list may hold.
    package static let most = 64

    /// What a person signs with.
    package enum Key: Sendable, Equatable {
        /// A key in a file, made with `cordon key create`.
        case ed25519(VerifyingKey)
        case passkey(Passkey)
    }

    package init(person: String, key: VerifyingKey, expiresAt: Timestamp? = nil) {
        self.init(person: person, .ed25519(key), expiresAt: expiresAt)
    }

    package init(person: String, _ key: Key, expiresAt: Timestamp? = nil) {
        self.person = person
        self.key = key
        self.expiresAt = expiresAt
    }

    /// What names the key: the first 16 bytes of its SHA-256.
    package var id: [UInt8] {
        switch key {
        case .ed25519(let key): key.id
        case .passkey(let passkey): passkey.id
        }
    }

    /// Whether it is believed at that time.
    package func isBelieved(at now: Timestamp) -> Bool { expiresAt.map { $0 > now } ?? true }

    /// The passkey; `nil` for a key of another kind.
    package var passkey: Passkey? { if case .passkey(let passkey) = key { passkey } else { nil } }

    /// Throws why the approval is not by this key and over these bytes.
    package func check(_ approval: Approval, of order: [UInt8]) throws(ApprovalFault) {
        guard approval.keyID == id else { throw ApprovalFault("it is by another key") }
        switch (key, approval.assertion) {
        case (.ed25519(let key), nil):
            guard key.isValid(approval.signature, for: order, in: .approval) else {
                throw ApprovalFault("its signature is not valid")
            }
        case (.passkey(let passkey), let assertion?): try passkey.verify(assertion, approval.signature, over: order)
        case (.ed25519, _): throw ApprovalFault("it is made as by a passkey, and the key is none")
        case (.passkey, nil): throw ApprovalFault("it is not made as by a passkey, and the key is one")
        }
    }

    /// Whether a name may stand for a person: 1 to 64 lower-case letters, digits, `.`, `-`, `_` and `@`.
    package static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2E, 0x2D, 0x5F, 0x40].contains($0)
            }
    }
}

extension Cordon_V1_Approver {
    /// The approver as it is listed.
    package init(_ approver: Approver) {
        self.init()
        person = approver.person
        expiresAtUs = approver.expiresAt?.microseconds ?? 0
        switch approver.key {
        case .ed25519(let key): self.key = Data(key.rawBytes)
        case .passkey(let passkey):
            key = Data(passkey.point)
            algorithm = Passkey.algorithm
            relyingParty = passkey.relyingParty
            credentialID = Data(passkey.credentialID)
        }
    }

    /// What the person signs with, strictly: the algorithm says which other fields there are.
    fileprivate func listedKey() throws(WireError) -> Approver.Key {
        switch algorithm {
        case 0:
            guard relyingParty.isEmpty, credentialID.isEmpty, let key = try? VerifyingKey(rawBytes: [UInt8](key)) else {
                throw WireError("the key of the approver \(person) is not one")
            }
            return .ed25519(key)
        case Passkey.algorithm:
            do throws(ApprovalFault) {
                return .passkey(
                    try Passkey(
                        relyingParty: relyingParty, credentialID: [UInt8](credentialID), point: [UInt8](key)))
            } catch { throw WireError("the passkey of the approver \(person) is not one: \(error.why)") }
        default: throw WireError("the key of the approver \(person) is of an algorithm that is not known: \(algorithm)")
        }
    }
}

extension Cordon_V1_OrderKeySet {
    /// The people who may approve. Throws where the list is not one to trust: too long, a key or a credential twice, a key
    /// that also signs orders (who holds the controller would be one of the people), a name or a key that is none.
    package func approverList() throws(WireError) -> [Approver] {
        guard approvers.count <= Approver.most else { throw WireError("more than \(Approver.most) approvers") }
        var seen = Set(keys)
        var credentials: Set<Data> = []
        var list: [Approver] = []
        for entry in approvers {
            guard Approver.isName(entry.person) else { throw WireError("an approver's name is not allowed") }
            let key = try entry.listedKey()
            guard seen.insert(entry.key).inserted,
                entry.credentialID.isEmpty || credentials.insert(entry.credentialID).inserted
            else { throw WireError("the key of the approver \(entry.person) stands in the set twice") }
            let end = entry.expiresAtUs == 0 ? nil : Timestamp(microseconds: entry.expiresAtUs)
            list.append(Approver(person: entry.person, key, expiresAt: end))
        }
        return list
    }
}
