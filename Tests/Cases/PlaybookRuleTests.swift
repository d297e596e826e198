import ControllerCases
import ControllerStore
import CordonModel
import Synchronization
import Testing

@Suite("Playbooks by rule")
struct PlaybookRuleTests {
    private let rule = PlaybookRule(alertRule: "cordon.sshd.*", minimumSeverity: .medium, playbook: "playbook--1")

    @Test(
        "globs match whole texts",
        arguments: [
            ("*", "", true), ("*", "anything", true), ("a*c", "abbbc", true), ("a*c", "abbbd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false), ("", "", true), ("", "a", false), ("**a**", "bab", true),
            ("cordon.sshd.*", "cordon.sudo.x", false),
            ("*.*.*", "a.b.c", true), ("é?", "éx", true), ("[ab]", "a", false), ("a", "A", false),
        ])
    func globs(pattern: String, text: String, expected: Bool) throws {
        let rule = PlaybookRule(alertRule: pattern, minimumSeverity: .low, playbook: "p")
        #expect(rule.matches(try Desk().alert(text)) == expected)
    }

    @Test("a pattern made to be slow is not")
    func slowPattern() throws {
        let rule = PlaybookRule(
            alertRule: String(repeating: "*a", count: 30) + "b", minimumSeverity: .low, playbook: "p")
        let start = ContinuousClock.now
        #expect(!rule.matches(try Desk().alert(String(repeating: "a", count: 300))))
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test("a case that opens starts the playbook of its rule, once, and says which rule")
    func starts() async throws {
        let desk = try Desk()
        let book = desk.book(rules: [rule])
        let intake = desk.intake(book)
        _ = try await intake.take(desk.alert(), from: desk.agent)
        _ = try await intake.take(desk.alert("cordon.sshd.success", severity: .critical), from: desk.agent)
        let starts = desk.started.withLock(\.self)
        #expect(starts.map(\.playbook) == ["playbook--1"])
        let file = try await book.file(named: "1")
        #expect(file.playbooks.map(\.state) == [.started] && file.playbooks[0].run == starts[0].request)
        #expect(try await book.timeline(of: file.id).contains { $0.kind == .run && $0.text.contains("cordon.sshd.*") })
    }

    @Test("an alert below the rule's severity starts nothing until it grows", arguments: [true, false])
    func grows(sameAlert: Bool) async throws {
        let desk = try Desk()
        let intake = desk.intake(desk.book(rules: [rule]))
        _ = try await intake.take(desk.alert(severity: .low), from: desk.agent)
        #expect(desk.started.withLock(\.self).isEmpty)
        _ = try await intake.take(
            desk.alert(sameAlert ? "cordon.sshd.bruteforce" : "cordon.sshd.x", severity: .high), from: desk.agent)
        #expect(desk.started.withLock(\.self).count == 1)
    }

    @Test("a playbook wanted when the controller stopped is started at the next start, under the same run")
    func resumes() async throws {
        let desk = try Desk()
        let book = desk.book(rules: [rule], failing: CancellationError())
        _ = try await book.open(for: desk.alert(), because: "x")
        let wanted = desk.started.withLock(\.self)
        #expect(try await book.file(named: "1").playbooks.map(\.state) == [.wanted])
        try desk.database.close()
        let next = try Desk(after: desk)
        let restarted = next.book(rules: [rule])
        await restarted.resume()
        await restarted.resume()
        #expect(next.started.withLock { $0.map(\.request) } == wanted.map(\.request))
        #expect(try await restarted.file(named: "1").playbooks.map(\.state) == [.started])
    }

    @Test("a playbook that cannot be started is told in the timeline and not tried for ever")
    func fails() async throws {
        let desk = try Desk()
        let book = desk.book(rules: [rule], failing: StoreError(code: "x", message: "No such playbook."))
        _ = try await book.open(for: desk.alert(), because: "x")
        await book.resume()
        #expect(desk.started.withLock(\.self).count == 1)
        let file = try await book.file(named: "1")
        #expect(file.playbooks.map(\.state) == [.failed])
        #expect(try await book.timeline(of: file.id).last?.text.contains("No such playbook.") == true)
    }
}
