import CordonScan
import Testing

@testable import ControllerPlaybooks

@Suite("Substitution")
struct SubstitutionTests {
    @Test(
        "a hostile value stays inside the string that it fills",
        arguments: [
            "\",\"args\":{\"duration\":1}", "\\", "\n", "__other__:value", "203.0.113.7\"}}", "\u{0}", "}{", "🙂",
        ])
    func injection(value: String) throws {
        let substitution = Substitution(variables: [
            "__x__": Variable(type: .string, value: value), "__other__": Variable(type: .string, value: "secret"),
        ])
        let template: JSONValue = ["target": ["name": "__x__:value", "list": ["a __x__:value b"]], "__x__:value": 1]
        let filled = try substitution.fill(template)
        #expect(filled == ["target": ["name": .text(value), "list": [.text("a \(value) b")]], "__x__:value": 1])
        #expect(try JSONValue.parse(filled.bytes()) == filled)
    }

    @Test("a string that is one reference to a number or truth value becomes it; inside other text it stays text")
    func typed() throws {
        let substitution = Substitution(variables: [
            "__n__": Variable(type: .integer, value: "42"), "__b__": Variable(type: .bool, value: "true"),
        ])
        #expect(
            try substitution.fill(["__n__:value", "__b__:value", "n=__n__:value"] as JSONValue) == [42, true, "n=42"])
    }

    @Test("values that are missing or not of their type are errors")
    func errors() {
        let substitution = Substitution(variables: [
            "__a__": Variable(type: .ipv4, value: "1.2.3.4; rm"), "__u__": Variable(type: .string, value: nil),
        ])
        for text in ["__a__:value", "__u__:value", "__missing__:value"] {
            #expect(throws: PlaybooksError.self) { try substitution.fill(text) }
        }
    }

    @Test(
        "references are found where they are and nowhere else",
        arguments: [
            ("__a__:value", ["__a__"]), ("x__a__:value", ["__a__"]), ("__a__ :value", []), ("__a__:valu", []),
            ("__a__:value__b-c__:value", ["__a__", "__b-c__"]), ("____:value", []), ("__a_b__:values", ["__a_b__"]),
            ("_a_:value", []), ("___a__:value", ["___a__"]),
        ] as [(String, [String])])
    func references(text: String, names: [String]) {
        #expect(Substitution.references(in: text) == names)
    }
}
