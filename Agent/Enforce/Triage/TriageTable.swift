internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// One table of a triage: rows of JSON, one a line, within its rows, its bytes and its time.
final class TriageTable {
    /// Why a table ends before all was told.
    enum Stop: String, Error {
        case time = "its time was over"
        case bytes = "its bytes were full"
        case rows = "it had as many rows as a table may have"
        case files = "it had looked at as many files as it may"
        case failed = "it could not go on"
    }

    /// Rows, and bytes, of one table at most: it is held in memory until it is whole.
    static let mostRows = 50_000
    static let mostBytes = 8 << 20
    /// Bytes of what is said about one table in the manifest.
    static let mostNotes = 12 << 10

    let name: String
    /// When it was begun.
    let cutAt: Timestamp
    /// When it must be done.
    let end: ContinuousClock.Instant
    /// Which rows are wanted; all where there is none.
    private let condition: LiveTable.Condition?
    private let mostRows: Int
    /// Whether a row had the member that the condition names.
    private(set) var knowsField = false
    private let most: Int
    private(set) var bytes: [UInt8] = []
    private(set) var rows = 0
    private var size = 0
    private(set) var notes: [String] = []
    private var noteBytes = 0
    /// Notes for which there was no room.
    private(set) var notesLeftOut = 0
    /// `nil` where the table is whole.
    var stopped: Stop?

    init(
        _ name: String, cutAt: Timestamp, most: Int, until end: ContinuousClock.Instant,
        where condition: LiveTable.Condition? = nil, mostRows: Int = mostRows
    ) {
        self.condition = condition
        self.mostRows = min(mostRows, Self.mostRows)
        self.name = name
        self.cutAt = cutAt
        self.most = min(most, Self.mostBytes)
        self.end = end
    }

    var timeLeft: Duration { max(.zero, end - ContinuousClock.now) }

    /// Bytes that still fit.
    var room: Int { most - bytes.count }

    /// Throws when the time is over: to be asked where work is done without a row.
    func check() throws(Stop) {
        if ContinuousClock.now >= end { throw .time }
    }

    /// - Parameter isMade: The row was made in time already: it is added though the time is over by now.
    func add(_ row: JSONValue, isMade: Bool = false) throws(Stop) {
        if !isMade { try check() }
        guard isWanted(row) else { return }
        guard rows < mostRows else { throw .rows }
        let line = row.bytes()
        guard bytes.count + line.count + 1 <= most else { throw .bytes }
        bytes += line
        bytes.append(0x0A)
        rows += 1
    }

    /// Whether a row that is not whole yet may be wanted: its members that are there do not speak against it.
    func mayBeWanted(_ row: JSONObject) -> Bool {
        guard let condition, let member = row[condition.field] else { return true }
        return Self.says(member, condition.value)
    }

    private func isWanted(_ row: JSONValue) -> Bool {
        guard let condition else { return true }
        guard let member = row[condition.field] else { return false }
        knowsField = true
        return Self.says(member, condition.value)
    }

    private static func says(_ member: JSONValue, _ value: String) -> Bool {
        switch member {
        case .text(let text): Glob.matches(value, text)
        case .integer(let number): value == "\(number)"
        case .flag(let flag): value == "\(flag)"
        case .array(let members): members.contains { says($0, value) }
        default: false
        }
    }

    /// What is said of it in one line, before its rows.
    var head: JSONValue {
        var row = JSONObject()
        row["table"] = .text(name)
        row["cut_at"] = .text("\(cutAt)")
        row["rows"] = .integer(Int64(rows))
        row["whole"] = .flag(stopped == nil)
        if let stopped { row["stopped"] = .text(stopped.rawValue) }
        row["notes"] = .array(notes.map { .text($0) })
        if notesLeftOut > 0 { row["notes_left_out"] = .integer(Int64(notesLeftOut)) }
        return .object(row)
    }

    /// Says in the manifest what was not looked into, and why.
    func note(_ text: String) {
        guard noteBytes + text.utf8.count <= Self.mostNotes else {
            notesLeftOut += 1
            return
        }
        noteBytes += text.utf8.count
        notes.append(text)
    }

    /// Lets go of the rows: they are in the archive. What is told of them stays.
    func forget() {
        size = bytes.count
        bytes = []
    }

    /// Its lines of the manifest.
    var summary: [JSONValue] {
        var row = JSONObject()
        row["table"] = .text(name)
        row["cut_at"] = .text("\(cutAt)")
        row["rows"] = .integer(Int64(rows))
        row["bytes"] = .integer(Int64(size))
        row["whole"] = .flag(stopped == nil)
        if let stopped { row["stopped"] = .text(stopped.rawValue) }
        if notesLeftOut > 0 { row["notes_left_out"] = .integer(Int64(notesLeftOut)) }
        return [.object(row)] + notes.map { ["table": .text(name), "note": .text($0)] }
    }
}
