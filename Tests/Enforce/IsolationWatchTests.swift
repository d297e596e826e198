import CordonModel
import CordonOrders
import Glibc
import Testing

@testable import AgentEnforce

/// What the upgrader makes of an enforcer's journal, without a kernel: an isolation that is wanted no more.
@Suite("Isolations that an upgrade watches", .enabled(if: geteuid() == 0, "needs root"))
struct IsolationWatchTests {
    private let scratch: Scratch
    private let folder: ReleaseFolder
    private let order = OrderID(UUIDv7(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001))
    private let later = OrderID(UUIDv7(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0002))
    private var journal: String { scratch.path + "/journal" }

    init() throws {
        scratch = try Scratch()
        folder = try ReleaseFolder(stateFolder: scratch.path)
    }

    private func clock(after seconds: Int64 = 0) -> BootClock {
        BootClock(
            now: { Timestamp(microseconds: 1_000_000_000_000_000 + seconds * 1_000_000) },
            sinceBoot: { (1000 + seconds) * 1_000_000_000 }, boot: "this")
    }

    private func isolated(_ order: OrderID) -> JournalRecord {
        .isolated(
            order: order, issuedAt: clock().now(), term: clock().term(.seconds(600)), lost: nil, level: .network)
    }

    /// What an earlier look kept.
    private func keepSeen(_ order: OrderID) throws {
        let isolation = IsolationHistory.Isolated(order: order, term: clock().term(.seconds(600)), level: .network)
        try folder.keep(isolated: SeenIsolation(isolation: isolation, hasEgress: true).bytes)
    }

    private func write(_ records: [JournalRecord]) throws {
        try JournalFile.replace(journal, with: records.map(\.bytes))
    }

    private func look(after seconds: Int64 = 0) throws -> IsolationWatch.Finding {
        var watch = IsolationWatch(folder, stateFolder: scratch.path, clock: clock(after: seconds))
        return try watch.look()
    }

    @Test("a journal that is gone, emptied, or older than the isolation has forgotten it, until its term is over")
    func forgotten() throws {
        for records in [nil, [], [isolated(later), .released(why: "an order")]] as [[JournalRecord]?] {
            try keepSeen(order)
            if let records { try write(records) }
            #expect(try look() == .forgotten)
            #expect(try look(after: 599) == .forgotten)
            #expect(try look(after: 601) == .notWanted)
            #expect(folder.isolated == nil, "what is over is not watched any longer")
        }
    }

    @Test("one that was released is not missed, though another took its place before")
    func released() throws {
        for records in [[isolated(order)], [isolated(order), isolated(later)]] {
            try keepSeen(order)
            try write(records + [.released(why: "an order")])
            #expect(try look() == .notWanted)
            #expect(folder.isolated == nil)
        }
        try write([isolated(order)])
        #expect(try look(after: 601) == .notWanted, "its term is over, and nobody has written that down yet")
    }

    @Test("what is not wholly written yet is read in the next look")
    func growing() throws {
        try keepSeen(order)
        try write([isolated(order), .released(why: "an order")])
        let whole = try #require(TextFile.bytes(journal))
        var watch = IsolationWatch(folder, stateFolder: scratch.path, clock: clock(after: 601))
        for length in stride(from: 0, through: whole.count, by: 7) {
            try scratch.file("journal", Array(whole[..<length]))
            #expect(try watch.look() == .notWanted)
        }
        try scratch.file("journal", whole)
        #expect(try look() == .notWanted)
    }
}
