internal import CordonModel
internal import CordonScan

/// Where reading the journal goes on.
struct JournalPlace: Sendable, Hashable {
    /// Of the last entry that was read.
    var cursor: String
    /// When that was received: microseconds since the Unix epoch.
    var realtime: Int64

    /// Where there was no entry at the first look: all that comes is new, wherever it lies then.
    static let beginning = JournalPlace(cursor: "", realtime: 0)

    init(cursor: String, realtime: Int64) {
        self.cursor = cursor
        self.realtime = realtime
    }

    /// `nil` for what is no place.
    init?(_ json: JSONValue) {
        guard let cursor = json["cursor"]?.text, cursor.utf8.count <= JournalCursor.limit else { return nil }
        self.init(cursor: cursor, realtime: json["realtime"]?.integer ?? 0)
    }

    var json: JSONValue { ["cursor": .text(cursor), "realtime": .integer(realtime)] }
}

/// What one look at the journal went through.
struct Passed {
    var entries = 0
    /// Came twice.
    var repeated = 0
    /// Could not be read.
    var damaged = 0
    /// Of the texts.
    var bytes = 0
}

// What the journal no longer has, or does not show: never kept silent.

extension JournalSource {
    /// Goes behind the entry that was read last, and tells when it is gone.
    func goOn(from place: JournalPlace) throws(Journal.Failure) {
        guard place != .beginning else { return try journal?.seekHead() ?? () }
        if failures > 3 { return try passOver(place) }
        try journal?.seek(cursor: place.cursor)
        guard try journal?.next() == true else { return }
        if try journal?.isAt(cursor: place.cursor) == true { return }
        let cursor = try journal?.cursor() ?? place.cursor
        let (last, now) = (JournalCursor(place.cursor), JournalCursor(cursor))
        // journald numbers entries anew when it moves them from memory to disk.
        if let last, let now, now.isSameEntry(as: last) { return }
        let found = try journal?.realtime() ?? 0
        var items = 0
        if readsEverything, let last, let now, now.series == last.series, now.number > last.number {
            items = Int(clamping: now.number - last.number - 1)
        }
        note(
            "The journal no longer has the entry that was read last: entries between "
                + "\(Timestamp(microseconds: place.realtime)) and \(Timestamp(microseconds: found)) may be lost.",
            items: items)
        isAccounted = true
        // The entry found now was not read yet: go to before it.
        try journal?.seek(cursor: cursor)
    }

    /// Where reading fails again and again, goes on behind: a damaged place must not be the end of it. The step doubles.
    private func passOver(_ place: JournalPlace) throws(Journal.Failure) {
        let step = Int64(1000) << min(failures - 3, 30)
        try journal?.seek(realtime: place.realtime + step)
        note(
            "The journal cannot be read behind \(Timestamp(microseconds: place.realtime)); reading goes on "
                + "\(step / 1000) ms later.")
    }

    /// Remembers the place, and tells what was passed over. journald gives each entry the next number: when more
    /// numbers went by than entries, some lie where libsystemd does not show them any more (behind a damaged part, or
    /// sorted before the place because the clock was set back: systemd issue 24344), or were removed meanwhile.
    func account(for passed: Passed) throws(Journal.Failure) {
        let before = place.flatMap { JournalCursor($0.cursor) }
        try remember()
        if passed.damaged > 0 {
            note("\(passed.damaged) entries of the journal are damaged and were passed over.", items: passed.damaged)
        }
        defer { isAccounted = false }
        guard readsEverything, !isAccounted, let before, let now = place.flatMap({ JournalCursor($0.cursor) }),
            now.series == before.series, now.number > before.number
        else { return }
        let missing = Int(clamping: now.number - before.number) - passed.entries
        guard missing > 0 else { return }
        note(
            "The journal does not show \(missing) entries between "
                + "\(Timestamp(microseconds: Int64(clamping: before.realtime))) and "
                + "\(Timestamp(microseconds: Int64(clamping: now.realtime))).",
            items: missing)
    }
}
