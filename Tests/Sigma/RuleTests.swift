import CordonSigma
import Testing

@Suite("Rules")
struct RuleTests {
    @Test("a rule that names no level only informs")
    func informs() {
        let rule = SigmaRule(id: "a", title: "A", logSource: LogSource(), condition: .all([]))
        #expect(rule.level == .informational)
    }
}
