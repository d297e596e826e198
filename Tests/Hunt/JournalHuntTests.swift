import AgentCollect
import AgentHunt
import CordonModel
import CordonTesting
import CordonWire
import Glibc
import Logging
import Synchronization
import Testing

@Suite(
    "Hunts through the journal", .timeLimit(.minutes(1)),
    .enabled(if: JournalTool.isThere, "systemd-journal-remote is not installed"))
struct JournalHuntTests {
    private let scratch: Scratch
    private let hunter: Hunter
    private let id = HuntID(bytes: (0..<16).map { UInt8($0) })

    init() throws {
        scratch = try Scratch()
        let folder = try scratch.folder("journal")
        hunter = Hunter(journal: .folder(folder), logger: Logger(label: "test"))
    }

    private func write(_ numbers: ClosedRange<Int>, _ fields: (Int) -> [(String, String)]) throws {
        try JournalTool.write(
            numbers.map { .init(number: $0, fields: fields($0)) }, to: "\(scratch.path)/journal/a.journal")
    }

    private func writeLogons() throws {
        try write(1...40) { number in
            let isSSH = number % 2 == 0
            return [
                ("MESSAGE", isSSH ? "Failed Password for root port \(number)" : "session \(number) opened"),
                ("SYSLOG_IDENTIFIER", isSSH ? "sshd" : "cron"), ("_PID", "\(number)"),
                ("_SYSTEMD_UNIT", isSSH ? "ssh.service" : "cron.service"), ("_TRANSPORT", "syslog"),
            ]
        }
    }

    private func question(_ parameters: [String: String], _ budget: HuntBudget) throws -> Cordon_V1_HuntQuestion {
        Cordon_V1_HuntQuestion(
            HuntQuestion(kind: .journal, parameters: parameters), of: try #require(id), budget: budget,
            expiresAt: Timestamp(seconds: 2000))
    }

    /// A whole answer.
    private func ask(
        _ parameters: [String: String], _ budget: HuntBudget = HuntBudget(cpuPercent: 100)
    ) async throws -> (rows: [[String: String]], end: HuntHostState?, message: String) {
        let (answers, mouth) = AsyncStream.makeStream(of: Cordon_V1_HuntAnswer.self)
        hunter.ask(
            try question(parameters, budget), now: { Timestamp(seconds: 1000) }, say: { mouth.yield($0) })
        var rows: [[String: String]] = []
        for await answer in answers {
            rows += answer.rows.map(\.values)
            if let end = answer.state { return (rows, end, answer.message) }
        }
        return (rows, nil, "")
    }

    /// When `JournalTool` has that entry be received.
    private func time(_ number: Int) -> String { "\(Timestamp(seconds: 1_790_000_000 + Int64(number)))" }

    @Test("fields are matched as they are, and the newest entry comes first")
    func fields() async throws {
        try writeLogons()
        let answer = try await ask(["_SYSTEMD_UNIT": "ssh.service"])
        #expect(answer.rows.map { $0["pid"] } == stride(from: 40, through: 2, by: -2).map { "\($0)" })
        #expect(
            answer.rows.first == [
                "time": time(40), "message": "Failed Password for root port 40", "identifier": "sshd", "pid": "40",
                "unit": "ssh.service",
            ])
        #expect(answer.end == .done)
        let both = try await ask(["_SYSTEMD_UNIT": "ssh.service", "_PID": "12", "_TRANSPORT": "syslog"])
        #expect(both.rows.map { $0["pid"] } == ["12"] && both.rows.first?["_TRANSPORT"] == "syslog")
        let none = try await ask(["_SYSTEMD_UNIT": "ssh.*"])
        #expect(none.rows.isEmpty && none.end == .done)
    }

    @Test("a text stands anywhere in the message, in any letter case, and is no pattern")
    func text() async throws {
        try writeLogons()
        let answer = try await ask(["text": "failed PASSWORD for root port 3"])
        #expect(answer.rows.map { $0["pid"] } == ["38", "36", "34", "32", "30"])
        #expect(try await ask(["text": "failed*root"]).rows.isEmpty)
    }

    @Test("a time is looked at from its beginning until before its end")
    func times() async throws {
        try writeLogons()
        let answer = try await ask(["from": time(10), "to": time(14)])
        #expect(answer.rows.map { $0["pid"] } == ["13", "12", "11", "10"])
        let late = try await ask(["from": time(39), "_SYSTEMD_UNIT": "ssh.service"])
        #expect(late.rows.map { $0["pid"] } == ["40"] && late.end == .done)
    }

    @Test("an answer ends at the budget of rows or bytes, and says so")
    func budget() async throws {
        try writeLogons()
        let rows = try await ask(["text": "password"], HuntBudget(rows: 3, cpuPercent: 100))
        #expect(rows.rows.map { $0["pid"] } == ["40", "38", "36"] && rows.end == .truncated)
        let bytes = try await ask(["text": "password"], HuntBudget(bytes: 1024, cpuPercent: 100))
        #expect((1..<20).contains(bytes.rows.count) && bytes.end == .truncated)
    }

    @Test("what is found comes before the look is over, and a hunt that has ended says nothing more")
    func cancelled() async throws {
        try write(1...3000) { [("MESSAGE", "line \($0)")] }
        let id = try #require(id)
        let heard = Mutex<[Cordon_V1_HuntAnswer]>([])
        let (answers, mouth) = AsyncStream.makeStream(of: Int.self)
        // Ended from within the answer: the look cannot be over by then.
        hunter.ask(
            try question(["text": "line"], HuntBudget(rows: 10_000, cpuPercent: 100)),
            now: { Timestamp(seconds: 1000) },
            say: { answer in
                hunter.end(id)
                heard.withLock { $0.append(answer) }
                mouth.yield(answer.rows.count)
            })
        var first = answers.makeAsyncIterator()
        #expect(await first.next() == 200)
        // The hunter answers one question after the other: when this one is answered, the other is over.
        #expect(try await ask(["text": "line 7"]).end == .done)
        #expect(heard.withLock { $0.map(\.state) } == [nil])
    }

    @Test("a journal that shows nothing is a failure with a remedy, not an empty answer")
    func unreadable() async throws {
        let answer = try await ask(["text": "x"])
        #expect(answer.end == .failed && answer.message.contains("systemd-journal"))
    }

    @Test(
        "what narrows nothing, or is no field or time, cannot be asked",
        arguments: [
            [:], ["text": ""], ["unit": "ssh.service"], ["_lower": "x"], ["9LIVES": "x"], ["from": "yesterday"],
            ["MESSAGE": "a\0b"],
        ])
    func faults(parameters: [String: String]) {
        #expect(HuntQuestion(kind: .journal, parameters: parameters).fault != nil)
    }

    @Test("fields are names of the journal only for the journal")
    func otherKinds() {
        #expect(HuntQuestion(kind: .user, parameters: ["_UID": "0"]).fault != nil)
        #expect(HuntQuestion(kind: .journal, parameters: ["_UID": "0"]).fault == nil)
    }
}
