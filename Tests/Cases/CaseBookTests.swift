import ControllerCases
import ControllerStore
import CordonModel
import Synchronization
import Testing

@Suite("Work on a case")
struct CaseBookTests {
    let desk: Desk
    let book: CaseBook

    init() throws {
        desk = try Desk()
        book = desk.book()
    }

    private func opened() async throws -> Case {
        try await book.open(title: "Odd sign-in", severity: .low, by: Desk.ada)
    }

    @Test(
        "every pair of statuses is either allowed and told, or refused with what is allowed",
        arguments: CaseStatus.allCases)
    func transitions(from: CaseStatus) async throws {
        for to in CaseStatus.allCases where to != from {
            let file = try await opened()
            if from != .new { try await book.setStatus(from, of: file.id, by: Desk.ada) }
            if from.next.contains(to) {
                #expect(try await book.setStatus(to, of: file.id, reason: "because", by: Desk.ada).status == to)
                let last = try #require(try await book.timeline(of: file.id).last)
                #expect(
                    last.text == "\(from.rawValue) → \(to.rawValue): because" && last.kind == .status
                        && last.actor == "ada")
            } else {
                let error = await #expect(throws: CaseError.self) {
                    try await book.setStatus(to, of: file.id, by: Desk.ada)
                }
                #expect(error?.code == "case.transition")
                #expect(error?.remedy.contains(from.next[0].rawValue) == true)
            }
        }
    }

    @Test("each operation changes the case and stands in the timeline and the audit chain")
    func operations() async throws {
        let id = try await opened().id
        desk.advance(.seconds(60))
        try await book.assign(id, to: "grace", by: Desk.ada)
        try await book.setSeverity(.critical, of: id, by: Desk.ada)
        try await book.rename(id, to: "Break-in on web", by: Desk.ada)
        try await book.note("  Looks real.\n", on: id, by: Desk.ada)
        try await book.add(Observable(kind: .domain, value: "evil.example"), to: id, by: Desk.ada)
        let task = try await book.addTask("Reset root's password", to: id, by: Desk.ada)
        try await book.assignTask(task.id, to: "grace", in: id, by: Desk.ada)
        try await book.setTask(task.id, to: .done, in: id, by: Desk.ada)
        let file = try await book.file(id)
        #expect(file.assignee == "grace" && file.severity == .critical && file.title == "Break-in on web")
        #expect(file.observables.map(\.observable.value) == ["evil.example"] && file.updatedAt == desk.now)
        #expect(
            file.tasks.map(\.state) == [.done] && file.tasks[0].finishedBy == "ada" && file.tasks[0].assignee == "grace"
        )
        let timeline = try await book.timeline(of: id)
        #expect(timeline.map(\.number) == Array(1...9) && file.entryCount == 9)
        #expect(timeline.contains { $0.kind == .note && $0.text == "Looks real." })
        #expect(
            try await desk.verbs() == [
                "case.opened", "case.assigned", "case.severity", "case.renamed", "case.note", "case.observable",
                "case.task_added",
                "case.task_assigned", "case.task_done",
            ]
        )
        #expect(try await desk.verify().fault == nil)
    }

    @Test("doing again what is done already changes nothing, and nobody hears of it")
    func idempotent() async throws {
        let id = try await opened().id
        try await book.assign(id, to: "grace", by: Desk.ada)
        let before = (try await book.file(id), try await desk.verbs(), desk.heard.withLock { $0.count })
        desk.advance(.seconds(5))
        try await book.assign(id, to: "grace", by: Desk.ada)
        try await book.setSeverity(.low, of: id, by: Desk.ada)
        try await book.setStatus(.new, of: id, by: Desk.ada)
        try await book.rename(id, to: "Odd sign-in", by: Desk.ada)
        #expect(try await book.file(id) == before.0)
        #expect(try await desk.verbs() == before.1)
        #expect(desk.heard.withLock { $0.count } == before.2)
    }

    @Test("a viewer works on nothing")
    func roles() async throws {
        let file = try await opened()
        let viewer = Principal(name: "eve", role: .viewer)
        for attempt: @Sendable () async throws -> Void in [
            { _ = try await book.open(title: "x", severity: .low, by: viewer) },
            { try await book.setStatus(.closed, of: file.id, by: viewer) },
            { try await book.assign(file.id, to: "eve", by: viewer) },
            { try await book.note("x", on: file.id, by: viewer) },
            { try await book.addTask("x", to: file.id, by: viewer) },
        ] {
            let error = await #expect(throws: CaseError.self) { try await attempt() }
            #expect(error?.code == "case.forbidden")
        }
        #expect(try await book.file(file.id) == file)
    }

    @Test("what is empty or too long is refused with its size")
    func limits() async throws {
        let id = try await opened().id
        let long = String(repeating: "x", count: 20_000)
        var codes: [String?] = []
        codes.append(await #expect(throws: CaseError.self) { try await book.note(" \n", on: id, by: Desk.ada) }?.code)
        codes.append(await #expect(throws: CaseError.self) { try await book.note(long, on: id, by: Desk.ada) }?.code)
        codes.append(await #expect(throws: CaseError.self) { try await book.rename(id, to: long, by: Desk.ada) }?.code)
        codes.append(await #expect(throws: CaseError.self) { try await book.addTask("", to: id, by: Desk.ada) }?.code)
        #expect(codes == ["case.empty", "case.too_long", "case.too_long", "case.empty"])
    }

    @Test("a case is found by identifier, label and number, and by nothing else")
    func names() async throws {
        let file = try await opened()
        for name in ["\(file.id)", "C-1", "c-1", "1"] { #expect(try await book.file(named: name).id == file.id) }
        for name in ["C-2", "", "C-", "-1", "1'; DROP TABLE case_file; --", "C-99999999999999999999", "\u{1B}[2J"] {
            let error = await #expect(throws: CaseError.self) { _ = try await book.file(named: name) }
            #expect(error?.code == "case.not_found")
            #expect(error?.message.contains("\u{1B}") == false && error?.message.contains("'") == false)
        }
    }

    @Test("lists and statistics count what is there")
    func lists() async throws {
        for severity in Severity.allCases {
            _ = try await book.open(title: "\(severity)", severity: severity, by: Desk.ada)
        }
        let last = try await book.file(named: "5")
        desk.advance(.seconds(600))
        try await book.assign(last.id, to: "ada", by: Desk.ada)
        try await book.setStatus(.resolved, of: last.id, by: Desk.ada)
        _ = try await book.addTask("x", to: try await book.file(named: "4").id, by: Desk.ada)
        #expect(try await book.cases().map(\.number) == [5, 4, 3, 2, 1])
        #expect(try await book.cases(.open).map(\.number) == [4, 3, 2, 1])
        #expect(try await book.cases(CaseFilter(severity: .high)).map(\.number) == [5, 4])
        #expect(try await book.cases(CaseFilter(assignee: "ada")).map(\.number) == [5])
        #expect(try await book.cases(CaseFilter(before: 4, limit: 2)).map(\.number) == [3, 2])
        #expect(try await book.cases().map(\.openTasks) == [0, 1, 0, 0, 0])
        let statistics = try await book.statistics()
        #expect(statistics.byStatus == [.new: 4, .resolved: 1])
        #expect(statistics.openBySeverity == [.informational: 1, .low: 1, .medium: 1, .high: 1])
        #expect(statistics.openedLastDay == 5 && statistics.meanTimeToClose == .seconds(600))
        #expect(try await book.setStatus(.inProgress, of: last.id, by: Desk.ada).closedAt == nil)
    }

    @Test("notes of many people at once are all there, numbered without gaps")
    func concurrent() async throws {
        let id = try await opened().id
        try await withThrowingTaskGroup(of: Void.self) { [book] group in
            for index in 0..<40 { group.addTask { try await book.note("note \(index)", on: id, by: Desk.ada) } }
            try await group.waitForAll()
        }
        let timeline = try await book.timeline(of: id)
        #expect(timeline.map(\.number) == Array(1...41))
        #expect(Set(timeline.dropFirst().map(\.text)).count == 40)
    }

    @Test("an entry with a key is written once, without one each time")
    func keys() async throws {
        let id = try await opened().id
        for _ in 0..<3 {
            try await book.append(
                .order, to: id, "Isolated.", by: "agent:1", reference: "order:1", key: "order:1:succeeded")
            try await book.append(.system, to: id, "Seen.", by: "system")
        }
        #expect(try await book.timeline(of: id).map(\.kind) == [.system, .order, .system, .system, .system])
    }
}
