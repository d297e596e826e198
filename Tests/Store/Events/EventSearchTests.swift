import ControllerIntake
import ControllerStore
import CordonModel
import CordonTrust
import Logging
import Testing

@Suite("Searching events in the real files")
struct EventSearchTests {
    private let workshop: Workshop
    private let database: Database
    private let intake: Intake
    private let web: AgentID
    private let mail: AgentID

    init() throws {
        workshop = try Workshop()
        database = try workshop.open()
        web = workshop.surroundings.identifier()
        mail = workshop.surroundings.identifier()
        intake = Intake(
            repository: IntakeStore(database: database), cases: NoCases(), surroundings: workshop.surroundings,
            logger: Logger(label: "test"))
    }

    private func line(_ original: String, at: Timestamp? = nil, fields: EventFields = [:]) -> ShippedItem {
        let at = at ?? workshop.now
        return .telemetry(.event(Event(timestamp: at, created: at, original: original, fields: fields)))
    }

    private func ship(_ items: [ShippedItem], from agent: AgentID, at first: UInt64) async throws {
        let batch = ShippedBatch(epoch: [UInt8](repeating: 1, count: 16), firstSequence: first, items: items)
        _ = try await intake.ingest(batch, from: agent)
    }

    private func find(_ text: String, host: AgentID? = nil) async throws -> [String] {
        try await intake.search(EventSearch(query: try EventQuery(text), host: host)).events.map(\.event.original)
    }

    @Test("fields, networks, words and hosts narrow what is found")
    func fields() async throws {
        try await ship(
            [
                line(
                    "root fails",
                    fields: [.userName: .text("root"), .sourceIP: .text("203.0.113.7"), .sourcePort: .number(4242)]),
                line(
                    "bob fails",
                    fields: [.userName: .text("bob"), .sourceIP: .text("203.0.114.7"), .tags: .texts(["a b", "c"])]),
                line(
                    "six",
                    fields: [
                        .userName: .text("Root"), .sourceIP: .text("2001:db8::1"),
                        .processCommandLine: .text("/bin/sh -c 'x'"),
                    ]),
            ], from: web, at: 1)
        try await ship([line("mail: failed login", fields: [.userName: .text("root")])], from: mail, at: 1)
        #expect(try await find("user.name:root AND source.ip:203.0.113.0/24") == ["root fails"])
        #expect(try await find("source.ip:203.0.112.0/22").count == 2)
        #expect(try await find("source.ip:2001:0db8:0:0::1") == ["six"])
        #expect(try await find("source.ip:2001:db8::/33") == ["six"])
        #expect(try await find("user.name:root", host: mail) == ["mail: failed login"])
        #expect(try await find("fails") == ["bob fails", "root fails"])
        #expect(try await find("fail").isEmpty)
        #expect(try await find("fail*").count == 3)
        #expect(try await find("*ogin") == ["mail: failed login"])
        #expect(try await find("NOT user.name:root") == ["bob fails"])
        #expect(try await find("source.port:>=4242 source.port:<5000") == ["root fails"])
        #expect(try await find("tags:\"a b\"") == ["bob fails"])
        #expect(try await find("process.command_line:*sh*'x'") == ["six"])
        #expect(try await find("source.ip:*").count == 3)
        #expect(try await find("no.such.field:1").isEmpty)
        #expect(try await find("").count == 4)
    }

    @Test("pages follow each other over days, in both orders, without holes or repeats")
    func pages() async throws {
        for day in 0..<3 {
            let first = UInt64(day * 10)
            try await ship((0..<10).map { line("n\(day * 10 + $0)") }, from: web, at: first + 1)
            workshop.advance(.seconds(86_400))
        }
        for order in EventSearch.Order.allCases {
            var all: [String] = []
            var cursor: EventCursor?
            repeat {
                let page = try await intake.search(EventSearch(order: order, cursor: cursor, limit: 7))
                all += page.events.map(\.event.original)
                cursor = page.events.isEmpty ? nil : page.next
            } while cursor != nil
            let expected = (0..<30).map { "n\($0)" }
            #expect(all == (order == .oldest ? expected : expected.reversed()))
        }
    }

    @Test("the end of an order oldest is a place to follow from")
    func following() async throws {
        try await ship([line("a"), line("b")], from: web, at: 1)
        let page = try await intake.search(EventSearch(order: .oldest))
        #expect(page.events.count == 2)
        let empty = try await intake.search(EventSearch(order: .oldest, cursor: page.next))
        #expect(empty.events.isEmpty && empty.next == page.next)
        workshop.advance(.seconds(86_400))
        try await ship([line("c")], from: web, at: 3)
        let next = try await intake.search(EventSearch(order: .oldest, cursor: empty.next))
        #expect(next.events.map(\.event.original) == ["c"])
    }

    @Test("time is the event's own, also of one that came late, and never later than its receipt")
    func times() async throws {
        let start = workshop.now
        try await ship(
            [line("early", at: start - .seconds(7200)), line("now"), line("ahead", at: start + .seconds(900_000))],
            from: web, at: 1)
        workshop.advance(.seconds(86_400))
        try await ship([line("late", at: start - .seconds(7000))], from: web, at: 4)
        let old = EventSearch(from: start - .seconds(8000), to: start - .seconds(3600))
        let page = try await intake.search(old)
        #expect(page.events.map(\.event.original) == ["late", "early"])
        let recent = try await intake.search(EventSearch(from: start, to: start + .seconds(60)))
        #expect(recent.events.map(\.event.original) == ["ahead", "now"])
    }

    @Test("what landed before a crash and is sent again is there once, on the next day too")
    func crash() async throws {
        try await ship([line("a"), line("b")], from: web, at: 1)
        try await database.closeAll()
        // The database of before: as if the controller had ended before its position moved on.
        try workshop.execute("DELETE FROM intake_stream")
        workshop.advance(.seconds(86_400))
        let again = Intake(
            repository: IntakeStore(database: try workshop.open()), cases: NoCases(),
            surroundings: workshop.surroundings, logger: Logger(label: "test"))
        let batch = ShippedBatch(
            epoch: [UInt8](repeating: 1, count: 16), firstSequence: 1, items: [line("a"), line("b"), line("c")])
        #expect(try await again.ingest(batch, from: web).accepted == 3)
        let found = try await again.search(EventSearch(order: .oldest)).events.map(\.event.original)
        #expect(found == ["a", "b", "c"])
    }

    @Test("the index never hides what the query means")
    func narrowing() async throws {
        var random = Generator(state: 42)
        let words = [
            "root", "Root", "ro-ot", "é", "a.b", "203.0.113.9", "x*y", "", String(repeating: "long", count: 30),
        ]
        let items = (0..<200).map { _ in
            line(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
                    .joined(separator: [" ", "", ",", "é"].randomElement(using: &random) ?? ""),
                fields: [
                    .userName: .text(words.randomElement(using: &random) ?? ""),
                    .sourceIP: .text(
                        ["203.0.113.9", "203.0.113.130", "10.0.0.1", "none"].randomElement(using: &random) ?? ""),
                ])
        }
        try await ship(items, from: web, at: 1)
        let events = try await intake.search(EventSearch(limit: 1000)).events
        #expect(events.count == 200)
        let queries =
            words.filter { !$0.isEmpty }.flatMap { word in
                [
                    "\"\(word)\"", "user.name:\"\(word)\"", "user.name:\(word.prefix(2))*", "\(word.prefix(2))*",
                    "*\(word.suffix(3))",
                    "NOT user.name:\"\(word)\"", "user.name:\"\(word)\" OR root",
                ]
            } + [
                "source.ip:203.0.113.0/25", "source.ip:203.0.113.0/27", "source.ip:0.0.0.0/0", "source.ip:203.*",
                "NOT source.ip:203.0.113.9/32",
                "user.name:\"\"", "source.ip:203.0.113.9/32",
            ]
        for text in queries {
            let query = try EventQuery(text)
            let found = try await intake.search(EventSearch(query: query, limit: 1000)).events
            #expect(found == events.filter { query.matches($0.event) }, "\(text)")
        }
    }

    @Test("a day's file that is damaged is put aside, and events are taken")
    func damaged() async throws {
        try await ship([line("a")], from: web, at: 1)
        try await database.closeAll()
        try workshop.damageEvents()
        let again = Intake(
            repository: IntakeStore(database: try workshop.open()), cases: NoCases(),
            surroundings: workshop.surroundings, logger: Logger(label: "test"))
        let batch = ShippedBatch(epoch: [UInt8](repeating: 1, count: 16), firstSequence: 2, items: [line("b")])
        #expect(try await again.ingest(batch, from: web).accepted == 1)
        #expect(try await again.search(EventSearch()).events.map(\.event.original) == ["b"])
    }
}

private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

/// No alerts come here.
private struct NoCases: CaseOpening {
    func open(for alert: Alert, because reason: String) async throws -> CaseID { throw CancellationError() }
    func join(_ id: CaseID, alert: Alert, because reason: String) async throws -> Bool { false }
    func recurred(_ alert: Alert, in id: CaseID) async throws {}
}
