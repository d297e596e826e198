package import CordonModel
package import CordonScan
internal import Logging

/// Follows systemd's journal by cursor.
package actor JournalSource: Source {
    package nonisolated let id: String
    private let folder: String?
    private let identifiers: [String]
    private let start: StartPosition
    private let surroundings: Surroundings
    private nonisolated let thread = SourceThread(name: "cordon-journal")
    private let logger = Logger(label: "cordon.collect.journal")

    private var journal: Journal?
    private var place: Place?
    private var gaps: [Gap] = []

    /// Where reading goes on.
    private struct Place {
        var cursor: String
        var realtime: Int64
    }

    /// Entries of one batch.
    package static let batchLimit = 512
    private static let pollMilliseconds: Int32 = 1000

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Follows this host's journal, or the journal files of a folder; only entries of these syslog identifiers, if any
    /// are named.
    package init(
        folder: String? = nil, identifiers: [String] = [], start: StartPosition, surroundings: Surroundings
    ) {
        id = folder.map { "journal:\($0)" } ?? "journal"
        self.folder = folder
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
        place = position.flatMap { position in
            guard let cursor = position["cursor"]?.text, cursor.utf8.count < 1024 else { return nil }
            return Place(cursor: cursor, realtime: position["realtime"]?.integer ?? 0)
        }
        try await withTaskCancellationHandler {
            while !Task.isCancelled {
                do {
                    try await follow(wakeUp, deliver)
                } catch let failure as Journal.Failure {
                    logger.error("The journal cannot be read (error \(failure.errno)); it is opened again.")
                    journal = nil
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
            if !records.isEmpty || !gaps.isEmpty, let place {
                try await deliver(SourceBatch(records: records, gaps: gaps, position: Self.position(place)))
                gaps = []
                continue
            }
            wakeUp.wait(on: descriptor, milliseconds: Self.pollMilliseconds)
            if try journal?.process() == .invalidated { try goTo(place) }
        }
    }

    private static func position(_ place: Place) -> JSONValue {
        ["cursor": .text(place.cursor), "realtime": .integer(place.realtime)]
    }

    // MARK: - Places

    private func open() throws {
        journal = nil
        do throws(Journal.Failure) {
            journal = try opened()
        } catch {
            throw CollectError(
                "no_journal",
                "Cannot open the journal of \(folder ?? "this host") (error \(error.errno)).",
                remedy: "Let the agent's user be in the group systemd-journal."
            )
        }
        try goTo(place)
    }

    private func opened() throws(Journal.Failure) -> Journal {
        let fresh = try Journal(folder: folder)
        try fresh.limitValues(to: FileTail.lineLimit)
        try fresh.match("SYSLOG_IDENTIFIER", anyOf: identifiers)
        return fresh
    }

    /// Goes behind the entry that was read last, or to where a reading starts that has no place yet.
    private func goTo(_ place: Place?) throws(Journal.Failure) {
        guard let place else {
            if start == .end { try journal?.seekTail() } else { try journal?.seekHead() }
            return
        }
        try journal?.seek(cursor: place.cursor)
        guard try journal?.next() == true else { return }
        if try journal?.isAt(cursor: place.cursor) == true { return }
        // The entry is gone; the one found now was not read yet: go to before it.
        let found = try journal?.realtime() ?? 0
        lost(from: place.realtime, to: found)
        try journal?.seek(cursor: try journal?.cursor() ?? place.cursor)
    }

    private func lost(from: Int64, to: Int64) {
        let message =
            "The journal no longer has the entry that was read last: entries between "
            + "\(Timestamp(microseconds: from)) and \(Timestamp(microseconds: to)) may be lost."
        logger.warning("\(message)")
        gaps.append(Gap(source: id, noticedAt: surroundings.now(), message: message))
    }

    // MARK: - Reading

    private func batch() throws(Journal.Failure) -> [Record] {
        var records: [Record] = []
        while records.count < Self.batchLimit, try journal?.next() == true {
            do throws(Journal.Failure) {
                records.append(try entry())
            } catch {
                // A damaged entry costs itself only.
                guard error.errno == 74 || error.errno == 61 else { throw error }
                let message = "An entry of the journal is damaged (error \(error.errno)) and was passed over."
                gaps.append(Gap(source: id, noticedAt: surroundings.now(), message: message, items: 1))
            }
        }
        return records
    }

    private func entry() throws(Journal.Failure) -> Record {
        let cursor = try journal?.cursor() ?? ""
        let realtime = try journal?.realtime() ?? 0
        place = Place(cursor: cursor, realtime: realtime)
        var entry = JournalRecord()
        try journal?.enumerate { name, value in entry.take(name, value) }
        return entry.record(receivedAt: Timestamp(microseconds: realtime))
    }
}
