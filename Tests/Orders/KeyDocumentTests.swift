import CordonModel
import CordonOrders
import CordonTesting
import CordonTrust
import CordonWire
import FoundationEssentials
import SwiftProtobuf
import Testing

@Suite("The list of keys")
struct KeyDocumentTests {
    private let root = SigningKey()

    private func document(_ approvers: [Approver]) -> KeyDocument {
        KeyDocument(
            version: 3, fleet: "acme", expiresAt: Timestamp(seconds: 2_000_000_000),
            orderKeys: [SigningKey().verifyingKey], approvers: approvers)
    }

    @Test("keys and passkeys are read back as they were listed, also the longest list that there can be")
    func listed() throws {
        let passkey = try SoftAuthenticator().passkey
        let listed = document([
            Approver(person: "ann", key: SigningKey().verifyingKey), Approver(person: "ann", .passkey(passkey)),
        ])
        let read = try KeyDocument(signed: try listed.signed(with: root), by: root.verifyingKey)
        #expect(read.approvers.map(\.key) == listed.approvers.map(\.key))
        #expect(read.approvers.last?.passkey == passkey)
        let domain = String((0..<4).map { _ in String(repeating: "a", count: 62) }.joined(separator: ".").prefix(253))
        let longest = try (0..<Approver.most).map { number in
            let name = String(repeating: "p", count: 62) + String(10 + number)
            let passkey = try Passkey(
                relyingParty: domain, credentialID: [UInt8(number)] + [UInt8](repeating: 1, count: 254),
                point: try SoftAuthenticator().passkey.point)
            return Approver(person: name, .passkey(passkey), expiresAt: Timestamp(microseconds: .max))
        }
        let signed = try document(longest).signed(with: root)
        #expect(signed.count <= KeyFile.limit)
        #expect(try KeyDocument(signed: signed, by: root.verifyingKey).approvers.count == Approver.most)
    }

    @Test("entries that are half a passkey, of another algorithm, or of one credential twice are refused")
    func refused() throws {
        let passkey = try SoftAuthenticator().passkey
        let good = Cordon_V1_Approver(Approver(person: "ann", .passkey(passkey)))
        let plain = Cordon_V1_Approver(Approver(person: "ann", key: SigningKey().verifyingKey))
        func fault(_ entries: [Cordon_V1_Approver]) -> String? {
            var set = Cordon_V1_OrderKeySet()
            set.approvers = entries
            do throws(WireError) {
                _ = try set.approverList()
                return nil
            } catch { return error.message }
        }
        #expect(fault([good, plain]) == nil)
        let changes: [(inout Cordon_V1_Approver) -> Void] = [
            { $0.algorithm = 0 }, { $0.algorithm = -257 }, { $0.algorithm = -8 }, { $0.relyingParty = "" },
            { $0.relyingParty = "127.0.0.1" }, { $0.relyingParty = "Cordon.example" }, { $0.credentialID = Data() },
            { $0.credentialID = Data(repeating: 1, count: 256) }, { $0.key = plain.key }, { $0.key.removeLast() },
            { $0.key[64] ^= 1 },
        ]
        for change in changes {
            var entry = good
            change(&entry)
            #expect(fault([entry])?.contains("ann") == true)
        }
        for change: (inout Cordon_V1_Approver) -> Void in [
            { $0.relyingParty = "cordon.example" }, { $0.credentialID = good.credentialID }, { $0.key = good.key },
        ] {
            var entry = plain
            change(&entry)
            #expect(fault([entry])?.contains("ann") == true)
        }
        var same = Cordon_V1_Approver(Approver(person: "bob", .passkey(try SoftAuthenticator().passkey)))
        same.credentialID = good.credentialID
        #expect(fault([good, same])?.contains("twice") == true)
    }
}
