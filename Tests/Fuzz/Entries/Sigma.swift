import CordonModel
import CordonSigma

@testable import ControllerRules

/// Rules: their documents at the controller, and packs as agents read them.
extension FuzzEntry {
    static let sigma: [FuzzEntry] = [
        FuzzEntry(name: "sigma") { bytes in
            let set = RuleSet.read(bytes, file: "fuzz.yml", groups: ["hosts": ["web*", "db1"]])
            let lines = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
            for finding in set.findings { try hold(finding.line <= lines + 1, "a finding is in the file: \(finding)") }
            let pack = RulePack(name: "fuzz", version: 1, rules: set.rules, correlations: set.correlations)
            // What is too large for a pack is refused when it is published.
            guard let encoded = try? pack.encoded() else { return }
            try same(RulePack(encoded), pack, "what the controller accepts, agents do")
            try match(set.rules)
        },
        FuzzEntry(name: "sigma-condition") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            var parser = ConditionParser(identifiers, line: 1)
            guard let condition = try? parser.condition(text) else { return }
            var again = ConditionParser(identifiers, line: 1)
            guard let bracketed = try? again.condition("( \(text) )") else { return }
            try same(bracketed, condition, "brackets around all change nothing")
            try hold(!parser.used.isEmpty, "a condition uses an identifier")
        },
        FuzzEntry(name: "rule-pack", made: [try samplePack().encoded()]) { bytes in
            guard let pack = try? RulePack(bytes) else { return }
            try same(pack.encoded(), bytes, "a pack is written in one way")
            try match(pack.rules)
        },
    ]

    /// The rules on two events: it ends, and no rule matches twice.
    private static func match(_ rules: [SigmaRule]) throws {
        var matcher = SigmaMatcher(try SigmaEngine(rules), isRouting: false)
        for event in [sample, Event(timestamp: now, created: now, original: "")] {
            let found = matcher.matches(SigmaRecord(event)).map(\.id)
            try same(Set(found).count, found.count, "a rule matches an event once")
        }
    }

    private static let identifiers: [SearchIdentifier] = ["a", "b", "sel_1", "sel_2", "_hidden"].map { name in
        var notes = DocumentNotes()
        let text = YamlNode(line: 1, content: .scalar(YamlNode.Scalar(text: name, isPlain: false)))
        return SearchIdentifier(YamlNode.Entry(key: name, line: 1, value: text), groups: [:], notes: &notes)
    }

    private static func samplePack() throws -> RulePack {
        let text = """
            title: One
            id: 5f1c0f62-7a8d-4f5e-9e4a-0c8a7c5b2a10
            name: one
            status: test
            level: high
            author: A
            tags: [attack.t1059]
            logsource: {product: linux, category: process_creation}
            detection:
              a:
                CommandLine|contains: ['curl', 'w?et']
                Image|re|i: '/(ba)?sh$'
                User: null
              b:
                src|cidr: 10.0.0.0/8
                port|gte: 1024
                x|exists: true
                y|fieldref: z
              c: ['keyword*']
              condition: (a or not b) and c
            ---
            title: Many
            id: 5f1c0f62-7a8d-4f5e-9e4a-0c8a7c5b2a11
            correlation:
              type: event_count
              rules: [one]
              group-by: [user]
              timespan: 5m
              condition: {gte: 10}
            level: high
            """
        let set = RuleSet.read(Array(text.utf8), file: "seed.yml")
        return RulePack(name: "seed", version: 3, rules: set.rules, correlations: set.correlations)
    }
}
