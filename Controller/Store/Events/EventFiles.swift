internal import ControllerIntake
internal import CordonModel
internal import FoundationEssentials
internal import GRDB

/// All days of events, a file each in the folder `events` beside the database.
///
/// A batch's events are durable here before the database moves the position of its stream on. Should the controller end
/// between the two, the agent sends them again, and what is here already is known by its stream and sequence: `highest` says
/// for which batches that has to be looked up, in whichever day's file they landed.
actor EventFiles {
    private let folder: String
    private var open: [Int64: EventDay] = [:]
    /// The highest sequence of each stream in any file; read once, then kept.
    private var highest: [StreamKey: Int64]?

    init(folder: String) { self.folder = folder }

    // MARK: - Files

    /// The days there are, oldest first.
    func days() throws -> [Int64] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap(Self.day).sorted()
    }

    private static let suffix = ".sqlite"

    /// `2026-11-21.sqlite` names a day; nothing else does.
    private static func day(of name: String) -> Int64? {
        guard name.hasSuffix(suffix) else { return nil }
        let text = name.dropLast(suffix.count)
        guard let start = Timestamp(rfc3339: "\(text)T00:00:00Z") else { return nil }
        return start.day
    }

    private func path(_ day: Int64) -> String {
        let name = Timestamp(microseconds: day * Timestamp.dayLength).rfc3339(fractionDigits: 0).prefix { $0 != "T" }
        return "\(folder)/\(name)\(Self.suffix)"
    }

    /// The day's file, opened. A file that is damaged is put aside whole, and a new one begun.
    func file(_ day: Int64) throws -> EventDay {
        if let file = open[day] { return file }
        try makeFolder()
        let path = path(day)
        do { open[day] = try EventDay(day: day, path: path) } catch let error as DatabaseError
            where [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode)
        {
            let aside = "\(path).damaged-\(UInt32.random(in: 0 ... .max))"
            try FileManager.default.moveItem(atPath: path, toPath: aside)
            open[day] = try EventDay(day: day, path: path)
        }
        guard let file = open[day] else { throw StoreError.unreadable("events") }
        return file
    }

    private func makeFolder() throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    func close() {
        for file in open.values { try? file.close() }
        open = [:]
    }

    // MARK: - Writing

    /// Writes what of a stream's events is in no file yet; durable when it returns.
    func add(_ entries: [EventDay.Entry], of stream: StreamKey, at now: Timestamp) async throws {
        guard let first = entries.first?.sequence, let last = entries.last?.sequence else { return }
        var entries = entries
        let before = try known()[stream] ?? 0
        if first <= before {
            for day in try days().reversed() {
                let there = try await file(day).sequences(of: stream, in: first...last)
                entries.removeAll { there.contains($0.sequence) }
            }
        }
        highest?[stream] = max(before, last)
        guard !entries.isEmpty else { return }
        try await file(now.day).add(entries, of: stream, at: now)
    }

    private func known() throws -> [StreamKey: Int64] {
        if let highest { return highest }
        var all: [StreamKey: Int64] = [:]
        for day in try days() { all.merge(try file(day).streams()) { max($0, $1) } }
        highest = all
        return all
    }

    // MARK: - Searching

    /// How long one look may take; then the page is given as far as it came.
    private static let patience: Duration = .seconds(5)

    func search(_ search: EventSearch) async throws -> EventPage {
        let deadline = ContinuousClock.now + Self.patience
        let isNewest = search.order == .newest
        var page = EventPage()
        var reached = search.cursor
        for day in try range(search) {
            var part = search
            part.limit = search.limit - page.events.count
            let look = try await file(day).search(part, until: deadline)
            page.events += look.events.map(\.event)
            reached = look.reached ?? reached
            guard look.isOver else {
                page.next = reached
                page.isComplete = page.events.count == search.limit
                return page
            }
        }
        page.next = isNewest ? nil : reached
        return page
    }

    /// The days that may hold something, in the search's order.
    private func range(_ search: EventSearch) throws -> [Int64] {
        let isNewest = search.order == .newest
        let days = try days().filter { day in
            // An event is never received before it happened.
            if let from = search.from, day < from.day { return false }
            guard let cursor = search.cursor else { return true }
            return isNewest ? day <= cursor.day : day >= cursor.day
        }
        return isNewest ? days.reversed() : days
    }

    func count() async throws -> Int {
        var count = 0
        for day in try days() { count += try await file(day).count() }
        return count
    }

    // MARK: - Retention

    /// Drops the days that are too old, then the oldest until all fit; never the day that is being written.
    /// - Returns: How many events went.
    func sweep(keepDays: Int, keepBytes: Int64, now: Timestamp) async throws -> Int {
        let days = try days()
        var bytes = days.reduce(into: [:]) { $0[$1] = size(of: $1) }
        var dropped = 0
        for day in days where day < now.day {
            guard day <= now.day - Int64(keepDays) || bytes.values.reduce(0, +) > keepBytes else { break }
            dropped += (try? await file(day).count()) ?? 0
            try drop(day)
            bytes[day] = nil
        }
        for day in open.keys where day < now.day - 1 { try? open.removeValue(forKey: day)?.close() }
        return dropped
    }

    private func drop(_ day: Int64) throws {
        try? open.removeValue(forKey: day)?.close()
        for part in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path(day) + part) }
        try FileManager.default.removeItem(atPath: path(day))
    }

    private func size(of day: Int64) -> Int64 {
        ["", "-wal"].reduce(0) { sum, part in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path(day) + part)
            return sum + Int64((attributes?[.size] as? UInt64) ?? 0)
        }
    }
}

extension Timestamp {
    /// Microseconds of a day.
    static let dayLength: Int64 = 86_400_000_000

    /// Days since the Unix epoch, UTC.
    var day: Int64 { CivilDay.floor(microseconds) }
}

extension CivilDay {
    fileprivate static func floor(_ microseconds: Int64) -> Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: Timestamp.dayLength)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
