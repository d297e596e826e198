import AgentSpool
import CordonModel
import Testing

@Suite("Classes of the spool", .timeLimit(.minutes(1)))
struct SpoolClassTests {
    let scratch: Scratch
    let surroundings = fixedSurroundings()

    init() throws { scratch = try Scratch() }

    func open(_ limits: Spool.Limits) throws -> Spool {
        try Spool(folder: scratch.path, limits: limits, surroundings: surroundings)
    }

    private static let long = String(repeating: "x", count: 900)

    @Test("an item's class is told by its category; alerts, gaps and the audit trail are of the dearest")
    func classes() throws {
        for itemClass in SpoolClass.allCases { #expect(SpoolClass(event("line", itemClass)) == itemClass) }
        #expect(SpoolClass(.gap(Gap(source: "s", noticedAt: Timestamp(seconds: 1), message: "m"))) == .security)
        var audit = Event(timestamp: Timestamp(seconds: 1), created: Timestamp(seconds: 1), original: "x")
        #expect(SpoolClass(.event(audit)) == .bulk)
        audit.fields[.eventCategory] = .text("process")
        #expect(SpoolClass(.event(audit)) == .activity)
        audit.fields[.eventDataset] = .text("auditd.log")
        #expect(SpoolClass(.event(audit)) == .security)
    }

    @Test("each class has numbers of its own, the dearest goes first, and an acknowledgement means its class alone")
    func lanes() async throws {
        let spool = try open(.init())
        for number in 1...3 {
            try await spool.append(SpoolClass.allCases.map { event("\(number)", $0) })
        }
        var sent: [SpoolClass: UInt64] = [:]
        var order: [SpoolClass] = []
        while let batch = try await spool.next(after: sent) {
            #expect(batch.first == 1 && batch.items.count == 3)
            #expect(batch.epoch == spool.epoch(of: batch.itemClass))
            order.append(batch.itemClass)
            sent[batch.itemClass] = batch.last
        }
        #expect(order == [.security, .activity, .bulk])
        #expect(Set(SpoolClass.allCases.map { spool.epoch(of: $0) }).count == 3)
        await spool.acknowledge(epoch: spool.epoch(of: .activity), sequence: 2)
        #expect(try await spool.drained(.activity).map(\.sequence) == [3])
        #expect(try await spool.drained(.bulk).count == 3)
        #expect(try await spool.drained(.security).count == 3)
    }

    @Test("a flood of the lowest class pushes out its own oldest, and nothing dearer")
    func flood() async throws {
        let spool = try open(.init(bytes: 400_000, share: 1, segment: 16 << 10))
        try await spool.append((1...50).map { event("s\($0)", .security) })
        try await spool.append((1...50).map { event("a\($0)", .activity) })
        for number in 1...1000 { try await spool.append([event("\(number) \(Self.long)", .bulk)]) }
        #expect(await spool.status.bytes <= 400_000)
        #expect(try await spool.drained(.activity).compactMap { original($0.item) } == (1...50).map { "a\($0)" })
        let security = try await spool.drained(.security).compactMap { original($0.item) }
        #expect(security == (1...50).map { "s\($0)" })
        let kept = try await spool.drained(.bulk).map(\.sequence)
        let said = try await spool.gaps().compactMap(\.range).flatMap { $0.first...$0.last }
        #expect(said + kept == Array(1...1000))
    }

    @Test("sign-ins have a reserve that no flood takes, and take the room of the others when they need it")
    func reserve() async throws {
        let spool = try open(.init(bytes: 400_000, share: 1, reserve: 0.25, segment: 16 << 10))
        for number in 1...600 { try await spool.append([event("\(number) \(Self.long)", .activity)]) }
        #expect(await spool.status.bytes <= 300_000 + 16 << 10)
        // 300 of about 1,000 bytes: more than the reserve.
        for number in 1...300 { try await spool.append([event("\(number) \(Self.long)", .security)]) }
        #expect(await spool.status.bytes <= 400_000)
        let kept = try await spool.drained(.security).compactMap { original($0.item) }
        #expect(kept.count == 300)
        let activity = try await spool.drained(.activity).count
        let said = try await spool.gaps().filter { $0.range?.itemClass == "activity" }.reduce(0) { $0 + $1.items }
        #expect(activity > 0 && activity + said == 600)
    }

    @Test("what is dearer is never pushed out by what is cheaper: then the cheaper is not taken, and said")
    func cheaper() async throws {
        let spool = try open(.init(bytes: 200_000, share: 1, reserve: 0, segment: 16 << 10))
        for number in 1...175 { try await spool.append([event("\(number) \(Self.long)", .security)]) }
        let before = try await spool.drained(.security).compactMap { original($0.item) }.count
        #expect(before == 175)
        let many = (1...100).map { event("\($0) \(Self.long)", .bulk) }
        try await spool.append(many)
        #expect(try await spool.drained(.security).compactMap { original($0.item) }.count == 175)
        #expect(try await spool.drained(.bulk).isEmpty)
        #expect(try await spool.gaps().reduce(0) { $0 + $1.items } == 100)
    }

    @Test("a share of the disk bounds it too")
    func share() async throws {
        let spool = try open(.init(bytes: 1 << 40, share: 0.000_000_001))
        for number in 1...400 { try await spool.append([event("\(number) \(Self.long)")]) }
        #expect(await spool.status.bytes <= 70_000)
    }

    @Test("a reader waits while the spool is full and the controller takes items, and nothing is lost")
    func backpressure() async throws {
        let spool = try open(.init(bytes: 100_000, share: 1, segment: 16 << 10, patience: .seconds(30)))
        async let reading: Void = {
            for number in 1...500 {
                try await spool.append([event("\(number) \(Self.long)")], position: Array("\(number)".utf8), of: "f")
            }
        }()
        var taken: [String] = []
        for await _ in spool.changes() {
            while let batch = try await spool.next() {
                taken += batch.items.compactMap { original($0) }.map { String($0.prefix { $0 != " " }) }
                await spool.acknowledge(epoch: batch.epoch, sequence: batch.last)
            }
            if taken.count >= 500 { break }
        }
        try await reading
        #expect(taken == (1...500).map { "\($0)" })
        #expect(await spool.status.lost == 0)
        #expect(await spool.position(of: "f") == Array("500".utf8))
    }

    @Test("when the controller takes nothing for long, the spool drops rather than to let the reader wait")
    func impatient() async throws {
        let spool = try open(.init(bytes: 100_000, share: 1, segment: 16 << 10, patience: .zero))
        for number in 1...500 {
            try await spool.append([event("\(number) \(Self.long)")], position: Array("\(number)".utf8), of: "f")
        }
        #expect(await spool.status.lost > 300)
        #expect(await spool.position(of: "f") == Array("500".utf8))
    }

    @Test("an item that is too large gives way to a gap, so that its source can go on")
    func tooLarge() async throws {
        let spool = try open(.init(item: 1000))
        try await spool.append([event(Self.long + Self.long), event("next")], position: [7], of: "f")
        #expect(try await spool.drained().compactMap { original($0.item) } == ["next"])
        #expect(try await spool.gaps().map(\.items) == [1])
        #expect(await spool.position(of: "f") == [7])
    }

    @Test("positions outlive the list's being written anew")
    func compaction() async throws {
        let folder: Scratch
        do {
            let spool = try open(.init())
            let long = [UInt8](repeating: 1, count: 100_000)
            try await spool.append([event("x")], position: [1, 2, 3], of: "quiet")
            for number in 1...40 { try await spool.append([event("x")], position: long + [UInt8(number)], of: "busy") }
            #expect(try scratch.read("commits").count < 2_500_000)
            folder = try scratch.crashCopy()
        }
        let again = try Spool(folder: folder.path, surroundings: surroundings)
        #expect(await again.position(of: "quiet") == [1, 2, 3])
        #expect(await again.position(of: "busy")?.last == 40)
        #expect(try await again.drained().count == 41)
    }
}
