import CordonSigma
import Testing

@testable import ControllerRules

@Suite("Attributes of rules")
struct AttributeTests {
    private func rule(_ more: String) -> RuleSet { read(document("s: {A: x}\ncondition: s", more: more)) }

    @Test("Everything that goes with a match is kept")
    func kept() {
        let more = """
            name: a_rule
            author: One, Two
            level: high
            status: test
            description: |
              Two
              lines
            references: [https://example.org/a]
            tags: [attack.t1211]
            falsepositives: [Unlikely]
            fields: [A]
            scope: [server]
            custom: {any: thing}
            date: 2024-01-31
            """
        let rule = rule(more).rules.first
        #expect(rule?.id == "0e95725d-7320-415d-80f7-004da920fc11")
        #expect(rule?.name == "a_rule")
        #expect(rule?.author == "One, Two")
        #expect(rule?.level == .high)
        #expect(rule?.status == .test)
        #expect(rule?.summary == "Two\nlines\n")
        #expect(rule?.references == ["https://example.org/a"])
        #expect(rule?.tags == ["attack.t1211"])
        #expect(rule?.falsePositives == ["Unlikely"])
        #expect(rule?.logSource == LogSource(product: "linux"))
    }

    @Test("A rule without an identifier has its title's")
    func identifier() {
        let set = read("title: Its title\nlevel: low\nlogsource: {category: dns}\ndetection: {s: {A: x}, condition: s}")
        #expect(set.rules.map(\.id) == ["Its title"])
        #expect(set.findings.isEmpty)
    }

    @Test(
        "What the specification does not have is refused",
        arguments: [
            ("level: severe", "Rules, Level"), ("status: unsupported", "Rules, Status"),
            ("status: old", "Rules, Status"),
            ("taxonomy: ecs", "Rules, Taxonomy"), ("author: {a: b}", "Rules, Author"), ("name: [a]", "Rules, Name"),
            ("date: 2024/01/31", "Rules, Date; Changes in 2.0.0, Date & Modified Field"),
            ("modified: yesterday", "Rules, Date; Changes in 2.0.0, Date & Modified Field"),
            ("action: global", "Rules, File Structure"), ("tags: {a: b}", "Rules, File Structure"),
        ])
    func refused(more: String, place: String) {
        let set = rule(more)
        #expect(set.rules.isEmpty)
        #expect(set.faults.map(\.place) == [place])
        #expect(set.faults.first?.line == 3)
    }

    @Test("The three mandatory parts are missed", arguments: ["title", "logsource", "detection"])
    func mandatory(part: String) {
        var lines = ["title: t", "level: low", "logsource: {product: linux}", "detection: {s: {A: x}, condition: s}"]
        lines.removeAll { $0.hasPrefix(part) }
        let set = read(lines.joined(separator: "\n"))
        #expect(set.rules.isEmpty)
        #expect(set.faults.count == 1)
    }

    @Test("A title has 256 characters at most")
    func title() {
        let rest = "\nlevel: low\nlogsource: {product: linux}\ndetection: {s: {A: x}, condition: s}"
        #expect(read("title: " + String(repeating: "a", count: 256) + rest).faults.isEmpty)
        #expect(read("title: " + String(repeating: "a", count: 257) + rest).faults.first?.place == "Rules, Title")
    }

    @Test(
        "A log source that names nothing is refused",
        arguments: ["{}", "linux", "{definition: x}", "{product: [a]}", "{product: null}"])
    func logSource(value: String) {
        let set = read("title: t\nlogsource: \(value)\ndetection: {s: {A: x}, condition: s}")
        #expect(set.faults.map(\.place) == ["Rules, LogSource"])
    }

    @Test("Log sources are lower case, and others are warned of")
    func lower() {
        let set = read(
            "title: t\nlevel: low\nlogsource: {product: Linux, category: process_creation, service: auditd, definition: D}\n"
                + "detection: {s: {A: x}, condition: s}")
        #expect(
            set.rules.first?.logSource == LogSource(product: "linux", category: "process_creation", service: "auditd"))
        #expect(set.warnings.map(\.place) == ["Rules, LogSource"])
    }

    @Test("Deprecated rules, unusual identifiers and missing levels are warned of")
    func warned() {
        #expect(rule("level: low\nstatus: deprecated").warnings.map(\.place) == ["Rules, Status"])
        #expect(rule("author: x").warnings.map(\.place) == ["Rules, Level"])
        let set = read("title: t\nid: 7\nlevel: low\nlogsource: {product: a}\ndetection: {s: {A: x}, condition: s}")
        #expect(set.warnings.map(\.place) == ["Rules, Identification"])
        #expect(set.rules.map(\.id) == ["7"])
    }

    @Test("An identifier or a name of another rule is refused")
    func doubles() {
        let one = document("s: {A: x}\ncondition: s")
        let set = read(one + "---\n" + one)
        #expect(set.rules.count == 1)
        #expect(set.faults.first?.reason.contains("rules.yml:1") == true)
        #expect(set.faults.first?.line == 10)
        let named = "name: n\nlogsource: {product: a}\ndetection: {s: {A: x}, condition: s}\n"
        #expect(read("title: a\n\(named)---\ntitle: b\n\(named)").faults.map(\.place) == ["Rules, Name"])
    }
}
