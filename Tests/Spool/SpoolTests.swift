import AgentSpool
import CordonModel
import CordonWire
import Testing

@Suite("The spool", .timeLimit(.minutes(1)))
struct SpoolTests {
    let scratch: Scratch
    let surroundings = fixedSurroundings()

    init() throws { scratch = try Scratch() }

    func open(_ limits: Spool.Limits = .init()) throws -> Spool {
        try Spool(folder: scratch.path, limits: limits, surroundings: surroundings)
    }

    @Test("items come out in order, numbered from 1, and are still there after a restart")
    func order() async throws {
        var spool = try open()
        #expect(try await spool.append([item(1), item(2)]) == 2)
        #expect(try await spool.append([item(3)]) == 3)
        let epoch = spool.epoch
        spool = try await reopened(&spool)
        #expect(spool.epoch == epoch)
        let all = try await spool.drained()
        #expect(all.map(\.sequence) == [1, 2, 3])
        #expect(all.map(\.item) == [item(1), item(2), item(3)])
        #expect(try await spool.append([item(4)]) == 4)
    }

    /// Lets the spool go, so that its lock is free, and opens the folder again.
    private func reopened(_ spool: inout Spool, _ limits: Spool.Limits = .init()) async throws -> Spool {
        let elsewhere = try Scratch()
        spool = try Spool(folder: elsewhere.path, surroundings: surroundings)
        return try open(limits)
    }

    @Test("a spool that ended before its first item begins again without a word, and its numbers with 1")
    func neverUsed() async throws {
        var spool = try open()
        spool = try await reopened(&spool)
        spool = try await reopened(&spool)
        let status = await spool.status
        #expect(status.last == 0 && status.acknowledged == 0)
        #expect(try await spool.append([item(1)]) == 1)
        let all = try await spool.drained()
        #expect(all.map(\.item) == [item(1)])
    }

    @Test("a batch holds no more items and bytes than asked for, and goes on where it ended")
    func batches() async throws {
        let spool = try open()
        try await spool.append((1...10).map { item($0, size: 100) })
        let byCount = try #require(try await spool.next(in: .bulk, after: 0, limit: 4))
        #expect(byCount.first == 1 && byCount.items.count == 4 && byCount.last == 4)
        let byBytes = try #require(try await spool.next(in: .bulk, after: 4, limit: 100, bytes: 250))
        #expect(byBytes.first == 5 && byBytes.items.count == 3)
        #expect(try await spool.next(in: .bulk, after: 10) == nil)
        let message = byCount.message()
        #expect(
            message.firstSequence == 1 && message.items.count == 4 && Array(message.epoch) == spool.epoch(of: .bulk))
    }

    @Test("what is acknowledged goes, whole segments at a time, and numbers are never given twice")
    func acknowledge() async throws {
        let limits = Spool.Limits(bytes: 1 << 20, segment: 16 << 10)
        var spool = try open(limits)
        for number in 1...40 { try await spool.append([item(number, size: 2000)]) }
        #expect(scratch.segments.count { $0.hasPrefix("bulk") } > 3)
        await spool.acknowledge(epoch: spool.epoch(of: .bulk), sequence: 20)
        #expect(try await spool.drained().map(\.sequence) == Array(21...40))
        #expect(await spool.status.acknowledged == 20)
        await spool.acknowledge(epoch: spool.epoch(of: .bulk), sequence: 40)
        #expect(scratch.segments.count { $0.hasPrefix("bulk") } == 1)
        spool = try await reopened(&spool, limits)
        #expect(await spool.status.acknowledged == 40)
        #expect(try await spool.append([item(41)]) == 41)
    }

    @Test("an acknowledgement of another epoch, of the past or of the future does nothing")
    func strangeAcknowledgements() async throws {
        let spool = try open()
        try await spool.append([item(1), item(2)])
        await spool.acknowledge(epoch: [UInt8](repeating: 7, count: 16), sequence: 2)
        await spool.acknowledge(epoch: spool.epoch(of: .bulk), sequence: 3)
        #expect(await spool.status.acknowledged == 0)
        await spool.acknowledge(epoch: spool.epoch(of: .bulk), sequence: 2)
        await spool.acknowledge(epoch: spool.epoch(of: .bulk), sequence: 1)
        #expect(await spool.status.acknowledged == 2)
    }

    @Test("when it is full the oldest items go, and gaps say which")
    func full() async throws {
        let spool = try open(.init(bytes: 200_000, segment: 16 << 10))
        for number in 1...400 { try await spool.append([item(number, size: 1000)]) }
        #expect(await spool.status.bytes <= 200_000)
        let kept = try await spool.drained()
        #expect(kept.last?.item == item(400, size: 1000))
        let missing = try #require(kept.first?.sequence) - 1
        #expect(missing > 100)
        let gaps = try await spool.gaps()
        #expect(gaps.reduce(0) { $0 + $1.items } == Int(missing))
        #expect(gaps.allSatisfy { $0.source == "spool" && $0.range?.itemClass == "bulk" })
        let said = gaps.compactMap(\.range).flatMap { $0.first...$0.last }
        #expect(said == Array(1...missing))
        #expect(await spool.status.lost == Int(missing))
    }

    @Test("an item that is too large is refused, and nothing of its batch is kept")
    func tooLarge() async throws {
        let spool = try open(.init(item: 1000))
        await #expect { try await spool.append([item(1), item(2, size: 1001)]) } throws: { error in
            (error as? SpoolError)?.code == SpoolError.itemTooLarge
        }
        #expect(await spool.status.last == 0)
    }

    @Test("a second agent on the same folder is refused")
    func locked() async throws {
        let spool = try open()
        #expect { _ = try open() } throws: { ($0 as? SpoolError)?.code == "spool.in_use" }
        #expect(await spool.status.last == 0)
    }

    @Test("appends at the same time all get numbers of their own, and each keeps its order")
    func concurrent() async throws {
        let spool = try open()
        let lasts = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for writer in 0..<50 {
                group.addTask { try await spool.append((0..<3).map { item(writer * 3 + $0) }) }
            }
            return try await group.reduce(into: [UInt64]()) { $0.append($1) }
        }
        #expect(Set(lasts) == Set(stride(from: 3, through: 150, by: 3)))
        let all = try await spool.drained().map(\.item)
        #expect(all.count == 150)
        for start in stride(from: 0, to: 150, by: 3) {
            let first = try #require((0..<50).first { all[start] == item($0 * 3) })
            #expect(Array(all[start..<(start + 3)]) == (0..<3).map { item(first * 3 + $0) })
        }
    }

    @Test("who listens is called once at first and again when there is more")
    func changes() async throws {
        let spool = try open()
        var calls = spool.changes().makeAsyncIterator()
        #expect(await calls.next() != nil)
        async let next: Void? = calls.next()
        try await spool.append([item(1)])
        #expect(await next != nil)
    }

    @Test("events, alerts and gaps come back as they were")
    func telemetry() async throws {
        let spool = try open()
        let agent = AgentID(UUIDv7(high: 1, low: 2))
        let event = Event(
            timestamp: Timestamp(seconds: 5), created: Timestamp(seconds: 6), original: "line",
            fields: [.userName: .text("alice"), .sourcePort: .number(22), .tags: .texts(["a", "b"])]
        )
        let alert = Alert(
            id: surroundings.identifier(), agent: agent, rule: .init(id: "r", name: "R", techniques: ["T1110"]),
            title: "t",
            severity: .high, firstSeen: event.timestamp, lastSeen: event.created, count: 3, deduplicationKey: "k",
            observables: [Observable(.v4(0x0102_0304)), Observable(kind: .user, value: "alice")], evidence: [event]
        )
        let told = Gap(source: "journal", noticedAt: Timestamp(seconds: 7), message: "m", items: 2)
        let sent: [Telemetry] = [.event(event), .alert(alert), .gap(told)]
        try await spool.append(sent)
        var got: [Telemetry] = []
        for itemClass in SpoolClass.allCases {
            guard let batch = try await spool.next(in: itemClass, after: 0) else { continue }
            got += try batch.message().items.compactMap { try Telemetry.read(item: [UInt8]($0), from: agent) }
        }
        #expect(got == sent)
    }
}
