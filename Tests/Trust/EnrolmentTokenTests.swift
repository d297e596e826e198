import CordonModel
import CordonTrust
import Testing

@Suite("Enrolment token")
struct EnrolmentTokenTests {
    private static func token(_ address: String = "soc.example:7443") throws -> EnrolmentToken {
        try EnrolmentToken(
            id: TokenID(UUIDv7(high: 1, low: 2)), controller: #require(ControllerAddress(address)),
            authority: Fingerprint(of: [1]), policyRoot: Fingerprint(of: [2]))
    }

    @Test(
        "a token's text is read back as it was, with white space around it",
        arguments: ["soc.example:7443", "192.0.2.1:1", "[2001:db8::1]:65535", "a:1"])
    func roundTrip(_ address: String) throws {
        let token = try Self.token(address)
        #expect(try EnrolmentToken(text: token.text) == token)
        #expect(try EnrolmentToken(text: "  \t\(token.text)\r\n") == token)
        #expect(token.text.utf8.allSatisfy { $0 > 32 && $0 < 127 })
    }

    @Test("two tokens never have the same secret")
    func secrets() throws {
        #expect(try Self.token().secret != Self.token().secret)
        let token = try Self.token()
        #expect(token.secretHash == EnrolmentToken.secretHash(token.secret))
        #expect(token.secretHash != token.secret)
    }

    @Test("a token of which any one character is changed, left out or doubled is refused, and the text is not repeated")
    func corruption() throws {
        let text = Array(try Self.token().text)
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == "A" ? "B" : "A"
            var shorter = text
            shorter.remove(at: index)
            var longer = text
            longer.insert(longer[index], at: index)
            // Taking one of two equal neighbours out or doubling it are the same text; each still differs from the whole.
            for broken in [changed, shorter, longer].map({ String($0) }) {
                let error = #expect(throws: TrustError.self) { _ = try EnrolmentToken(text: broken) }
                #expect(error?.code == "token.malformed")
                #expect(error?.description.contains(broken.suffix(20)) == false)
            }
        }
    }

    @Test("a token cut off anywhere is refused")
    func cut() throws {
        let text = try Self.token().text
        for length in 0..<text.count {
            #expect(throws: TrustError.self) { _ = try EnrolmentToken(text: text.prefix(length)) }
        }
    }

    @Test(
        "what is not a token gets a sentence",
        arguments: [
            "", "   ", "cordon1.", "cordon2.AAAA", "cordon1.!!!!", "hello", String(repeating: "A", count: 5000),
            "cordon1.ä",
        ])
    func nonsense(_ text: String) {
        let error = #expect(throws: TrustError.self) { _ = try EnrolmentToken(text: text) }
        #expect(error?.code == "token.malformed")
        #expect(error?.remedy.isEmpty == false)
    }

    @Test("a token that is printed, dumped or interpolated does not show its secret")
    func description() throws {
        let token = try Self.token()
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped] {
            #expect(!text.contains(HexDigit.text(token.secret)))
            #expect(!text.contains("\(token.secret[0]), \(token.secret[1])"))
        }
    }

    @Test(
        "a controller's address is a name or an address, and a port",
        arguments: [
            ("soc.example:7443", "soc.example:7443"), ("SOC.Example:7443", "soc.example:7443"),
            ("10.0.0.1:1", "10.0.0.1:1"),
            ("[::1]:2", "[::1]:2"), ("::1:2", nil), ("10.0.0.256:1", nil), ("10.0.1:1", nil), ("soc:0", nil),
            ("soc:65536", nil),
            ("soc", nil), (":1", nil), ("soc:", nil), ("s oc:1", nil), ("-soc:1", nil), ("a..b:1", nil),
            ("soc:+1", nil),
        ] as [(String, String?)])
    func addresses(_ text: String, _ expected: String?) {
        #expect(ControllerAddress(text)?.description == expected)
    }
}
