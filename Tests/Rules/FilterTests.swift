import CordonSigma
import Testing

@testable import ControllerRules

@Suite("Global filters")
struct FilterTests {
    private let rule = document("s: {A: x}\ncondition: s") + "---\n"

    private func filter(_ rules: String, product: String = "linux", users: String = "adm_") -> String {
        "title: F\nlogsource: {product: \(product)}\nfilter:\n  rules: \(rules)\n  selection: {User|startswith: \(users)}\n  condition: selection\n"
    }

    private func expected() throws -> Condition {
        .all([try item("A: x"), .not(try item("User|startswith: adm_"))])
    }

    @Test(
        "The rule holds where it did and the filter does not",
        arguments: ["[0e95725d-7320-415d-80f7-004da920fc11]", "[A rule]", "[]", "[nobody, A rule]"])
    func joined(rules: String) throws {
        for yaml in [rule + filter(rules), filter(rules) + "---\n" + rule] {
            let set = read(yaml)
            #expect(set.faults.isEmpty)
            #expect(set.filters == 1)
            #expect(set.rules.map(\.condition) == [try expected()])
        }
    }

    @Test("A filter of another log source changes nothing, and is warned of where it names the rule")
    func elsewhere() throws {
        let set = read(rule + filter("[A rule]", product: "windows"))
        #expect(set.rules.map(\.condition) == [try item("A: x")])
        #expect(set.warnings.map(\.place) == ["Filters, Global Filter"])
        #expect(read(rule + filter("[]", product: "windows")).findings.isEmpty)
    }

    @Test("A filter that names no rule is warned of")
    func idle() { #expect(read(rule + filter("[nobody]")).warnings.map(\.line) == [13]) }

    @Test("Several filters are joined")
    func several() throws {
        let other = filter("[A rule]", users: "svc_")
        let set = read(rule + filter("[A rule]") + "---\n" + other)
        #expect(set.rules.map(\.condition) == [.all([try expected(), .not(try item("User|startswith: svc_"))])])
    }

    @Test(
        "A filter without rules, condition, log source or title is refused",
        arguments: [
            "title: F\nlogsource: {product: linux}\nfilter: {selection: {A: x}, condition: selection}",
            "title: F\nlogsource: {product: linux}\nfilter: {rules: [], selection: {A: x}}",
            "title: F\nfilter: {rules: [], selection: {A: x}, condition: selection}",
            "logsource: {product: linux}\nfilter: {rules: [], selection: {A: x}, condition: selection}",
            "title: F\nlogsource: {product: linux}\nfilter: []",
            "title: F\ntaxonomy: ecs\nlogsource: {product: linux}\nfilter: {}",
            "title: F\nlogsource: {product: linux}\nfilter: {rules: {a: b}, selection: {A: x}, condition: selection}",
        ])
    func refused(yaml: String) throws {
        let set = read(rule + yaml)
        #expect(set.refused == 1 && !set.faults.isEmpty)
        #expect(set.rules.map(\.condition) == [try item("A: x")])
    }

    @Test("What a filter takes away is no match any more")
    func matching() throws {
        let set = read(rule + filter("[]"))
        let engine = try SigmaEngine(set.rules)
        var record = SigmaRecord(logSources: [LogSource(product: "linux")])
        record.add(FieldName("A"), "x")
        #expect(engine.matches(record).count == 1)
        record.add(FieldName("User"), "ADM_eve")
        #expect(engine.matches(record).isEmpty)
    }
}
