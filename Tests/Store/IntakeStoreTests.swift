import ControllerIntake
import ControllerStore
import CordonModel
import CordonTrust
import FoundationEssentials
import Logging
import Testing

@Suite("Intake on the real database")
struct IntakeStoreTests {
    private let workshop: Workshop
    private let database: Database
    private let agent: AgentID
    private let epoch = [UInt8](repeating: 7, count: 16)

    init() throws {
        workshop = try Workshop()
        database = try workshop.open()
        agent = workshop.surroundings.identifier()
    }

    private func intake(_ settings: IntakeSettings = IntakeSettings()) -> Intake {
        Intake(
            repository: IntakeStore(database: database), cases: NoCases(), settings: settings,
            surroundings: workshop.surroundings,
            logger: Logger(label: "test")
        )
    }

    private func event(_ text: String) -> ShippedItem {
        .telemetry(
            .event(
                Event(timestamp: workshop.now, created: workshop.now, original: text, fields: [.message: .text(text)])))
    }

    private func batch(_ first: UInt64, _ items: ShippedItem...) -> ShippedBatch {
        ShippedBatch(epoch: epoch, firstSequence: first, items: items)
    }

    @Test("what was received before is dropped, whole batches and overlapping ones")
    func duplicates() async throws {
        let intake = intake()
        #expect(try await intake.ingest(batch(1, event("a"), event("b")), from: agent).accepted == 2)
        let again = try await intake.ingest(batch(1, event("a"), event("b")), from: agent)
        #expect(again.duplicates == 2 && again.accepted == 0 && again.sequence == 2)
        let overlap = try await intake.ingest(batch(2, event("b"), event("c")), from: agent)
        #expect(overlap.duplicates == 1 && overlap.accepted == 1 && overlap.sequence == 3)
        #expect(try await intake.ingest(batch(1), from: agent).sequence == 3)
        #expect(try await intake.events(of: agent).map(\.event.original) == ["c", "b", "a"])
        let counters = try await intake.counters()
        #expect(counters.sinceStart.items == 3 && counters.sinceStart.duplicates == 3 && counters.stored.events == 3)
    }

    @Test("the same numbers of another epoch or another agent are not duplicates")
    func epochs() async throws {
        let intake = intake()
        let other: AgentID = workshop.surroundings.identifier()
        _ = try await intake.ingest(batch(1, event("a")), from: agent)
        _ = try await intake.ingest(batch(1, event("other agent")), from: other)
        let renewed = ShippedBatch(
            epoch: [UInt8](repeating: 8, count: 16), firstSequence: 1, items: [event("new epoch")])
        #expect(try await intake.ingest(renewed, from: agent).accepted == 1)
        #expect(try await intake.events(of: agent).map(\.event.original) == ["new epoch", "a"])
        #expect(try await intake.events(of: other).map(\.event.original) == ["other agent"])
    }

    @Test("a batch sent many times at once is stored once")
    func concurrentDuplicates() async throws {
        let intake = intake()
        let batch = batch(1, event("a"), event("b"), event("c"))
        let agent = agent
        let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<10 { group.addTask { try await intake.ingest(batch, from: agent).accepted } }
            return try await group.reduce(0, +)
        }
        #expect(accepted == 3)
        #expect(try await intake.counters().stored.events == 3)
    }

    @Test("hostile text is kept byte for byte, every kind of field too")
    func hostile() async throws {
        let text = "\u{0}\u{1B}[31m'; DROP TABLE event; --\n\u{202E}<script>\u{FFFD}\\\" \u{7F}é e\u{301} 𝄞"
        var event = Event(
            timestamp: Timestamp(microseconds: .min), created: Timestamp(microseconds: .max), original: text)
        event.fields = [
            .message: .text(text), .processPID: .number(.min), .tags: .texts([text, ""]), .eventKind: .flag(true),
            .sourcePort: .number(1),
        ]
        let intake = intake()
        _ = try await intake.ingest(batch(1, .telemetry(.event(event))), from: agent)
        let stored = try #require(try await intake.events(of: agent).first)
        #expect(stored.event == event)
        #expect(Array(stored.event.original.utf8) == Array(text.utf8))
    }

    @Test("what cannot be understood is kept aside with its bytes, and the rest of the batch is taken")
    func aside() async throws {
        let intake = intake()
        let receipt = try await intake.ingest(
            batch(1, event("a"), .unreadable(bytes: [0, 255, 1], reason: "no such kind"), event("b")), from: agent
        )
        #expect(receipt.accepted == 3 && receipt.aside == 1 && receipt.sequence == 3)
        let kept = try #require(try await intake.aside().first)
        #expect(kept.bytes == [0, 255, 1] && kept.reason == "no such kind" && kept.agent == agent)
    }

    @Test("an event beyond its limit is kept aside")
    func oversized() async throws {
        let intake = intake()
        let huge = String(repeating: "x", count: ShippedBatch.Limits.event + 1)
        #expect(try await intake.ingest(batch(1, event(huge)), from: agent).aside == 1)
        #expect(try await intake.aside().first?.bytes.count == huge.utf8.count)
        #expect(try await intake.events(of: agent).isEmpty)
    }

    @Test(
        "a batch that no agent makes is refused and nothing of it is stored",
        arguments: [
            ShippedBatch(epoch: [1], firstSequence: 1, items: []),
            ShippedBatch(epoch: [UInt8](repeating: 0, count: 16), firstSequence: 0, items: []),
            ShippedBatch(epoch: [UInt8](repeating: 0, count: 16), firstSequence: .max, items: []),
            ShippedBatch(
                epoch: [UInt8](repeating: 0, count: 16), firstSequence: 1,
                items: Array(repeating: .unreadable(bytes: [], reason: ""), count: 513)
            ),
        ])
    func malformed(batch: ShippedBatch) async throws {
        let intake = intake()
        let error = await #expect(throws: IntakeError.self) { _ = try await intake.ingest(batch, from: agent) }
        #expect(error?.code == "intake.malformed")
        #expect(try await intake.counters().stored == StoredCounts(events: 0, alerts: 0, gaps: 0, aside: 0))
    }

    @Test("gaps are kept, and numbers that never arrived are told as one")
    func gaps() async throws {
        let intake = intake()
        var gap = Gap(source: "journal", noticedAt: workshop.now, message: "vacuumed \0 away", items: 12)
        gap.range = Gap.Range(itemClass: "bulk", first: 3, last: 14)
        _ = try await intake.ingest(batch(1, event("a"), .telemetry(.gap(gap))), from: agent)
        _ = try await intake.ingest(batch(10, event("j")), from: agent)
        let gaps = try await intake.gaps(of: agent)
        #expect(gaps.count == 2)
        #expect(gaps[0].items == 7 && gaps[0].message.contains("3 to 9"))
        #expect(gaps[1] == gap)
    }

    @Test("events go a whole day at a time when they are too old, and the sweep is recorded")
    func retention() async throws {
        let intake = intake(IntakeSettings(retention: Retention(eventDays: 2)))
        _ = try await intake.ingest(batch(1, event("1"), event("2")), from: agent)
        workshop.advance(.seconds(86_400))
        _ = try await intake.ingest(batch(3, event("3"), event("4")), from: agent)
        #expect(try await intake.sweep() == SweepResult())
        workshop.advance(.seconds(86_400))
        #expect(try await intake.sweep() == SweepResult(events: 2))
        #expect(try await intake.events(of: agent).map(\.event.original) == ["4", "3"])
        #expect(try await intake.sweep() == SweepResult())
        #expect(try await workshop.reader(database).records(limit: 9).map(\.entry.verb) == ["retention.swept"])
        // What was swept is still known as received.
        #expect(try await intake.ingest(batch(1, event("1")), from: agent).duplicates == 1)
    }

    @Test("the oldest days go when all take too much room, and never the day that is being written")
    func room() async throws {
        let intake = intake(IntakeSettings(retention: Retention(eventBytes: 1)))
        for day in UInt64(1)...3 {
            _ = try await intake.ingest(batch(day, event("\(day)")), from: agent)
            if day < 3 { workshop.advance(.seconds(86_400)) }
        }
        #expect(try await intake.sweep().events == 2)
        #expect(try await intake.events(of: agent).map(\.event.original) == ["3"])
    }

    @Test("the largest batch is stored whole")
    func largest() async throws {
        let intake = intake()
        let items = (1...512).map {
            event("Nov 21 01:09:00 web sshd[\($0)]: Failed password for root from 192.0.2.1 port 4242")
        }
        let receipt = try await intake.ingest(ShippedBatch(epoch: epoch, firstSequence: 1, items: items), from: agent)
        #expect(receipt.accepted == 512 && receipt.sequence == 512)
        #expect(try await intake.counters().stored.events == 512)
        #expect(try await intake.events(of: agent, limit: 1).first?.event.original.contains("sshd[512]") == true)
    }
}

/// No alerts come here.
private struct NoCases: CaseOpening {
    func open(for alert: Alert, because reason: String) async throws -> CaseID { throw CancellationError() }
    func join(_ id: CaseID, alert: Alert, because reason: String) async throws -> Bool { false }
    func recurred(_ alert: Alert, in id: CaseID) async throws {}
}
