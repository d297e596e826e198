import CordonModel
import CordonSigma
import Testing

/// A correlator over rules a, b and c, fed by hand.
private struct Bench {
    var correlator: SigmaCorrelator
    private var event: UInt64 = 0

    init(_ correlations: CorrelationRule..., limits: SigmaCorrelator.Limits = .init()) throws {
        correlator = try SigmaCorrelator(correlations, rules: ["a", "b", "c"], limits: limits)
    }

    /// The correlations that fire when the rule matches at so many seconds.
    mutating func feed(_ name: String, _ seconds: Int64, _ fields: [String: String] = [:]) throws -> [CorrelationMatch]
    {
        var record = SigmaRecord()
        for (name, value) in fields { record.add(FieldName(name), value) }
        let match = try #require(try SigmaEngine([rule(name, .all([]))]).matches(record).first)
        event += 1
        return correlator.consume(match, of: record, at: Timestamp(seconds: seconds), event: event)
    }
}

private func correlation(
    _ kind: CorrelationRule.Kind, _ rules: [String] = ["a"], by groupBy: [String] = [], span: Int = 60,
    when conditions: [CorrelationRule.Bound] = [], id: String = "x", aliases: [String: [String: String]] = [:],
    generates: Bool = false
) -> CorrelationRule {
    CorrelationRule(
        id: id, title: "T", author: "Anna", level: .high, kind: kind, rules: rules, groupBy: groupBy, timespan: span,
        conditions: conditions, aliases: aliases, generatesBaseAlerts: generates)
}

@Suite("Correlations")
struct CorrelationTests {
    @Test("events are counted by group, in a window that slides and is open at its old end")
    func eventCount() throws {
        var bench = try Bench(correlation(.eventCount, by: ["u"], when: [.init(.greaterOrEqual, 3)]))
        #expect(try bench.feed("a", 0, ["u": "x"]).isEmpty)
        #expect(try bench.feed("a", 30, ["u": "x"]).isEmpty)
        #expect(try bench.feed("a", 31, ["u": "y"]).isEmpty)
        // The first is exactly a timespan old, and gone.
        #expect(try bench.feed("a", 60, ["u": "x"]).isEmpty)
        let fired = try #require(try bench.feed("a", 61, ["u": "x"]).first)
        #expect(fired.group == [.init("u", "x")])
        #expect(fired.figure == 3)
        #expect(fired.events == [2, 4, 5])
        #expect((fired.first, fired.last) == (Timestamp(seconds: 30), Timestamp(seconds: 61)))
        #expect((fired.author, fired.level, fired.isTruncated) == ("Anna", .high, false))
    }

    @Test("it fires once, until the condition was false or the timespan has passed")
    func firesOnce() throws {
        var bench = try Bench(correlation(.eventCount, span: 10, when: [.init(.greaterOrEqual, 2)]))
        let fired = try [0, 1, 2, 3, 10, 11, 30, 31].map { try !bench.feed("a", $0).isEmpty }
        #expect(fired == [false, true, false, false, false, true, false, true])
    }

    @Test("a match without a group's field counts nowhere")
    func noGroup() throws {
        var bench = try Bench(correlation(.eventCount, by: ["u"], when: [.init(.greaterOrEqual, 1)]))
        #expect(try bench.feed("a", 0).isEmpty)
        #expect(bench.correlator.remembered == 0)
    }

    @Test("two bounds are a range")
    func range() throws {
        var bench = try Bench(correlation(.eventCount, span: 10, when: [.init(.greater, 1), .init(.less, 3)]))
        let fired = try [0, 1, 2, 20].map { try !bench.feed("a", $0).isEmpty }
        #expect(fired == [false, true, false, false])
    }

    @Test("distinct values are counted, of several fields distinct tuples, and what lacks one is left out")
    func valueCount() throws {
        var one = try Bench(correlation(.valueCount(["u"]), when: [.init(.greaterOrEqual, 2)]))
        #expect(try one.feed("a", 0, ["u": "x"]).isEmpty)
        #expect(try one.feed("a", 1, ["u": "x"]).isEmpty)
        #expect(try one.feed("a", 2).isEmpty)
        #expect(try one.feed("a", 3, ["u": "y"]).first?.figure == 2)
        var two = try Bench(correlation(.valueCount(["u", "v"]), when: [.init(.greaterOrEqual, 2)]))
        #expect(try two.feed("a", 0, ["u": "x", "v": "1"]).isEmpty)
        #expect(try two.feed("a", 1, ["u": "x"]).isEmpty)
        #expect(try two.feed("a", 2, ["u": "x", "v": "2"]).first?.figure == 2)
    }

    @Test("sums, averages and percentiles are of numbers, and leave out what is none")
    func values() throws {
        var sum = try Bench(correlation(.valueSum("n"), when: [.init(.greater, 10)]))
        #expect(try sum.feed("a", 0, ["n": "7"]).isEmpty)
        #expect(try sum.feed("a", 1, ["n": "many"]).isEmpty)
        #expect(try sum.feed("a", 2, ["n": "3.5"]).first?.figure == 10.5)
        var average = try Bench(correlation(.valueAverage("n"), when: [.init(.less, 5)]))
        #expect(try average.feed("a", 0, ["n": "8"]).isEmpty)
        #expect(try average.feed("a", 1, ["n": "1"]).first?.figure == 4.5)
        var percentile = try Bench(
            correlation(.valuePercentile("n", percentile: 75), when: [.init(.greaterOrEqual, 30)]))
        #expect(try percentile.feed("a", 0, ["n": "10"]).isEmpty)
        #expect(try percentile.feed("a", 1, ["n": "20"]).isEmpty)
        #expect(try percentile.feed("a", 2, ["n": "9"]).isEmpty)
        // Of 9, 10, 20 and 40 the third is the 75th percentile.
        #expect(try percentile.feed("a", 3, ["n": "40"]).isEmpty)
        #expect(try percentile.feed("a", 4, ["n": "50"]).first?.figure == 40)
    }

    @Test("temporal wants every rule, in any order, or as many as its condition says")
    func temporal() throws {
        var every = try Bench(correlation(.temporal, ["a", "b"], by: ["u"]))
        #expect(try every.feed("b", 0, ["u": "x"]).isEmpty)
        #expect(try every.feed("b", 1, ["u": "x"]).isEmpty)
        #expect(try every.feed("a", 2, ["u": "y"]).isEmpty)
        #expect(try every.feed("a", 3, ["u": "x"]).first?.figure == 2)
        var some = try Bench(correlation(.temporal, ["a", "b", "c"], when: [.init(.greaterOrEqual, 2)]))
        #expect(try some.feed("c", 0).isEmpty)
        #expect(try some.feed("a", 1).first?.figure == 2)
    }

    @Test("temporal_ordered wants the order of the list; of one time, that of arrival")
    func ordered() throws {
        var bench = try Bench(correlation(.temporalOrdered, ["a", "b"], span: 10))
        #expect(try bench.feed("b", 0).isEmpty)
        #expect(try bench.feed("a", 1).isEmpty)
        #expect(try bench.feed("b", 1).first?.events == [1, 2, 3])
        var late = try Bench(correlation(.temporalOrdered, ["a", "b"], span: 10))
        #expect(try late.feed("a", 0).isEmpty)
        #expect(try late.feed("b", 10).isEmpty)
    }

    @Test("what no later match can reach is forgotten when asked, and nothing else")
    func forgets() throws {
        var bench = try Bench(
            correlation(.eventCount, by: ["u"], span: 10, when: [.init(.greaterOrEqual, 2)]),
            limits: .init(lateness: .seconds(5)))
        #expect(try bench.feed("a", 0, ["u": "x"]).isEmpty)
        #expect(try bench.feed("a", 8, ["u": "y"]).isEmpty)
        bench.correlator.forget(before: Timestamp(seconds: 14))
        #expect(bench.correlator.remembered == 2)
        bench.correlator.forget(before: Timestamp(seconds: 15))
        #expect(bench.correlator.remembered == 1)
        #expect(try bench.feed("a", 16, ["u": "y"]).count == 1)
        bench.correlator.forget(before: Timestamp(seconds: 100))
        #expect(bench.correlator.remembered == 0)
    }

    @Test("a match that comes late is put where it belongs; one that comes too late is counted only")
    func lateness() throws {
        var bench = try Bench(
            correlation(.temporalOrdered, ["a", "b"], span: 10), limits: .init(lateness: .seconds(5)))
        #expect(try bench.feed("b", 100).isEmpty)
        let fired = try bench.feed("a", 99)
        #expect(fired.first?.last == Timestamp(seconds: 100))
        #expect(bench.correlator.late == 0)
        #expect(try bench.feed("a", 85).isEmpty)
        #expect(bench.correlator.late == 1)
    }

    @Test("aliases group over fields of different names")
    func aliases() throws {
        let rule = correlation(
            .temporal, ["a", "b"], by: ["who"], aliases: ["who": ["a": "user", "b": "target.user"]])
        var bench = try Bench(rule)
        #expect(try bench.feed("a", 0, ["user": "x"]).isEmpty)
        #expect(try bench.feed("b", 1, ["user": "x"]).isEmpty)
        #expect(try bench.feed("b", 2, ["target.user": "x"]).first?.group == [.init("who", "x")])
    }

    @Test("a correlation feeds another, which sees its group only; what feeds is silent unless it generates")
    func chains() throws {
        let many = correlation(.eventCount, by: ["ip"], when: [.init(.greaterOrEqual, 2)], id: "many")
        let then = correlation(.temporalOrdered, ["many", "b"], by: ["ip"], id: "then")
        var bench = try Bench(many, then)
        #expect(!bench.correlator.alertsByItself("a"))
        #expect(!bench.correlator.alertsByItself("many"))
        #expect(bench.correlator.alertsByItself("then"))
        #expect(try bench.feed("a", 0, ["ip": "1"]).isEmpty)
        #expect(try bench.feed("a", 1, ["ip": "1"]).isEmpty)
        #expect(try bench.feed("b", 2, ["ip": "2"]).isEmpty)
        #expect(try bench.feed("b", 3, ["ip": "1"]).map(\.id) == ["then"])
        let generating = try SigmaCorrelator(
            [correlation(.eventCount, when: [.init(.greater, 1)], generates: true)], rules: ["a"])
        #expect(generating.alertsByItself("a"))
    }

    @Test(
        "what cannot work is refused",
        arguments: [
            [correlation(.eventCount, ["nobody"], when: [.init(.greater, 1)])], [correlation(.eventCount, ["a"])],
            [correlation(.eventCount, ["x"], when: [.init(.greater, 1)])],
            [correlation(.eventCount, when: [.init(.less, 5)])],
            [correlation(.eventCount, when: [.init(.equal, 0)])],
            [correlation(.valueCount([]), when: [.init(.greater, 1)])],
            [correlation(.valuePercentile("n", percentile: 101), when: [.init(.greater, 1)])],
            [correlation(.eventCount, span: 0, when: [.init(.greater, 1)])], [correlation(.temporal, [])],
            [correlation(.temporal, ["a", "a"])], [correlation(.temporal), correlation(.temporal)],
            [correlation(.temporal, id: "a")],
            [correlation(.temporal, ["y"], id: "x"), correlation(.temporal, ["x"], id: "y")],
            (0...10).map { correlation(.temporal, [$0 == 0 ? "a" : "\($0 - 1)"], id: "\($0)") },
        ])
    func refusals(_ correlations: [CorrelationRule]) {
        #expect(throws: SigmaError.self) { try SigmaCorrelator(correlations, rules: ["a"]) }
    }

    @Test("a chain of ten is not too deep")
    func ten() throws {
        let chain = (0..<10).map { correlation(.temporal, [$0 == 0 ? "a" : "\($0 - 1)"], id: "\($0)") }
        let correlator = try SigmaCorrelator(chain, rules: ["a"])
        #expect(correlator.alertsByItself("9"))
        #expect(!correlator.alertsByItself("8"))
    }

    @Test("memory is bounded, in one group and in many, and what was forgotten is said")
    func bounds() throws {
        let limits = SigmaCorrelator.Limits(matches: 64, matchesInGroup: 8)
        var one = try Bench(correlation(.eventCount, when: [.init(.greaterOrEqual, 8)]), limits: limits)
        var last: CorrelationMatch?
        for second in 0..<200 { last = try one.feed("a", Int64(second)).last ?? last }
        #expect(one.correlator.remembered == 8)
        #expect(one.correlator.truncations == 1)
        #expect(last?.isTruncated == true)
        var many = try Bench(
            correlation(.eventCount, by: ["u"], when: [.init(.greaterOrEqual, 2)]), limits: limits)
        for user in 0..<500 { #expect(try many.feed("a", 1, ["u": "\(user)"]).isEmpty) }
        #expect(many.correlator.remembered <= 64)
        #expect(many.correlator.truncations > 400)
        #expect(try many.feed("a", 2, ["u": "499"]).count == 1)
    }
}
