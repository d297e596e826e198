import CordonSigma
import CordonTesting
import Testing

@testable import ControllerRules

@Suite("Conditions")
struct ConditionTests {
    /// `a`, `b`, `c` are the tests of single fields.
    private func parsed(_ text: String) throws -> Condition {
        try condition("a: {A: x}\nb: {B: x}\nc: {C: x}\n_d: {D: x}\ncondition: \(text)")
    }

    private func field(_ name: String) throws -> Condition { try item("\(name): x") }

    @Test("not binds before and, and before or")
    func precedence() throws {
        let (a, b, c) = (try field("A"), try field("B"), try field("C"))
        #expect(try parsed("a or b and not c") == .any([a, .all([b, .not(c)])]))
        #expect(try parsed("(a or b) and not c") == .all([.any([a, b]), .not(c)]))
        #expect(try parsed("not a and b") == .all([.not(a), b]))
        #expect(try parsed("not (a and b)") == .not(.all([a, b])))
        #expect(try parsed("not not a") == a)
        #expect(try parsed("((a))") == a)
        // A mark that combines with what is before it makes no other bracket of a bracket.
        #expect(try condition("\u{301}a: {A: x}\ncondition: (\u{301}a)") == a)
    }

    @Test("them is every search identifier but those with _")
    func them() throws {
        let (a, b, c) = (try field("A"), try field("B"), try field("C"))
        #expect(try parsed("1 of them") == .any([a, b, c]))
        #expect(try parsed("any of them") == .any([a, b, c]))
        #expect(try parsed("all of them") == .all([a, b, c]))
        #expect(try parsed("not 1 of them and _d") == .all([.not(.any([a, b, c])), try field("D")]))
    }

    @Test(
        "A pattern has its stars anywhere",
        arguments: [
            ("sel_*", 3), ("*_b", 1), ("s*l_*", 3), ("*", 4), ("sel_a", 1), ("*e*", 4), ("sel_a*a", 0), ("sel_a*b", 0),
            ("**", 4), ("other", 1),
        ])
    func patterns(pattern: String, count: Int) throws {
        let detection =
            "sel_a: {A: x}\nsel_b: {B: x}\nsel_c: {C: x}\nother: {D: x}\n_sel_z: {Z: x}\ncondition: all of \(pattern)"
        guard count > 0 else {
            #expect(refusal(detection)?.place == "Rules, Condition")
            return
        }
        let found = try condition(detection)
        if case .all(let parts) = found { #expect(parts.count == count) } else { #expect(count == 1) }
    }

    @Test("Words that begin like operators are identifiers")
    func words() throws {
        let found = try condition("note: {A: x}\npad: {B: x}\norigin: {C: x}\ncondition: note and pad or origin")
        #expect(found == .any([.all([try field("A"), try field("B")]), try field("C")]))
    }

    @Test("A list of conditions is linked with or")
    func list() throws {
        let found = try condition("a: {A: x}\nb: {B: x}\ncondition:\n  - a\n  - not b")
        #expect(found == .any([try field("A"), .not(try field("B"))]))
    }

    @Test("Operators may be written large")
    func large() throws { #expect(try parsed("a AND NOT b") == .all([try field("A"), .not(try field("B"))])) }

    @Test(
        "What is no condition is refused",
        arguments: [
            "a and", "and a", "a b", "(a", "a)", "()", "not", "a or or b", "1 of", "of them", "2 of them", "x", "''",
            "a & b",
            "1 of x*", "all of _*", "a.b", "a not b", "[]", "{a: b}", "null",
        ])
    func refused(text: String) {
        let found = refusal("a: {A: x}\nb: {B: x}\n_d: {D: x}\ncondition: \(text.contains("&") ? "'\(text)'" : text)")
        #expect(found?.place == "Rules, Condition")
        #expect(found?.line == 10)
    }

    @Test(
        "Aggregations and near are refused as obsolete, naming correlations",
        arguments: ["a | count() by b > 3", "a | near b", "a near b", "a | min(x) > 3", "a|count() > 1"])
    func obsolete(text: String) {
        let found = refusal("a: {A: x}\nb: {B: x}\ncondition: \(text)")
        #expect(found?.place == "Correlations, Expression of Relationships In The Condition")
        #expect(found?.reason.contains("correlation rule") == true)
    }

    @Test("timeframe is refused as obsolete")
    func timeframe() {
        #expect(refusal("a: {A: x}\ntimeframe: 5m\ncondition: a")?.reason.contains("timeframe") == true)
    }

    @Test("Brackets have a depth")
    func depth() {
        let text = String(repeating: "(", count: 5000) + "a" + String(repeating: ")", count: 5000)
        #expect(refusal("a: {A: x}\ncondition: \(text)")?.place == "Cordon's limits")
        let negations = String(repeating: "not ", count: 3000) + "a"
        #expect(refusal("a: {A: x}\ncondition: \(negations)") == nil)
    }

    @Test("A search identifier that is not used is warned of, one with _ is not")
    func unused() {
        let set = read(document("a: {A: x}\nb: {B: x}\n_c: {C: x}\ncondition: a"))
        #expect(set.warnings.map(\.reason) == ["The condition does not use “b”."])
    }

    @Test("A detection without a condition, or that is no map, is refused")
    func missing() {
        #expect(refusal("a: {A: x}")?.place == "Rules, Condition")
        #expect(refusal("- a")?.place == "Rules, Detection")
    }
}
