import CordonModel
import CordonOrders
import Testing

@Suite("What an action is told")
struct ParameterTests {
    /// Which other parameters one wants beside it, and which it takes the place of.
    private static let beside = ["field": ["value"], "value": ["field"], "pid": ["start_time"]]
    private static let instead = ["sha256": "path", "order": "network", "pid": "path"]

    @Test("an entry's example makes an action of its kind", arguments: ActionKind.allCases)
    func example(_ kind: ActionKind) throws {
        let action = try Action(kind: kind.rawValue, parameters: Self.values(kind.entry.example, of: kind))
        #expect(action.kind == kind)
    }

    @Test("each parameter's example, and what holds without it, may be given", arguments: ActionKind.allCases)
    func examples(_ kind: ActionKind) throws {
        for parameter in kind.entry.parameters {
            for value in [parameter.example, parameter.usual].compactMap({ $0 }) {
                var given = kind.entry.example
                let isChoice = [.blockExecutable, .unblockAddress, .yaraScan].contains(kind)
                if isChoice { given.removeAll { $0.name == Self.instead[parameter.name] } }
                for name in Self.beside[parameter.name] ?? [] {
                    given += kind.entry.parameters.filter { $0.name == name }.map { ($0.name, $0.example) }
                }
                given = given.filter { $0.name != parameter.name } + [(parameter.name, value)]
                let values = Self.values(given, of: kind)
                #expect(throws: Never.self, "\(parameter.name)=\(value)") {
                    try Action(kind: kind.rawValue, parameters: values)
                }
            }
        }
    }

    struct Wrong: Sendable {
        let kind: ActionKind
        let parameters: [String: FieldValue]
        let says: String
    }

    static let wrong: [Wrong] = [
        Wrong(
            kind: .blockAddress, parameters: ["network": .text("203.0.113.7"), "duration_s": .number(0)],
            says: "duration_s is not 1 to 31622400 seconds"),
        Wrong(
            kind: .blockAddress, parameters: ["network": .text("203.0.113.7"), "duration_s": .text("soon")],
            says: "duration_s is no whole number: it is 1 to 31622400 seconds"),
        Wrong(
            kind: .blockAddress, parameters: ["network": .text("203.0.113.7")],
            says: "duration_s is missing: 1 to 31622400 seconds"),
        Wrong(
            kind: .blockAddress, parameters: ["netwrk": .text("203.0.113.7")],
            says: "“netwrk” is not among its parameters. Did you mean network?"),
        Wrong(
            kind: .blockAddress,
            parameters: [
                "network": .text("203.0.113.7"), "duration_s": .number(1), "ports": .text("tcp/22,tcp/99999,udp/3"),
            ], says: "ports has “tcp/99999”, item 2 of 3"),
        Wrong(
            kind: .blockAddress,
            parameters: [
                "network": .text("203.0.113.7"), "duration_s": .number(1),
                "ports": .text([String](repeating: "tcp/1", count: 33).joined(separator: ",")),
            ], says: "ports has 33 ranges of ports, more than 32"),
        Wrong(
            kind: .collectFile, parameters: ["path": .text("/x"), "most_bytes": .number(-1)],
            says: "most_bytes is not 1 to 1073741824 bytes"),
        Wrong(
            kind: .blockAddresses,
            parameters: [
                "list": .text("drop"), "duration_s": .number(1),
                "networks": .text("203.0.113.7 # none\n\n198.51.100.0/24, 10.0.0.1/8"),
            ], says: "networks has “10.0.0.1/8”, item 3, in line 3"),
        Wrong(
            kind: .blockAddresses,
            parameters: ["list": .text("drop"), "duration_s": .number(1), "networks": .text("# none")],
            says: "networks has no network"),
    ]

    @Test(
        "a fault names the parameter, its unit and bounds or the bad item, and what the action takes", arguments: wrong)
    func fault(_ wrong: Wrong) throws {
        let error = try #require(throws: ActionError.self) {
            try Action(kind: wrong.kind.rawValue, parameters: wrong.parameters)
        }
        let said = "\(error.message) \(error.remedy)"
        #expect(said.contains(wrong.says), "\(said)")
        #expect(said.last?.isWhitespace == false)
        for parameter in wrong.kind.entry.parameters { #expect(error.remedy.contains("\(parameter.name) (")) }
        #expect(error.remedy.contains("`cordon actions \(wrong.kind.rawValue)`"))
    }

    @Test("what a fault repeats is short and without control characters")
    func hostile() {
        let error = #expect(throws: ActionError.self) {
            try Action(
                kind: "block_address",
                parameters: [
                    "network": .text("203.0.113.7"), "duration_s": .number(1),
                    "ports": .text("tcp/22,\u{1B}[2J" + String(repeating: "x", count: 300)),
                ])
        }
        #expect(error?.message.contains("“?[2Jxx") == true && error?.message.contains("…”") == true)
        #expect((error?.message.utf8.count ?? 1000) < 200)
        let unknown = #expect(throws: ActionError.self) { try Action(kind: "kil_process", parameters: [:]) }
        #expect(unknown?.remedy.hasPrefix("Did you mean kill_process? ") == true)
    }

    /// What `cordon act` makes of the texts.
    private static func values(
        _ given: [(name: String, value: String)], of kind: ActionKind
    ) -> [String: FieldValue] {
        var values: [String: FieldValue] = [:]
        for (name, text) in given {
            switch kind.entry.parameters.first(where: { $0.name == name })?.kind {
            case .number, .bytes, .seconds: values[name] = Int64(text).map { .number($0) }
            case .flag: values[name] = Bool(text).map { .flag($0) }
            default: values[name] = .text(text)
            }
        }
        return values
    }
}
