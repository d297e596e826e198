import Testing

@testable import ControllerRules

@Suite("Errors of rules")
struct ErrorTests {
    @Test("each names its domain")
    func names() { #expect(RulesError("unreadable", "It cannot be read.").code == "rules.unreadable") }
}
