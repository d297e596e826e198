package import CordonModel
package import CordonScan

/// What a source of the journal would find, without reading: for `cordon-agent check`. Waits for the disk.
package enum JournalLook: Sendable, Equatable {
    /// It cannot be opened; libsystemd's number of why.
    case closed(errno: Int32)
    /// Not one entry is to be seen: there is none, or none that this user may read.
    case blind
    /// Reading has not begun: from now on, or with the entry of that time.
    case begins(Timestamp?)
    /// Reading goes on behind the entry of that time.
    case goesOn(Timestamp)
    /// The entry of the first time, behind which it would go on, is gone; it goes on with what comes next, and what may be
    /// lost is told.
    case lost(Timestamp)

    /// Looks as a source of that scope and start would, whose position is kept as that.
    package init(_ scope: JournalScope, start: StartPosition, position: JSONValue?) {
        do throws(Journal.Failure) { self = try Self.look(scope, start, position.flatMap { JournalPlace($0) }) } catch {
            self = .closed(errno: error.errno)
        }
    }

    private static func look(
        _ scope: JournalScope, _ start: StartPosition, _ place: JournalPlace?
    ) throws(Journal.Failure) -> JournalLook {
        let journal = try Journal(scope)
        guard try journal.seekTail() else { return .blind }
        guard let place, place != .beginning else {
            guard start == .beginning || place == .beginning else { return .begins(nil) }
            try journal.seekHead()
            return .begins(try journal.next() ? Timestamp(microseconds: try journal.realtime()) : nil)
        }
        let last = Timestamp(microseconds: place.realtime)
        try journal.seek(cursor: place.cursor)
        // Behind the newest entry there is nothing that could have been lost.
        guard try journal.next() else { return .goesOn(last) }
        if try journal.isAt(cursor: place.cursor) { return .goesOn(last) }
        let (before, now) = (JournalCursor(place.cursor), JournalCursor(try journal.cursor()))
        guard let before, let now, now.isSameEntry(as: before) else { return .lost(last) }
        return .goesOn(last)
    }
}
