import CordonOrders
import CordonTesting
import CordonTrust
import Testing

@Suite("Passkeys")
struct PasskeyTests {
    private let ann: SoftAuthenticator
    private let approver: Approver
    private let order: [UInt8] = Array("an order".utf8)

    init() throws {
        ann = try SoftAuthenticator()
        approver = Approver(person: "ann", .passkey(ann.passkey))
    }

    @Test("what an authenticator signs for an order is its approval, whatever port or domain below it was made at")
    func genuine() throws {
        try approver.check(try ann.approval(of: order), of: order)
        for origin in ["https://cordon.example", "https://soc.cordon.example:443", "https://a.b.cordon.example"] {
            try approver.check(try ann.approval(of: order) { $0.origin = origin }, of: order)
        }
        // Extensions, backed up, members that a later browser adds: signed, and not looked at.
        try approver.check(try ann.approval(of: order) { ($0.flags, $0.rest) = (0x9D, [0xA0]) }, of: order)
        try approver.check(try ann.approval(of: order) { $0.more = #","later":{"a":[1]}"# }, of: order)
    }

    private static let lies: [(String, @Sendable (inout SoftAuthenticator.Claims) -> Void)] = [
        ("its challenge is not this order's", { $0.challenge = Assertion.challenge(for: [1]) }),
        ("its challenge is not this order's", { $0.challenge = [] }),
        ("it was not made to sign in or approve", { $0.type = "webauthn.create" }),
        ("it was not made to sign in or approve", { $0.type = "payment.get" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "http://cordon.example" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "https://evilcordon.example" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "https://.cordon.example" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "https://cordon.example.evil" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "https://evil/.cordon.example" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "https://a@cordon.example" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "https://cordon.example:0" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "https://cordon.example:65536" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "https://cordon.example:1:2" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "https://cordon.example/" }),
        ("its origin is not https at cordon.example or below", { $0.origin = "" }),
        ("it was made within a page of another origin", { $0.more = #","crossOrigin":true"# }),
        ("it was made within a page of another origin", { $0.more = #","crossOrigin":"false""# }),
        ("it was made within a page of another origin", { $0.more = #","topOrigin":"https://cordon.example""# }),
        ("its client data is not a JSON object", { $0.more = #","type":"webauthn.get""# }),
        ("its client data is not a JSON object", { $0.clientData = "[]" }),
        ("its client data is not a JSON object", { $0.clientData = "" }),
        ("its client data is not a JSON object", { $0.more = ",\"a\":\(String(repeating: "[", count: 200))" }),
        ("its client data has more than 2048 bytes", { $0.more += String(repeating: " ", count: 2048) }),
        ("its authenticator signed for another domain than cordon.example", { $0.relyingParty = "evil.example" }),
        ("its authenticator saw nobody present", { $0.flags = 0x04 }),
        ("its authenticator did not verify who was there, by PIN or otherwise", { $0.flags = 0x01 }),
        ("its authenticator says that it is backed up and can not be", { $0.flags = 0x15 }),
        ("its authenticator data has parts that its flags do not name", { $0.rest = [0] }),
        ("its authenticator data has parts that its flags do not name", { $0.flags = 0x85 }),
        ("its authenticator data has parts that its flags do not name", { $0.flags = 0x45 }),
        ("its authenticator data has more than 1024 bytes", { $0.rest = [UInt8](repeating: 0, count: 988) }),
        ("it is by another credential", { $0.credentialID[0] ^= 1 }),
    ]

    @Test("whatever else it says is refused, with the reason, though its key signed it", arguments: lies.indices)
    func refusesLies(_ row: Int) throws {
        let (why, lie) = Self.lies[row]
        let approval = try ann.approval(of: order, lie)
        let fault = #expect(throws: ApprovalFault.self) { try approver.check(approval, of: order) }
        #expect(fault?.why == why)
    }

    private func refused(_ approval: Approval, by approver: Approver? = nil, of bytes: [UInt8]? = nil) -> String? {
        do throws(ApprovalFault) {
            try (approver ?? self.approver).check(approval, of: bytes ?? order)
            return nil
        } catch { return error.why }
    }

    @Test("a signature by another key, for another order, changed, cut or made longer is none")
    func signatures() throws {
        let good = try ann.approval(of: order)
        #expect(refused(good, of: order + [0]) == "its challenge is not this order's")
        let other = try SoftAuthenticator()
        var borrowed = try other.approval(of: order) { $0.credentialID = ann.passkey.credentialID }
        #expect(refused(borrowed) == "it is by another key")
        borrowed.keyID = ann.passkey.id
        #expect(refused(borrowed) == "its signature is not valid")
        for change: (inout Approval) -> Void in [
            { $0.signature.removeLast() }, { $0.signature.append(0) }, { $0.signature = [] }, { $0.signature[1] ^= 1 },
            { $0.signature[10] ^= 1 }, { $0.assertion?.authenticatorData[36] ^= 1 },
            { $0.assertion?.clientData.append(0x20) },
            // The same two numbers, the length in a form that DER does not allow.
            { $0.signature = [0x30, 0x81] + $0.signature[1...] },
        ] {
            var changed = good
            change(&changed)
            #expect(refused(changed) == "its signature is not valid")
        }
        var long = good
        long.signature += [UInt8](repeating: 0, count: 80)
        #expect(refused(long) == "its signature has more than 80 bytes")
        var cut = good
        cut.assertion?.authenticatorData = []
        #expect(refused(cut) == "its authenticator data is cut short")
    }

    @Test("a passkey's approval is not an Ed25519 key's, nor the other way round")
    func kinds() throws {
        let key = SigningKey()
        var plain = try Approval(of: order, with: key)
        let holder = Approver(person: "ann", key: key.verifyingKey)
        #expect(refused(plain, by: holder) == nil)
        plain.assertion = try ann.approval(of: order).assertion
        #expect(refused(plain, by: holder) == "it is made as by a passkey, and the key is none")
        var bare = try ann.approval(of: order)
        bare.assertion = nil
        #expect(refused(bare) == "it is not made as by a passkey, and the key is one")
    }

    @Test("a passkey is one line of text, read back as the same, and a line that was changed or cut is refused")
    func line() throws {
        let line = ann.passkey.line
        #expect(line.hasPrefix("cordon-passkey:es256:cordon.example:"))
        #expect(try Passkey(line: line) == ann.passkey)
        let parts = line.split(separator: ":").map(String.init)
        var bad = [
            "", "x", line + ":", String(line.dropLast()), line + "A", " " + line,
            line + String(repeating: "A", count: 1024),
        ]
        for (place, value) in [
            (0, "cordon"), (1, "rs256"), (2, "Cordon.example"), (2, "192.0.2.1"), (2, "a..b"), (2, ""),
            (2, "-a.example"),
            (2, String(repeating: "a", count: 64)), (3, "AAAA"), (3, "===="), (3, String(repeating: "AAAA", count: 86)),
            (4, "BAAA"), (4, Base64URL.text([4] + [UInt8](repeating: 1, count: 64))),
        ] {
            var changed = parts
            changed[place] = value
            bad.append(changed.joined(separator: ":"))
        }
        for line in bad { #expect(throws: ApprovalFault.self, "\(line)") { try Passkey(line: line) } }
    }
}
