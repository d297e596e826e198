import CordonModel
import CordonOrders
import Glibc
import Testing

@testable import AgentEnforce

/// The journal and the clock behind it, without a kernel.
@Suite("Journal")
struct JournalTests {
    private let scratch: Scratch
    private let clock = BootClock(
        now: { Timestamp(seconds: 1_800_000_000) }, sinceBoot: { 1_000_000_000_000 }, boot: "one")

    init() throws { scratch = try Scratch() }

    private func id(_ number: UInt64) -> OrderID { OrderID(UUIDv7(high: 7, low: number)) }

    private func receipt(_ number: UInt64, at: Int64 = 1_800_000_000) -> JournalRecord.Receipt {
        .init(
            order: id(number), digest: [UInt8](repeating: 9, count: 32), kind: .isolate, at: Timestamp(seconds: at),
            expiresAt: Timestamp(seconds: at + 600), counts: true)
    }

    private var some: [JournalRecord] {
        get throws {
            [
                .received(receipt(1)),
                .isolated(order: id(1), issuedAt: clock.now(), term: clock.term(.seconds(60)), lost: nil),
                .isolated(
                    order: id(2), issuedAt: clock.now(), term: clock.term(.seconds(60)), lost: .seconds(300),
                    level: .network),
                .isolated(
                    order: id(3), issuedAt: clock.now(), term: clock.term(.seconds(60)), lost: nil, level: .network),
                .finished(id(1), result: [1, 2, 3]),
                .blocked(
                    [
                        AddressBlock(network: try #require(Network("203.0.113.9")), duration: .seconds(60)),
                        AddressBlock(network: try #require(Network("2001:db8::/48")), duration: .seconds(90)),
                    ], start: clock.term(.zero)),
                .unblocked(try #require(Network("203.0.113.9"))), .released(why: "test"),
            ]
        }
    }

    @Test("every record is read as it was written")
    func records() throws {
        for record in try some { #expect(JournalRecord(bytes: record.bytes[...]) == record) }
        #expect(JournalRecord(bytes: [99]) == nil)
        #expect(JournalRecord(bytes: []) == nil)
    }

    @Test("a file cut off anywhere keeps every whole record and takes new ones")
    func tornTail() throws {
        let path = scratch.path + "/whole"
        do {
            var file = try JournalFile(path) { _ in }
            for record in try some { try file.append([record.bytes], urgent: false) }
        }
        let whole = try #require(TextFile.bytes(path))
        for length in 0..<whole.count {
            let torn = try scratch.file("torn", "")
            truncateAndWrite(torn, Array(whole[..<length]))
            var kept = 0
            do {
                var file = try JournalFile(torn) { _ in kept += 1 }
                try file.append([JournalRecord.released(why: "more").bytes], urgent: false)
            }
            var after: [JournalRecord] = []
            _ = try JournalFile(torn) { if let record = JournalRecord(bytes: $0) { after.append(record) } }
            #expect(after.count == kept + 1 && after.last == .released(why: "more"))
            #expect(after.dropLast().elementsEqual(try some.prefix(kept)))
        }
    }

    @Test("a flipped bit costs the record that it lies in and no other, and a foreign file is not touched")
    func rotten() throws {
        let path = scratch.path + "/journal"
        do {
            var file = try JournalFile(path) { _ in }
            for record in try some { try file.append([record.bytes], urgent: false) }
        }
        var bytes = try #require(TextFile.bytes(path))
        bytes[64] ^= 1
        truncateAndWrite(path, bytes)
        var kept: [JournalRecord] = []
        let damaged = try JournalFile(path) { if let record = JournalRecord(bytes: $0) { kept.append(record) } }
        let isDamaged = damaged.wasDamaged
        #expect(isDamaged)
        #expect(kept == Array(try some.dropFirst()))
        let foreign = try scratch.file("foreign", "something else entirely, kept by its owner")
        let error = #expect(throws: EnforceError.self) { _ = try JournalFile(foreign) { _ in } }
        #expect(error?.code == "journal.foreign")
        #expect(TextFile.text(foreign) == "something else entirely, kept by its owner")
    }

    @Test("what is left is reckoned once after a boot: a wall clock that is set before a later start changes nothing")
    func reckonedOnce() throws {
        let network = try #require(Network("203.0.113.9"))
        let hour = Duration.seconds(3600)
        let effect = HeldEffect(
            key: .init(kind: .cutUserNetwork, subject: "4321"), orders: [id(2)], title: "4321", term: clock.term(hour),
            undo: [1])
        do {
            var journal = try OrderJournal(folder: scratch.path, clock: clock)
            try journal.append([
                .isolated(order: id(1), issuedAt: clock.now(), term: clock.term(hour), lost: nil), .held(effect),
                .blocked([AddressBlock(network: network, duration: hour)], start: clock.term(.zero)),
            ])
        }
        // Booted ten minutes later; then, a minute after the boot, started with the wall clock ahead and back.
        for (wall, sinceBoot) in [(1_800_000_600, 0), (2_800_000_000, 60), (800_000_000, 60), (2_800_000_000, 60)] {
            let clock = BootClock(
                now: { Timestamp(seconds: Int64(wall)) }, sinceBoot: { Int64(sinceBoot) * 1_000_000_000 }, boot: "two")
            let journal = try OrderJournal(folder: scratch.path, clock: clock)
            let left = Duration.seconds(3000 - sinceBoot)
            let isolation = try #require(journal.desired.isolation?.term)
            let held = try #require(journal.desired.held[effect.key]?.term)
            let block = try #require(journal.desired.blocks[network])
            #expect(clock.remaining(of: isolation) == left && clock.remaining(of: held) == left)
            #expect(Duration.nanoseconds(block - clock.sinceBoot()) == left)
        }
    }

    @Test("what began before a boot is reckoned even where something of this boot was written down before that")
    func reckonedLate() throws {
        let hour = Duration.seconds(3600)
        func effect(_ subject: String, _ clock: BootClock) -> HeldEffect {
            HeldEffect(
                key: .init(kind: .cutUserNetwork, subject: subject), orders: [id(2)], title: subject,
                term: clock.term(hour), undo: [1])
        }
        func booted(_ wall: Int64) -> BootClock {
            BootClock(now: { Timestamp(seconds: wall) }, sinceBoot: { 60_000_000_000 }, boot: "two")
        }
        let early = effect("4321", clock)
        do {
            var file = try JournalFile(scratch.path + "/journal") { _ in }
            let late = effect("4322", booted(1_800_000_600))
            try file.append([JournalRecord.held(early).bytes, JournalRecord.held(late).bytes], urgent: false)
        }
        for wall in [1_800_000_600, 2_800_000_000] as [Int64] {
            let clock = booted(wall)
            let journal = try OrderJournal(folder: scratch.path, clock: clock)
            let term = try #require(journal.desired.held[early.key]?.term)
            let isReckoned = journal.isReckoned
            #expect(clock.remaining(of: term) == .seconds(3000) && isReckoned)
        }
    }

    @Test("what is desired, and first results, survive a new start and a compaction")
    func replay() throws {
        let network = try #require(Network("203.0.113.9"))
        do {
            var journal = try OrderJournal(folder: scratch.path, clock: clock)
            try journal.append([
                .received(receipt(1)),
                .isolated(order: id(1), issuedAt: clock.now(), term: clock.term(.seconds(60)), lost: nil),
            ])
            try journal.append([.finished(id(1), result: [1, 2, 3])])
            try journal.append([
                .finished(id(1), result: [1, 2, 3]),
                .blocked([AddressBlock(network: network, duration: .seconds(60))], start: clock.term(.zero)),
            ])
        }
        for _ in 0..<2 {
            var journal = try OrderJournal(folder: scratch.path, clock: clock)
            #expect(journal.desired.isolation?.order == id(1))
            #expect(journal.desired.lasting(clock: clock).map(\.milliseconds) == [60_000])
            #expect(journal.orders[id(1)]?.result == [1, 2, 3])
            #expect(journal.lastHour(now: clock.now())[.isolate] == 1)
            try journal.compact()
        }
    }

    @Test("what was forgotten while the clock was ahead is remembered by when it was issued")
    func forgetting() throws {
        let ahead = BootClock(
            now: { Timestamp(seconds: 1_900_000_000) }, sinceBoot: { 1_000_000_000_000 }, boot: "one")
        do {
            var journal = try OrderJournal(folder: scratch.path, clock: ahead)
            // As a version wrote it that did not keep when an order was issued.
            let first = receipt(1)
            var second = receipt(2)
            second.issuedAt = Timestamp(seconds: 1_800_000_400)
            try journal.append([.received(first), .received(second), .finished(id(1), result: [1])])
            try journal.compact()
        }
        for _ in 0..<2 {
            var journal = try OrderJournal(folder: scratch.path, clock: clock)
            let (orders, forgotten) = (journal.orders.count, journal.forgotten)
            #expect(orders == 0 && forgotten == Timestamp(seconds: 1_800_000_400))
            try journal.compact()
        }
    }

    @Test(
        "a term is kept by the boot clock, and after a reboot by the wall clock, never beyond its length",
        arguments: [
            (boot: "one", since: Int64(20), wall: Int64(999_999), left: Int64(40)),
            (boot: "two", since: 5, wall: 20, left: 40),
            (boot: "two", since: 5, wall: 100, left: 0),
            (boot: "two", since: 5, wall: -1000, left: 60),
        ])
    func clocks(_ row: (boot: String, since: Int64, wall: Int64, left: Int64)) {
        let term = clock.term(.seconds(60))
        let later = BootClock(
            now: { Timestamp(seconds: 1_800_000_000 + row.wall) },
            sinceBoot: {
                row.boot == "one" ? 1_000_000_000_000 + row.since * 1_000_000_000 : row.since * 1_000_000_000
            }, boot: row.boot)
        #expect(max(.zero, later.remaining(of: term)) == .seconds(row.left))
    }

    private func truncateAndWrite(_ path: String, _ bytes: [UInt8]) {
        let descriptor = unsafe open(path, O_WRONLY | O_TRUNC)
        unsafe _ = write(descriptor, bytes, bytes.count)
        close(descriptor)
    }
}
