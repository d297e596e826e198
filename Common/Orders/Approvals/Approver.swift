package import CordonModel
package import CordonTrust
package import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// One key of a person who may approve orders, as the policy root lists it beside the order keys.
package struct Approver: Sendable {
    /// Who. Several keys may be one person's.
    package let person: String
    package let key: VerifyingKey
    /// Not believed afterwards; `nil` for as long as the list holds.
    package let expiresAt: Timestamp?

    /// Keys that one list may hold.
    package static let most = 64

    package init(person: String, key: VerifyingKey, expiresAt: Timestamp? = nil) {
        self.person = person
        self.key = key
        self.expiresAt = expiresAt
    }

    /// What names the key: the first 16 bytes of its SHA-256.
    package var id: [UInt8] { key.id }

    /// Whether the approval is by this key and over these bytes.
    package func made(_ approval: Approval, of order: [UInt8]) -> Bool {
        approval.keyID == id && key.isValid(approval.signature, for: order, in: .approval)
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
        key = Data(approver.key.rawBytes)
        expiresAtUs = approver.expiresAt?.microseconds ?? 0
    }
}

extension Cordon_V1_OrderKeySet {
    /// The people who may approve. Throws where the list is not one to trust: too long, a key twice, a key that also signs
    /// orders (who holds the controller would be one of the people), a name or a key that is none.
    package func approverList() throws(WireError) -> [Approver] {
        guard approvers.count <= Approver.most else { throw WireError("more than \(Approver.most) approvers") }
        var seen = Set(keys)
        var list: [Approver] = []
        for entry in approvers {
            guard Approver.isName(entry.person) else { throw WireError("an approver's name is not allowed") }
            guard entry.origin.isEmpty, let key = try? VerifyingKey(rawBytes: [UInt8](entry.key)) else {
                throw WireError("the key of the approver \(entry.person) is not one")
            }
            guard seen.insert(entry.key).inserted else {
                throw WireError("the key of the approver \(entry.person) stands in the set twice")
            }
            let end = entry.expiresAtUs == 0 ? nil : Timestamp(microseconds: entry.expiresAtUs)
            list.append(Approver(person: entry.person, key: key, expiresAt: end))
        }
        return list
    }
}
