package import CordonModel
package import CordonScan
internal import Logging

/// Follows systemd's journal by cursor.
package actor JournalSource: Source {
    package nonisolated let id: String
    let scope: JournalScope
    private let identifiers: [String]
    private let start: StartPosition
    let surroundings: Surroundings
    private nonisolated let thread = SourceThread(name: "cordon-journal")
    private let logger = Logger(label: "cordon.collect.journal")

    var journal: Journal?
    /// The last entry that was read; its cursor is known at the end of each batch.
    var place: JournalPlace?
    var gaps: [Gap] = []
    private var entry = JournalRecord()
    /// When the entry before was received, to see entries that come twice.
    private var latest: Int64 = .min
    private var latestCursor: JournalCursor?
    /// What lies before the next batch was told already.
    var isAccounted = false
    /// Times that reading failed at one place.
    var failures = 0
    /// A position that was found and not handed on yet.
    var owesPosition = false

    private static let pollMilliseconds: Int32 = 1000
    /// libsystemd opens a journal of which it may read nothing as one that is empty.
    private static let blindness =
        "No entry of the journal can be seen: it is empty, or the agent's user is not in the group systemd-journal."

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Follows a journal; only entries of these syslog identifiers, if any are named.
    package init(
        _ scope: JournalScope = .host, identifiers: [String] = [], start: StartPosition, surroundings: Surroundings
    ) {
        id = scope.name
        self.scope = scope
        self.identifiers = identifiers
        self.start = start
        self.surroundings = surroundings
    }

    package func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        let wakeUp = try WakeUp()
        // On this thread, whatever ends the loop.
        defer {
            journal = nil
            wakeUp.close()
        }
        place = position.flatMap { JournalPlace($0) }
        try await withTaskCancellationHandler {
            while !Task.isCancelled {
                do {
                    try await follow(wakeUp, deliver)
                    failures = 0
                } catch let failure as Journal.Failure {
                    logger.error("The journal cannot be read (error \(failure.errno)); it is opened again.")
                    journal = nil
                    failures += 1
                    wakeUp.wait(on: -1, milliseconds: Self.pollMilliseconds)
                }
            }
        } onCancel: {
            wakeUp.call()
        }
    }

    /// Reads until cancelled; throws `Journal.Failure` when the journal must be opened anew.
    private func follow(
        _ wakeUp: WakeUp, _ deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        try open()
        guard let descriptor = try journal?.descriptor() else { return }
        while !Task.isCancelled {
            let records = try batch()
            if !records.isEmpty || !gaps.isEmpty || owesPosition, let place {
                try await deliver(
                    SourceBatch(
                        records: records, gaps: gaps, position: place.json,
                        fault: place == .beginning && identifiers.isEmpty ? Self.blindness : nil))
                gaps = []
                owesPosition = false
                continue
            }
            wakeUp.wait(on: descriptor, milliseconds: Self.pollMilliseconds)
            if try journal?.process() == .invalidated { try goTo(place) }
        }
    }

    // MARK: - Places

    private func open() throws {
        journal = nil
        do throws(Journal.Failure) {
            journal = try opened()
        } catch {
            throw CollectError(
                "no_journal",
                "Cannot open the \(id) (error \(error.errno)).",
                remedy: "Let the agent's user be in the group systemd-journal."
            )
        }
        try goTo(place)
    }

    private func opened() throws(Journal.Failure) -> Journal {
        let fresh = try Journal(scope)
        try fresh.limitValues(to: FileTail.lineLimit + 8)
        guard !identifiers.isEmpty else { return fresh }
        try fresh.match("SYSLOG_IDENTIFIER", anyOf: identifiers)
        // What journald threw away may have been theirs.
        try fresh.or()
        try fresh.match("MESSAGE_ID", anyOf: JournalRecord.losses)
        try fresh.match("_TRANSPORT", anyOf: ["driver"])
        return fresh
    }

    /// Goes behind the entry that was read last, or to where a reading starts that has no place yet.
    private func goTo(_ place: JournalPlace?) throws(Journal.Failure) {
        (latest, latestCursor, isAccounted) = (.min, nil, false)
        if let place {
            if place == .beginning { owesPosition = true }
            return try goOn(from: place)
        }
        let isVisible = try journal?.seekTail() == true
        // The place is kept although nothing was read: a restart must not pass over what came meanwhile.
        if !isVisible { self.place = .beginning } else if start == .end { try remember() }
        owesPosition = !isVisible || start == .end
        if start == .beginning || !isVisible { try journal?.seekHead() }
    }

    // MARK: - Reading

    /// The next entries; at the end of the journal, none.
    private func batch() throws(Journal.Failure) -> [Record] {
        var records: [Record] = []
        var passed = Passed()
        while records.count < SourceBatch.recordLimit, passed.bytes < SourceBatch.byteLimit {
            guard try journal?.next() == true else { break }
            passed.entries += 1
            do throws(Journal.Failure) {
                if let record = try read(&passed) { records.append(record) }
            } catch {
                // A damaged entry costs itself only.
                guard error.isOfOneEntry else { throw error }
                passed.damaged += 1
            }
        }
        if passed.entries > 0 {
            failures = 0
            try account(for: passed)
        }
        return records
    }

    /// The current entry; `nil` for one that came before, and for journald's word that it threw something away.
    private func read(_ passed: inout Passed) throws(Journal.Failure) -> Record? {
        let realtime = try journal?.realtime() ?? 0
        if realtime == latest, try isRepeated() {
            passed.repeated += 1
            return nil
        }
        if realtime != latest { (latest, latestCursor) = (realtime, nil) }
        entry.clear()
        try journal?.enumerate { entry.take($0) }
        guard entry.count > 0 else { throw Journal.Failure(errno: 74) }
        if let lost = entry.suppressed {
            note("journald did not keep all: \(entry.words)", items: lost)
            if !identifiers.isEmpty { return nil }
        }
        let record = entry.record(receivedAt: Timestamp(microseconds: realtime))
        passed.bytes += record.bytes
        return record
    }

    /// Whether the entry, received at the same microsecond as the one before, is that one again: where one file of the
    /// journal ends and the next starts, both can have it.
    private func isRepeated() throws(Journal.Failure) -> Bool {
        guard let text = try journal?.cursor(), let now = JournalCursor(text) else { return false }
        var before = latestCursor
        if before == nil {
            guard try journal?.previous() == true else { return false }
            before = JournalCursor(try journal?.cursor() ?? "")
            try journal?.seek(cursor: text)
            guard try journal?.next() == true else { return false }
        }
        latestCursor = now
        return before?.isSameEntry(as: now) == true
    }

    /// Takes the current entry for the place where reading goes on.
    func remember() throws(Journal.Failure) {
        guard let cursor = try journal?.cursor(), let realtime = try journal?.realtime() else { return }
        place = JournalPlace(cursor: cursor, realtime: realtime)
    }

    /// Will tell of a loss with the next batch.
    func note(_ message: String, items: Int = 0) {
        logger.warning("\(message)")
        // More than these in one batch are no news.
        guard gaps.count < 64 else { return }
        gaps.append(Gap(source: id, noticedAt: surroundings.now(), message: message, items: items))
    }

    /// Whether all entries of the journal are read, so that their numbers tell of losses.
    var readsEverything: Bool { identifiers.isEmpty && scope.isOneSeries }
}
