import CordonSigma
import CordonTesting
import Testing

@testable import ControllerRules

@Suite("Hostile YAML")
struct YamlTests {
    private func fault(_ yaml: String) -> RuleFinding? { read(yaml).faults.first }

    @Test("A billion laughs are refused, and cost nothing")
    func laughs() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let references = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            yaml += "a\(level): &a\(level) [\(references)]\n"
        }
        #expect(fault(yaml)?.place == "Cordon's limits")
    }

    @Test("Aliases of aliases end at the number of values, as keys too")
    func multiplied() {
        var yaml = "a0: &a0 [\(Array(repeating: "x", count: 3000).joined(separator: ","))]\n"
        for level in 1...5 { yaml += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n" }
        #expect(fault(yaml)?.reason.contains("values") == true)
        #expect(fault(yaml + "? *a5\n: x\n") != nil)
    }

    @Test("An alias is the value it names")
    func alias() throws {
        let found = try condition("s: &it\n  A: x\nt: *it\ncondition: s or t")
        #expect(found == .any([try item("A: x"), try item("A: x")]))
    }

    @Test("A scalar of ten million bytes is refused")
    func large() { #expect(fault("title: " + String(repeating: "a", count: 10_000_000))?.place == "Cordon's limits") }

    @Test("Deep nesting is refused, in flow and in blocks", arguments: [40, 999, 5000, 400_000])
    func deep(depth: Int) {
        #expect(fault("a: " + String(repeating: "[", count: depth)) != nil)
        #expect(fault("a: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)) != nil)
        #expect(fault(String(repeating: "- ", count: depth) + "x") != nil)
        #expect(fault(String(repeating: "{a: ", count: depth) + String(repeating: "}", count: depth)) != nil)
    }

    @Test("What is not UTF-8 is refused")
    func encoding() {
        for bytes: [UInt8] in [[0xFF, 0xFE, 0x61, 0], [0x61, 0x3A, 0x20, 0xC0, 0x80], [0xED, 0xA0, 0x80]] {
            #expect(RuleSet.read(bytes, file: "x.yml").faults.first?.reason == "The file is not UTF-8.")
        }
    }

    @Test("A byte order mark and CR LF do no harm")
    func editor() {
        let yaml = "\u{FEFF}" + document("s:\n  A: x\ncondition: s").split(separator: "\n").joined(separator: "\r\n")
        #expect(read(yaml).faults.isEmpty)
        #expect(read(yaml).rules.count == 1)
    }

    @Test(
        "What is no YAML is refused with its line",
        arguments: [
            ("title: x\n\tid: y\n", 2), ("a: 'open\n", 2), ("a: b: c\n", 1), ("a: \u{1}\n", 1), ("a: *nowhere\n", 1),
            ("a: 1\nb: 2\na: 3\n", 1), ("[a]: x\n", 1), ("<<: {a: b}\n", 1), ("a: !!binary aGk=\n", 1),
        ])
    func syntax(yaml: String, line: Int) {
        #expect(fault(yaml)?.line == line)
        #expect(fault(yaml)?.place == "Rules, Yaml File")
    }

    @Test("An empty file holds no rule", arguments: ["", "\n\n", "---\n", "# nothing\n", "--- \n...\n"])
    func empty(yaml: String) { #expect(fault(yaml)?.reason == "The file holds no rule.") }

    @Test("Documents before the one that is no YAML are read")
    func several() {
        let set = read(document("s:\n  A: x\ncondition: s") + "---\ntitle: 'open\n")
        #expect(set.rules.count == 1)
        #expect(set.faults.count == 1)
    }

    @Test("What is no map is no rule", arguments: ["- a\n", "text\n", "3\n"])
    func kinds(yaml: String) { #expect(fault(yaml)?.place == "Rules, File Structure") }

    @Test("Ten thousand search identifiers are read, in order of use")
    func many() throws {
        let identifiers = (0..<10_000).map { "s\($0):\n  A: v\($0)" }.joined(separator: "\n")
        guard case .any(let parts) = try condition(identifiers + "\ncondition: 1 of s*") else {
            throw TestFailure("no list of alternatives")
        }
        #expect(parts.count == 10_000)
        #expect(parts[9999] == (try item("A: v9999")))
    }

    @Test("A condition that says everything again and again is refused")
    func again() {
        let values = (0..<1000).map { "v\($0)" }.joined(separator: ", ")
        let condition = Array(repeating: "s", count: 200).joined(separator: " or ")
        #expect(refusal("s:\n  A: [\(values)]\ncondition: \(condition)")?.place == "Cordon's limits")
    }

    @Test("More documents than a thousand are refused")
    func documents() {
        let yaml = String(repeating: "---\na: b\n", count: 1001)
        #expect(read(yaml).faults.contains { $0.place == "Cordon's limits" })
    }
}
