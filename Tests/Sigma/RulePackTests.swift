import CordonMatch
import CordonModel
import CordonSigma
import Testing

private let everything = RulePack(
    name: "linux", version: 7,
    rules: [
        SigmaRule(
            id: "a", name: "n", title: "Tïtle", author: "Anna", level: .high, status: .test, summary: "S", tags: ["t"],
            references: ["r"], falsePositives: ["f"], logSource: LogSource(product: "linux", service: "sshd"),
            condition: .all([
                has("A", "a*b?c", isCased: true), .not(keyword("k")), .any([]),
                .field("B", .expression(RegularExpression("^x", options: [.ignoresCase, .isMultiline]))),
                .field("C", .network(Network(.v4(0x0A00_0001)))), .field("D", .number(.lessOrEqual, -1.5)),
                .field("E", .time(.week, .equal, 53)), .field("F", .exists(false)), .field("G", .isNull),
                .field("H", .field("I", .suffix, isCased: true)),
            ])),
        rule("b", .all([])),
    ],
    correlations: [
        CorrelationRule(
            id: "c", title: "C", level: .critical, tags: ["x"], kind: .valuePercentile("n", percentile: 95),
            rules: ["a", "b"], groupBy: ["u"], timespan: 300, conditions: [.init(.greater, 1), .init(.less, 9)],
            aliases: ["u": ["a": "x", "b": "y"]], generatesBaseAlerts: true),
        CorrelationRule(
            id: "d", name: "dn", title: "D", author: "Bert", kind: .valueCount(["x", "y"]), rules: ["c"], timespan: 1,
            conditions: [.init(.equal, 2)]),
        CorrelationRule(id: "e", title: "E", kind: .temporalOrdered, rules: ["a", "b"], timespan: 1),
        CorrelationRule(
            id: "f", title: "F", kind: .valueSum("z"), rules: ["b"], timespan: 1, conditions: [.init(.less, 0)]),
        CorrelationRule(
            id: "g", title: "G", kind: .valueAverage("z"), rules: ["b"], timespan: 1, conditions: [.init(.notEqual, 0)]),
        CorrelationRule(id: "h", title: "H", kind: .temporal, rules: ["b"], timespan: 1),
        CorrelationRule(
            id: "i", title: "I", kind: .eventCount, rules: ["b"], timespan: 1, conditions: [.init(.greaterOrEqual, 2)]),
    ])

@Suite("Rule packs")
struct RulePackTests {
    @Test("a pack comes back as it was")
    func roundTrip() throws {
        let bytes = try everything.encoded()
        #expect(try RulePack(bytes) == everything)
    }

    @Test("no beginning of a pack is a pack")
    func cut() throws {
        let bytes = try everything.encoded()
        for length in bytes.indices {
            #expect(throws: SigmaError.self) { try RulePack(Array(bytes[..<length])) }
        }
        #expect(throws: SigmaError.self) { try RulePack(bytes + [0]) }
    }

    @Test("a changed byte is refused or gives a pack that is written just so")
    func changed() throws {
        let bytes = try everything.encoded()
        var refused = 0
        for place in bytes.indices {
            for flip in [1, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[place] ^= flip
                guard let pack = try? RulePack(changed) else {
                    refused += 1
                    continue
                }
                #expect(try pack.encoded() == changed)
            }
        }
        #expect(refused > bytes.count)
    }

    @Test("what cannot work is refused whole: two rules of one id, a bad expression, a rule that is not there")
    func impossible() throws {
        let bad = [
            RulePack(name: "x", version: 1, rules: [rule("a", .all([])), rule("a", .any([]))]),
            RulePack(name: "x", version: 1, rules: [rule("a", .field("A", .expression(RegularExpression("("))))]),
            RulePack(
                name: "x", version: 1, rules: [],
                correlations: [CorrelationRule(id: "c", title: "C", kind: .temporal, rules: ["a"], timespan: 1)]),
        ]
        for pack in bad {
            let bytes = try pack.encoded()
            #expect(throws: SigmaError.self) { try RulePack(bytes) }
        }
    }

    @Test("conditions that are too deep, and texts that are too long, are not written")
    func limits() {
        let deep = (0..<100).reduce(Condition.all([])) { condition, _ in .not(condition) }
        let packs = [
            RulePack(name: "x", version: 1, rules: [rule("a", deep)]),
            RulePack(name: String(repeating: "x", count: 70_000), version: 1, rules: []),
        ]
        for pack in packs { #expect(throws: SigmaError.self) { try pack.encoded() } }
    }
}
