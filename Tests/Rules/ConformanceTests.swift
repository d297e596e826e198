import CordonScan
import CordonSigma
import CordonTesting
import Glibc
import Testing

@testable import ControllerRules

/// The recorded cases; each test says its figures, so that a run shows what was held to what.
@Suite("Sigma conformance", .enabled(if: Corpora.obstacle == nil, Comment(rawValue: Corpora.obstacle ?? "")))
struct ConformanceTests {
    private let folder = "\(Corpora.folder ?? "")/sigma"

    private func bytes(_ name: String) throws -> [UInt8] {
        try RuleFiles.bytes("\(folder)/\(name)", limit: 64 << 20)
    }

    private func json(_ bytes: [UInt8]) throws -> JSONValue {
        try JSONValue.parse(bytes, limits: JSONValue.Limits(depth: 64, bytes: 64 << 20, nodes: 2_000_000))
    }

    @Test("Every small case has the answer that the specification gives")
    func micro() throws {
        let cases = try #require(try json(try bytes("conformance-micro.json")).array)
        var agreeing = 0
        for one in cases {
            let id = try #require(one["id"]?.text)
            let event = try #require(one["event"]?.object)
            let yaml =
                "title: t\nlevel: low\nlogsource: {product: x}\ndetection: \(try #require(one["detection"]).json())\n"
            let set = read(yaml)
            #expect(set.faults.isEmpty, "\(id)")
            let found = try !SigmaEngine(set.rules).matches(SigmaRecord(event, logSources: [LogSource(product: "x")]))
                .isEmpty
            #expect(found == one["expected"]?.flag, "\(id)")
            if found == one["expected"]?.flag { agreeing += 1 }
        }
        print("Sigma, small cases: \(agreeing) of \(cases.count) agree.")
        #expect(!cases.isEmpty)
    }

    @Test("The matrix of process events is met exactly")
    func matrix() throws {
        let expected = try #require(try json(try bytes("atomic-linux/expected_matches.json")).object)
        let set = try RuleSet.load(["\(folder)/rules"])
        let isProcess = { (rule: SigmaRule) in
            rule.logSource == LogSource(product: "linux", category: "process_creation")
        }
        let engine = try SigmaEngine(set.rules.filter(isProcess))
        var matcher = SigmaMatcher(engine)
        var found: [String: [Int64]] = [:]
        var events = 0
        for line in try bytes("atomic-linux/events.jsonl").split(separator: 0x0A) {
            let value = try json(Array(line))
            let event = try #require(value["event"]?.object)
            let id = try #require(value["id"]?.integer)
            let record = SigmaRecord(event, logSources: [LogSource(product: "linux", category: "process_creation")])
            for match in matcher.matches(record) { found[match.id, default: []].append(id) }
            events += 1
        }
        var wanted: [String: [Int64]] = [:]
        for (rule, value) in expected { wanted[rule] = value["match"]?.array?.compactMap(\.integer) }
        let pairs = wanted.values.reduce(0) { $0 + $1.count }
        let both = wanted.reduce(0) { $0 + Set($1.value).intersection(found[$1.key] ?? []).count }
        let extra = found.values.reduce(0) { $0 + $1.count } - both
        print(
            "Sigma, matrix: \(engine.rules.count) rules, \(events) events, \(both) of \(pairs) pairs, \(extra) others.")
        #expect(found == wanted)
        #expect(pairs > 0)
    }

    @Test(
        "Every rule is read, or refused with a chapter of the specification",
        arguments: [
            "rules", "rules-emerging-threats", "rules-threat-hunting",
        ])
    func rules(name: String) throws {
        let set = try RuleSet.load(["\(folder)/rules/\(name)"])
        report(name, set)
        #expect(set.files > 0)
        // A rule a file: each file is a rule or a fault.
        #expect(set.rules.count + set.refused == set.files)
        #expect(set.faults.allSatisfy { !$0.place.isEmpty && $0.place != SpecificationPlace.limits.rawValue })
        // These are in use: what cannot be read of them, the specification itself must forbid.
        #expect(set.faults.isEmpty)
        _ = try SigmaEngine(set.rules)
    }

    @Test("Unsupported rules are refused, deprecated ones refused or warned of")
    func unusable() throws {
        let unsupported = try RuleSet.load(["\(folder)/rules/unsupported"])
        report("unsupported", unsupported)
        #expect(unsupported.rules.isEmpty)
        #expect(unsupported.refused == unsupported.files)
        let deprecated = try RuleSet.load(["\(folder)/rules/deprecated"])
        report("deprecated", deprecated)
        #expect(deprecated.rules.allSatisfy { $0.status == .deprecated })
        #expect(
            deprecated.warnings.filter { $0.place == SpecificationPlace.status.rawValue }.count
                == deprecated.rules.count)
        #expect(deprecated.rules.count + deprecated.refused == deprecated.files)
    }

    @Test("The specification's own documents are read; those of another taxonomy are refused")
    func documents() throws {
        let set = try RuleSet.load(["\(folder)/spec/tests/schema/rules", "\(folder)/spec/tests/schema/filter"])
        report("schema", set)
        #expect(set.rules.count == 1)
        #expect(set.filters == 1)
        #expect(
            set.faults.allSatisfy { $0.place == SpecificationPlace.taxonomy.rawValue && $0.file.hasSuffix("_ecs.yml") })
        #expect(set.faults.count == 2)
    }

    @Test("The specification's correlations are read, given the rules that they name")
    func correlations() throws {
        let names = ["recon_cmd_a", "recon_cmd_b", "recon_cmd_c", "rule_a_id", "website_access", "process_creation"]
        let bases =
            names.map { "title: \($0)\nname: \($0)\n" } + ["title: base\nid: 5638f7c0-ac70-491d-8465-2a65075e0d86\n"]
        let rest = "logsource: {product: x}\ndetection: {s: {A: x}, condition: s}\n"
        var count = 0
        for type in [
            "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile",
        ] {
            let text = String(decoding: try bytes("spec/tests/schema/correlation/\(type).yml"), as: UTF8.self)
            let set = RulesTests.read(([text] + bases.map { $0 + rest }).joined(separator: "\n---\n"))
            #expect(set.faults.isEmpty, "\(type)")
            count += set.correlations.count
        }
        print("Sigma, the specification's correlations: \(count) of 7 read.")
        #expect(count == 7)
    }

    private func report(_ name: String, _ set: RuleSet) {
        let reasons = Dictionary(grouping: set.faults, by: \.place).map { "\($0.value.count) × \($0.key)" }.sorted()
        print(
            "Sigma, \(name): \(set.files) files, \(set.rules.count) rules, \(set.refused) refused"
                + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))") + ", \(set.warnings.count) warnings."
        )
    }
}
