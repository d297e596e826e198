import CordonMatch
import CordonModel
import CordonSigma
import Testing

@testable import AgentDetect

@Suite("Sigma rules on the agent")
struct SigmaRulesTests {
    private let surroundings = Surroundings(
        now: { Timestamp(seconds: 1_800_000_000) }, random: { 7 })

    private func event(_ message: String, at seconds: Int64 = 0, user: String = "root") -> Event {
        let time = Timestamp(seconds: 1_800_000_000 + seconds)
        return Event(
            timestamp: time, created: time, original: message,
            fields: [.processName: .text("sshd"), .userName: .text(user), .sourceIP: .text("203.0.113.9")])
    }

    private func rule(_ id: String, level: SigmaRule.Level = .high) -> SigmaRule {
        SigmaRule(
            id: id, title: "Backdoor", author: "Ada", level: level, tags: ["attack.t1059.004", "attack.execution"],
            logSource: LogSource(),
            condition: .keyword(Wildcards([.anyRun, .literal("backdoor"), .anyRun]), isCased: false))
    }

    private func detector(_ pack: RulePack) throws -> Detector {
        let detector = Detector(surroundings: surroundings)
        try detector.install(try pack.encoded())
        return detector
    }

    @Test("a match is an alert that names the rule's author, its techniques and whom it is about")
    func alerts() throws {
        let detector = try detector(RulePack(name: "p", version: 1, rules: [rule("r1")]))
        let alert = try #require(detector.inspect(event("a Backdoor opened")).first)
        #expect(alert.rule == RuleReference(id: "r1", name: "Backdoor", techniques: ["T1059.004"], author: "Ada"))
        #expect(alert.severity == .high)
        #expect(alert.title == "Backdoor (root)")
        #expect(alert.deduplicationKey == "r1|root")
        #expect(alert.observables.map(\.value) == ["203.0.113.9", "root"])
        #expect(detector.inspect(event("all is well")).isEmpty)
    }

    @Test("a rule that only informs raises no alert")
    func informs() throws {
        let detector = try detector(RulePack(name: "p", version: 1, rules: [rule("r1", level: .informational)]))
        #expect(detector.inspect(event("backdoor")).isEmpty)
    }

    @Test("a correlation alerts once its count is there, with the events that count, and its rule keeps silent")
    func correlates() throws {
        let correlation = CorrelationRule(
            id: "c1", title: "Many backdoors", author: "Grace", level: .critical, kind: .eventCount, rules: ["r1"],
            groupBy: ["user.name"], timespan: 60, conditions: [.init(.greaterOrEqual, 3)])
        let detector = try detector(
            RulePack(name: "p", version: 1, rules: [rule("r1")], correlations: [correlation]))
        #expect(detector.inspect(event("backdoor 1", at: 0)).isEmpty)
        #expect(detector.inspect(event("backdoor 2", at: 1)).isEmpty)
        #expect(detector.inspect(event("backdoor 3", at: 2, user: "ada")).isEmpty)
        let alerts = detector.inspect(event("backdoor 4", at: 3))
        #expect(alerts.map(\.rule.id) == ["c1"])
        #expect(alerts.first?.evidence.map(\.original) == ["backdoor 1", "backdoor 2", "backdoor 4"])
        #expect(alerts.first?.rule.author == "Grace")
    }

    @Test("a bad pack is refused and the rules before stay; no pack is no rules")
    func refuses() throws {
        let detector = try detector(RulePack(name: "p", version: 1, rules: [rule("r1")]))
        var bytes = try RulePack(name: "p", version: 2, rules: [rule("r2")]).encoded()
        bytes.removeLast()
        #expect(throws: (any Error).self) { try detector.install(bytes) }
        #expect(detector.inspect(event("backdoor")).map(\.rule.id) == ["r1"])
        try detector.install(nil)
        #expect(detector.inspect(event("backdoor")).isEmpty)
    }

    @Test("events that correlations may name are kept up to a number, newest first")
    func remembers() {
        var remembered = RememberedEvents()
        for number in 0..<(RememberedEvents.most + 5) {
            #expect(remembered.remember(event("\(number)")) == UInt64(number))
        }
        #expect(remembered[4] == nil)
        #expect(remembered[5]?.original == "5")
        #expect(remembered[UInt64(RememberedEvents.most + 4)]?.original == "\(RememberedEvents.most + 4)")
        #expect(remembered[UInt64(RememberedEvents.most + 5)] == nil)
    }
}
