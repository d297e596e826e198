internal import CordonModel

/// What was ordered, what became of it, and what is to be in force: on disk before anything happens.
package struct OrderJournal: ~Copyable {
    /// What is remembered of an order.
    package struct Entry: Sendable {
        package let receipt: JournalRecord.Receipt
        /// `nil` until it is finished.
        package var result: [UInt8]?
    }

    /// Orders are remembered so long at least.
    static let retention = Duration.seconds(30 * 86_400)
    /// And so many at most, of those that could not be carried out again because they have expired.
    static let mostOrders = 20_000
    /// A release may be taken so long after its expiry: a host whose clock is wrong must be releasable.
    static let releaseGrace = Duration.seconds(86_400)

    /// Called whenever records were taken up.
    var onChange: @Sendable () -> Void = {}
    private var file: JournalFile
    private(set) var orders: [OrderID: Entry] = [:]
    /// When the last of the orders that were forgotten was issued. One of them that is still valid, because the clock was
    /// ahead when it was forgotten, must not be carried out again.
    private(set) var forgotten: Timestamp?
    /// What is to be in force, as the journal says.
    private(set) var desired: DesiredState
    private let clock: BootClock
    private var lengthAfterCompaction: Int
    /// Whether the journal holds no lasting term of an earlier boot that is not followed by what is left of it.
    private(set) var isReckoned: Bool
    /// When it was last written down that the controller was heard: nanoseconds after this boot.
    private var heardOnDisk: Int64 = .min / 2

    /// Opens the journal in a folder, reading everything in it.
    package init(folder: String, clock: BootClock) throws(EnforceError) {
        var orders: [OrderID: Entry] = [:]
        var forgotten: Timestamp?
        var desired = DesiredState()
        var unreckoned = Unreckoned()
        file = try JournalFile(folder + "/journal") { content in
            guard let record = JournalRecord(bytes: content) else { return }
            desired.apply(record, clock: clock)
            Self.note(record, in: &orders)
            if case .forgotten(let issued) = record { forgotten = issued }
            unreckoned.note(record, boot: clock.boot)
        }
        self.orders = orders
        self.forgotten = forgotten
        self.desired = desired
        self.clock = clock
        lengthAfterCompaction = file.length
        isReckoned = !unreckoned.isLasting(in: desired, clock: clock)
        // Where the disk refuses it is tried again: whoever opens the journal sees to that.
        if !isReckoned { try? reckon() }
        // A boot takes time in which nobody can be heard: after one, loss begins anew.
        if desired.heard == nil { hear() }
    }

    /// Writes down what is left of all that began before this boot. The wall clock tells it, once: a later start must not
    /// reckon it anew.
    mutating func reckon() throws(EnforceError) {
        try file.append(desired.lastingRecords(clock: clock).map(\.bytes), urgent: true)
        isReckoned = true
    }

    private static func note(_ record: JournalRecord, in orders: inout [OrderID: Entry]) {
        switch record {
        case .received(let receipt): if orders[receipt.order] == nil { orders[receipt.order] = Entry(receipt: receipt) }
        case .finished(let order, let result): orders[order]?.result = result
        default: break
        }
    }

    /// Writes records, all or none, synced, and takes them up.
    package mutating func append(_ records: [JournalRecord], urgent: Bool = false) throws(EnforceError) {
        try file.append(records.map(\.bytes), urgent: urgent)
        take(records)
    }

    /// Takes records up in memory alone: when the disk refuses what must happen all the same.
    mutating func take(_ records: [JournalRecord]) {
        for record in records {
            desired.apply(record, clock: clock)
            Self.note(record, in: &orders)
        }
        onChange()
    }

    /// Forgets blocks that the kernel has ended.
    mutating func forgetEndedBlocks() { desired.forgetEndedBlocks(clock: clock) }

    /// The agent hears the controller. On disk now and then only, and only where an isolation goes by it; a disk that is
    /// full ends none.
    mutating func hear() {
        guard let lost = desired.isolation?.lost else { return }
        let now = clock.sinceBoot()
        desired.hear(clock: clock)
        guard Duration.nanoseconds(now - heardOnDisk) > min(lost / 4, .seconds(60)) else { return }
        let record = JournalRecord.heard(boot: clock.boot, sinceBoot: now)
        if (try? file.append([record.bytes], urgent: false)) != nil { heardOnDisk = now }
    }

    /// How many orders of each kind were carried out within the hour before now.
    func lastHour(now: Timestamp) -> [ActionKind: Int] {
        var counts: [ActionKind: Int] = [:]
        for entry in orders.values where entry.receipt.counts && entry.receipt.at > now - .seconds(3600) {
            counts[entry.receipt.kind, default: 0] += 1
        }
        return counts
    }

    /// Writes the journal anew with what still counts, when it has grown enough for that to pay.
    mutating func compactIfLarge() throws(EnforceError) {
        guard file.length > 4 << 20, file.length > 2 * lengthAfterCompaction else { return }
        try compact()
    }

    /// Writes the journal anew with what still counts.
    mutating func compact() throws(EnforceError) {
        let now = clock.now()
        forget(now: now)
        var records = desired.records(clock: clock)
        if let forgotten { records.append(.forgotten(issuedBy: forgotten)) }
        for (order, entry) in orders.sorted(by: { $0.value.receipt.at < $1.value.receipt.at }) {
            records.append(.received(entry.receipt))
            if let result = entry.result { records.append(.finished(order, result: result)) }
        }
        let path = file.path
        try JournalFile.replace(path, with: records.map(\.bytes))
        file = try JournalFile(path) { _ in }
        lengthAfterCompaction = file.length
        isReckoned = true
    }

    /// Forgets orders that are old, and, beyond the most that are kept, the oldest of those that no longer could be
    /// carried out.
    private mutating func forget(now: Timestamp) {
        let expired = orders.values.map(\.receipt).filter { $0.expiresAt + Self.releaseGrace < now }
            .sorted { $0.at < $1.at }
        let surplus = max(0, orders.count - Self.mostOrders)
        for (index, receipt) in expired.enumerated() where index < surplus || receipt.at < now - Self.retention {
            orders[receipt.order] = nil
            let issued = receipt.issuedAt ?? receipt.at + OrderVerifier.skew
            forgotten = max(forgotten ?? issued, issued)
        }
    }
}
