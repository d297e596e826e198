import CordonSigma
import CordonTesting
import Testing

@testable import ControllerRules

@Suite("Correlation rules")
struct CorrelationTests {
    private let base = """
        title: Base
        id: base-id
        name: base
        logsource: {product: linux}
        detection: {s: {A: x}, condition: s}
        ---
        title: Other
        id: other-id
        name: other
        logsource: {product: linux}
        detection: {s: {A: y}, condition: s}
        ---

        """

    private func correlation(_ section: String) -> RuleSet {
        read(
            base + "title: C\nid: c\nlevel: high\ncorrelation:\n"
                + section.split(separator: "\n").map { "  \($0)\n" }.joined())
    }

    private func refusal(_ section: String) -> String? { correlation(section).faults.first?.place }

    private let counted = "type: event_count\nrules: base\ngroup-by: [u]\ntimespan: 1h\n"

    @Test("Every type is read, with identifiers put for names")
    func types() {
        let cases: [(String, String, CorrelationRule.Kind)] = [
            ("event_count", "{gte: 3}", .eventCount), ("value_count", "{field: F, gt: 3}", .valueCount(["F"])),
            ("value_count", "{field: [F, G H], gt: 3}", .valueCount(["F", "GH"])), ("temporal", "{gte: 2}", .temporal),
            ("temporal_ordered", "{gte: 2}", .temporalOrdered), ("value_sum", "{field: F, gt: 1.5}", .valueSum("F")),
            ("value_avg", "{field: F, lt: 3}", .valueAverage("F")),
            ("value_percentile", "{field: F, lte: 1, percentile: 95}", .valuePercentile("F", percentile: 95)),
            ("value_percentile", "{field: F, lte: 1}", .valuePercentile("F", percentile: 50)),
        ]
        for (type, condition, kind) in cases {
            let set = correlation(
                "type: \(type)\nrules: [base, other-id]\ngroup-by: [u, v]\ntimespan: 90m\ncondition: \(condition)")
            #expect(set.faults.isEmpty)
            #expect(set.correlations.first?.kind == kind)
            #expect(set.correlations.first?.rules == ["base-id", "other-id"])
            #expect(set.correlations.first?.groupBy == ["u", "v"])
            #expect(set.correlations.first?.timespan == 5400)
            #expect(set.correlations.first?.conditions.count == 1)
            #expect(set.correlations.first?.level == .high)
        }
    }

    @Test("Two criteria are a range, and temporal types need none")
    func conditions() {
        #expect(correlation(counted + "condition: {gt: 100, lte: 200}").correlations.first?.conditions.count == 2)
        let temporal = correlation("type: temporal\nrules: [base, other]\ngroup-by: [u]\ntimespan: 5m")
        #expect(temporal.faults.isEmpty)
        #expect(temporal.correlations.first?.conditions == [])
    }

    @Test("Rules of a correlation need no level", arguments: [true, false])
    func levels(generates: Bool) {
        let set = correlation(counted + "condition: {gte: 3}\ngenerate: \(generates)")
        #expect(set.correlations.first?.generatesBaseAlerts == generates)
        #expect(set.warnings.filter { $0.place == "Rules, Level" }.map(\.rule) == ["other-id"])
    }

    @Test("Aliases are of the rules' identifiers")
    func aliases() {
        let section = "type: temporal\nrules: [base, other]\ngroup-by: [ip]\ntimespan: 10s\n"
        let set = correlation(section + "aliases: {ip: {base: source.ip, other: destination.ip}}")
        #expect(set.correlations.first?.aliases == ["ip": ["base-id": "source.ip", "other-id": "destination.ip"]])
        #expect(refusal(section + "aliases: {ip: {nobody: a}}") == "Correlations, Aliases")
        #expect(refusal(section + "aliases: {ip: a}") == "Correlations, Aliases")
        #expect(refusal(section + "aliases: [a]") == "Correlations, Aliases")
    }

    @Test(
        "What the specification does not have is refused",
        arguments: [
            ("rules: [base]\ntimespan: 1h\ncondition: {gte: 1}", "Correlation type"),
            ("type: value_median\nrules: [base]\ntimespan: 1h\ncondition: {gte: 1}", "Correlation type"),
            ("type: event_count\ntimespan: 1h\ncondition: {gte: 1}", "Related rules"),
            ("type: event_count\nrules: []\ntimespan: 1h\ncondition: {gte: 1}", "Related rules"),
            ("type: event_count\nrules: [base, base-id]\ntimespan: 1h\ncondition: {gte: 1}", "Related rules"),
            ("type: event_count\nrules: [nobody]\ntimespan: 1h\ncondition: {gte: 1}", "Related rules"),
            ("type: event_count\nrules: [base]\ncondition: {gte: 1}", "Time Selection"),
            ("type: event_count\nrules: [base]\ntimespan: 1h", "Condition"),
            ("type: event_count\nrules: [base]\ntimespan: 1h\ncondition: gte 1", "Condition"),
            ("type: event_count\nrules: [base]\ntimespan: 1h\ncondition: {gte: x}", "Condition"),
            ("type: event_count\nrules: [base]\ntimespan: 1h\ncondition: {min: 1}", "Condition"),
            ("type: event_count\nrules: [base]\ntimespan: 1h\ncondition: {gte: 1, field: a}", "Condition"),
            ("type: value_count\nrules: [base]\ntimespan: 1h\ncondition: {gte: 1}", "Condition"),
            ("type: value_sum\nrules: [base]\ntimespan: 1h\ncondition: {gte: 1, field: [a, b]}", "Condition"),
            (
                "type: value_percentile\nrules: [base]\ntimespan: 1h\ncondition: {gte: 1, field: a, percentile: 101}",
                "Condition"
            ),
            ("type: event_count\nrules: [base]\ntimespan: 1h\ncondition: {gte: 1}\ngenerate: maybe", "Generate"),
            ("type: event_count\nrules: [base]\ntimespan: 1h\ncondition: {gte: 1}\nwindow: 3", "Correlation section"),
        ])
    func refused(section: String, chapter: String) { #expect(refusal(section) == "Correlations, \(chapter)") }

    @Test(
        "A condition that holds of no events at all is refused",
        arguments: ["lt: 5", "lte: 5", "eq: 0", "gte: 0", "neq: 3"])
    func absence(criterion: String) {
        #expect(refusal(counted + "condition: {\(criterion)}") == "Correlations, Condition")
        #expect(
            refusal("type: value_avg\nrules: base\ngroup-by: u\ntimespan: 1h\ncondition: {\(criterion), field: F}")
                == nil)
    }

    @Test(
        "A timespan is a number and a lower-case letter",
        arguments: ["1M", "1w", "h", "1.5h", "-1h", "0s", "1 h", "90", "99999999999s", "400d", "[1h]"])
    func timespans(text: String) {
        let place = refusal("type: event_count\nrules: base\ngroup-by: u\ntimespan: \(text)\ncondition: {gte: 1}")
        #expect(place == (text == "400d" ? "Cordon's limits" : "Correlations, Time Selection"))
    }

    @Test("The specification's example of a chain is read whole, inner ones first")
    func chain() {
        let set = read(
            """
            title: Outer
            id: outer
            level: high
            correlation: {type: temporal_ordered, rules: [inner, other], group-by: [User], timespan: 10m}
            ---
            title: Inner
            name: inner
            correlation: {type: event_count, rules: [base], group-by: [User], timespan: 10m, condition: {gte: 10}}
            ---

            """ + base + "---\n")
        #expect(set.findings.allSatisfy { $0.reason.contains("no UUID") })
        #expect(set.correlations.map(\.id) == ["Inner", "outer"])
        #expect(set.correlations.last?.rules == ["Inner", "other-id"])
    }

    @Test("Circles and what stands on a refused rule are refused")
    func circles() {
        func link(_ name: String, _ to: String) -> String {
            "title: \(name)\nlevel: low\ncorrelation: {type: event_count, rules: [\(to)], group-by: [u], timespan: 1h, condition: {gte: 1}}\n---\n"
        }
        let circle = read(link("a", "b") + link("b", "c") + link("c", "a") + link("self", "self") + link("d", "a"))
        #expect(circle.correlations.isEmpty)
        #expect(circle.faults.count == 5)
        #expect(circle.faults.allSatisfy { $0.place == "Correlations, Related rules" })
        let broken = read(base + link("x", "nobody") + link("y", "x"))
        #expect(broken.correlations.isEmpty)
        #expect(broken.faults.last?.reason.contains("refused") == true)
    }

    @Test("Chains have a depth of ten")
    func depth() {
        let links = (1...12).map { level in
            "title: c\(level)\nlevel: low\ncorrelation: {type: event_count, rules: [\(level == 1 ? "base" : "c\(level - 1)")], group-by: [u], timespan: 1h, condition: {gte: 1}}\n"
        }
        let set = read(base + links.joined(separator: "---\n"))
        #expect(set.correlations.count == 10)
        #expect(set.faults.count == 2)
    }

    @Test("A document is a detection or a correlation")
    func both() {
        let set = read(document("s: {A: x}\ncondition: s", more: "level: low\ncorrelation: {type: temporal}"))
        #expect(set.faults.map(\.place) == ["Correlations, Correlation section"])
    }
}
