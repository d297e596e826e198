import CordonModel
import CordonOrders
import CordonWire
import Glibc
import SwiftProtobuf
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

    private func held(_ order: OrderID, for seconds: Int = 600) -> DesiredState.HeldIsolation {
        DesiredState.HeldIsolation(
            order: order, issuedAt: clock().now(), term: clock().term(.seconds(seconds)), lost: .seconds(300),
            level: .network)
    }

    private func isolated(_ order: OrderID) -> JournalRecord { held(order).record }

    /// An order to release, issued so long after the isolation.
    private func release(after seconds: Int, counts: Bool = true) -> JournalRecord {
        let issued = clock().now() + .seconds(seconds)
        return .received(
            .init(
                order: later, digest: [UInt8](repeating: 1, count: 32), kind: .release, at: issued,
                expiresAt: issued + .seconds(600), counts: counts, issuedAt: issued))
    }

    /// What an earlier look kept.
    private func keepSeen(_ order: OrderID) throws {
        try folder.keep(isolated: SeenIsolation(isolation: held(order), hasEgress: true).bytes)
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
        // Of the same order; it is over, so that the kernel need not be asked.
        try write([held(order, for: 0).record, .released(why: "an order")])
        let whole = try #require(TextFile.bytes(journal))
        var watch = IsolationWatch(folder, stateFolder: scratch.path, clock: clock())
        for length in stride(from: 0, to: whole.count, by: 7) {
            try scratch.file("journal", Array(whole[..<length]))
            #expect(try watch.look() == .forgotten, "\(length) of \(whole.count)")
        }
        try scratch.file("journal", whole)
        #expect(try watch.look() == .notWanted)
    }

    @Test("a release is one though the journal was written anew since: by its order, or by the enforcer's word")
    func compacted() throws {
        for (record, finding) in [
            (release(after: 1), .notWanted), (release(after: -1), .forgotten),
            (release(after: 1, counts: false), .forgotten),
        ] as [(JournalRecord, IsolationWatch.Finding)] {
            try keepSeen(order)
            try write([record])
            #expect(try look() == finding)
        }
        // Root's, or by a code: no order tells of it.
        try write([])
        var watch = IsolationWatch(folder, stateFolder: scratch.path, clock: clock())
        #expect(try watch.look() == .forgotten)
        ReleaseFolder.forgetIsolated(stateFolder: scratch.path)
        #expect(try watch.look() == .notWanted)
    }

    // MARK: - Putting back

    private func begin(_ step: Cordon_V1_UpgradeRecord.Step) throws {
        try folder.begin(.with { $0.step = step })
    }

    private func putBack(after seconds: Int64 = 0) throws -> DesiredState.HeldIsolation? {
        var opened = try OrderJournal(folder: scratch.path, clock: clock(after: seconds))
        let said = try Enforcer.putBackIsolation(
            lostFrom: &opened, stateFolder: scratch.path, clock: clock(after: seconds))
        #expect((said != nil) == (opened.desired.isolation != nil))
        return opened.desired.isolation
    }

    @Test("on the way back a start of the enforcer puts back what was lost, as it was ordered, on disk")
    func putsBack() throws {
        for step in [Cordon_V1_UpgradeRecord.Step.returning, .lookingBack] {
            try keepSeen(order)
            try begin(step)
            try write([])
            #expect(try putBack() == held(order))
            let again = try OrderJournal(folder: scratch.path, clock: clock()).desired.isolation
            #expect(again == held(order))
        }
    }

    @Test("at no other time, and not what its term or a release has ended")
    func putsNothingBack() throws {
        try keepSeen(order)
        for step in [Cordon_V1_UpgradeRecord.Step.chosen, .installing, .looking] {
            try begin(step)
            try write([])
            #expect(try putBack() == nil)
        }
        try begin(.returning)
        for records in [[release(after: 1)], [isolated(order), .released(why: "local")]] {
            try write(records)
            #expect(try putBack() == nil)
        }
        try write([])
        #expect(try putBack(after: 601) == nil)
        ReleaseFolder.forgetIsolated(stateFolder: scratch.path)
        #expect(try putBack() == nil)
    }
}
