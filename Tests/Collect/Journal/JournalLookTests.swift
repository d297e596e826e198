import AgentCollect
import CordonModel
import CordonScan
import CordonTesting
import Glibc
import Testing

@Suite(
    "Looking where the journal would be read", .serialized, .timeLimit(.minutes(1)),
    .enabled(if: JournalTool.isThere, "systemd-journal-remote is not installed"))
struct JournalLookTests {
    private func entries(_ numbers: ClosedRange<Int>) -> [JournalTool.Entry] {
        numbers.map { .init(number: $0, fields: [("MESSAGE", "entry \($0)"), ("SYSLOG_IDENTIFIER", "x")]) }
    }

    @Test("what a look says is what the source then does: begins, goes on, or has lost something")
    func looks() async throws {
        let scratch = try CordonTesting.Scratch()
        let scope = JournalScope.folder(try scratch.folder("journal"))
        let file = "\(scratch.path)/journal/a.journal"
        #expect(JournalLook(scope, start: .end, position: nil) == .blind)
        try JournalTool.write(entries(1...5), to: file)
        let first = Timestamp(microseconds: 1_790_000_001_000_000)
        let last = Timestamp(microseconds: 1_790_000_005_000_000)
        #expect(JournalLook(scope, start: .end, position: nil) == .begins(nil))
        #expect(JournalLook(scope, start: .beginning, position: nil) == .begins(first))
        let deliveries = Deliveries()
        let source = JournalSource(scope, start: .beginning, surroundings: surroundings)
        try await following(source, into: deliveries) { await deliveries.wait(for: 5) }
        let position = await deliveries.position
        #expect(JournalLook(scope, start: .end, position: position) == .goesOn(last))
        try JournalTool.write(entries(6...7), to: file)
        #expect(JournalLook(scope, start: .end, position: position) == .goesOn(last))
        unsafe unlink(file)
        try JournalTool.write(entries(10...12), to: "\(scratch.path)/journal/b.journal")
        #expect(JournalLook(scope, start: .end, position: position) == .lost(last))
        #expect(JournalLook(.folder("\(scratch.path)/gone"), start: .end, position: nil) == .closed(errno: ENOENT))
    }
}
