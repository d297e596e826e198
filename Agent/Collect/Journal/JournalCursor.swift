internal import CordonScan

/// What a cursor of the journal says (sd_journal_get_cursor(3): `s=…;i=…;b=…;m=…;t=…;x=…`).
///
/// The text is documented as opaque; it is taken apart only to tell entries apart that libsystemd shows twice, and to
/// count what it passed over. A cursor that has another shape is `nil`, and both are left undone.
struct JournalCursor: Sendable, Hashable {
    /// Which file series numbered the entry, and its number there: rises by one within a series.
    var series: String
    var number: UInt64
    var boot: String
    /// Microseconds since that boot.
    var monotonic: UInt64
    /// Microseconds since the Unix epoch.
    var realtime: UInt64
    /// The sum of the entry's fields.
    var sum: UInt64

    /// Characters of a cursor's text.
    static let limit = 1024

    init?(_ text: String) {
        guard text.utf8.count <= Self.limit else { return nil }
        var parts: [Substring: Substring] = [:]
        for part in text.split(separator: ";") {
            guard let equals = part.firstIndex(of: "=") else { return nil }
            parts[part[..<equals]] = part[part.index(after: equals)...]
        }
        func number(_ name: Substring) -> UInt64? { parts[name].flatMap { UInt64($0, radix: 16) } }
        guard let series = parts["s"], let place = number("i"), let boot = parts["b"], let monotonic = number("m"),
            let realtime = number("t"), let sum = number("x")
        else { return nil }
        self.series = String(series)
        self.number = place
        self.boot = String(boot)
        self.monotonic = monotonic
        self.realtime = realtime
        self.sum = sum
    }

    /// Whether both are one entry, although it may have been numbered anew: when journald moves from memory to disk,
    /// or by a copy at a file's end (systemd issue 29016).
    func isSameEntry(as other: JournalCursor) -> Bool {
        boot == other.boot && monotonic == other.monotonic && realtime == other.realtime && sum == other.sum
    }
}
