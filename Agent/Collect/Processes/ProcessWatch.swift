internal import CordonModel
internal import CordonScan
internal import Glibc
internal import Logging

/// Listens to the connector on a thread of its own, and looks at each process at once: many live for a millisecond only.
actor ProcessWatch {
    let reading: ProcessReading
    private let tellsEnds: Bool
    let folder = ProcessFolder()
    private nonisolated let thread = SourceThread(name: "cordon-process")
    private let logger = Logger(label: "cordon.collect.processes")

    var live = LiveProcesses()
    private var records: [Record] = []
    private var gaps: [Gap] = []
    /// Ticks after boot up to which all was told.
    private var told: Int64 = 0
    private var lastPut = ContinuousClock.now
    /// Since when the first of the records waits.
    private var waiting: ContinuousClock.Instant?
    private var lastRescan: ContinuousClock.Instant?
    /// The kernel dropped some that were not looked for yet: till then nothing later is the position.
    private var isBehind = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Notices that are taken between two looks at everything else.
    private static let batchLimit = 256
    /// How long a record waits for others: each batch is written to disk and sent by itself, and a host that starts a few
    /// programs a second would otherwise pay for that each time.
    private static let gathering = Duration.milliseconds(500)
    /// How often the position is kept while there is nothing to tell.
    private static let positionInterval = Duration.seconds(60)
    /// Between two rescans: a host that starts more than can be read is not made slower still.
    private static let rescanInterval = Duration.seconds(5)

    init(reading: ProcessReading, tellsEnds: Bool) {
        self.reading = reading
        self.tellsEnds = tellsEnds
    }

    func run(_ connector: sending ProcConnector, from position: JSONValue?, into outbox: Outbox) throws {
        begin(from: position, outbox)
        put(into: outbox)
        while !Task.isCancelled {
            if outbox.isFull {
                // The kernel's queue fills meanwhile, and says so when it is full.
                usleep(20_000)
                continue
            }
            let isDrained = try take(from: connector)
            if isBehind, isDrained || overdue, mayRescan {
                let since = reading.clock.ticks
                let found = rescan(since: nil, into: outbox)
                guard !Task.isCancelled else { return }
                lose(
                    """
                    The kernel told of more processes than were read, and dropped some. /proc was looked at instead: \
                    \(found.starts) starts and \(found.ends) ends were found. What started and ended meanwhile is lost.
                    """)
                isBehind = false
                told = since
                lastRescan = .now
            }
            if isDrained { checkEnding() }
            if waiting == nil, !records.isEmpty { waiting = .now }
            if isDue { put(into: outbox) }
        }
    }

    private var isDue: Bool {
        if !gaps.isEmpty || records.count >= Self.batchLimit { return true }
        if let waiting { return .now - waiting >= Self.gathering }
        return .now - lastPut > Self.positionInterval
    }

    /// Until something is due, in milliseconds.
    private var patience: Int32 {
        let waited = waiting.map { .now - $0 } ?? .zero
        return Int32(clamping: max(.milliseconds(1), Self.gathering - waited).milliseconds)
    }

    private var mayRescan: Bool { lastRescan.map { .now - $0 > Self.rescanInterval } ?? true }
    /// A queue that never empties is no reason to wait for ever.
    private var overdue: Bool { lastRescan.map { .now - $0 > Self.rescanInterval * 2 } ?? true }

    // MARK: - Listening

    /// Takes what is there, after waiting half a second at most.
    /// - Returns: Whether that was all.
    private func take(from connector: ProcConnector) throws(CollectError) -> Bool {
        var last: UInt64?
        for count in 0..<Self.batchLimit {
            switch try connector.next(milliseconds: count == 0 ? patience : 0) {
            case .notice(let notice):
                hear(notice)
                last = notice.time
            case .lost: isBehind = true
            case .nothing:
                if !isBehind { told = reading.clock.ticks }
                return true
            }
        }
        if let last, !isBehind { told = reading.clock.ticks(monotonic: last) }
        return false
    }

    private func hear(_ notice: ProcessNotice) {
        switch notice.what {
        case .forked(let parent):
            live.forked(notice, by: parent)
            reading.inherit(notice.pid, from: parent)
        case .threadStarted: live.threadStarted(notice)
        case .executed:
            guard live.executed(notice) else { return }
            let details = folder.details(of: notice.pid)
            let parent = live[notice.pid]?.parent
            if let start = details.status?.start { live.started(notice.pid, at: start) }
            let time = reading.clock.time(monotonic: notice.time)
            records.append(reading.started(notice.pid, details, parent: parent, at: time))
        case .threadEnded: end(notice.pid, live.threadEnded(notice), at: notice.time)
        case .ended(let status): end(notice.pid, live.threadEnded(notice, status: status), at: notice.time)
        case .answer: break
        }
    }

    private func end(_ pid: Int64, _ ended: (entry: LiveProcesses.Entry, status: UInt32)?, at time: UInt64) {
        guard let ended else { return }
        tellEnd(pid, ended.entry, ended.status, at: time)
    }

    func tellEnd(_ pid: Int64, _ entry: LiveProcesses.Entry, _ status: UInt32?, at time: UInt64) {
        guard tellsEnds, entry.isTold else { return }
        records.append(reading.ended(pid, entry, status: status, at: reading.clock.time(monotonic: time)))
    }

    func tellFound(_ pid: Int64, _ details: ProcessDetails, _ status: ProcessFolder.Status, parent: Int64?) {
        let time = reading.clock.time(ticks: status.start)
        records.append(reading.started(pid, details, parent: parent, at: time, isFound: true))
    }

    // MARK: - Handing on

    /// Hands on what is there where that is a batch, and waits until there is room for more; `false` when nobody wants it.
    func makeRoom(in outbox: Outbox) -> Bool {
        guard records.count >= Self.batchLimit else { return true }
        put(into: outbox)
        while outbox.isFull, !Task.isCancelled { usleep(20_000) }
        return !Task.isCancelled
    }

    private func put(into outbox: Outbox) {
        let clock = reading.clock
        outbox.put(
            records, gaps: gaps,
            position: [
                "boot": .text(clock.boot), "ticks": .integer(told), "until": .text("\(clock.time(ticks: told))"),
            ])
        records = []
        gaps = []
        waiting = nil
        lastPut = .now
    }

    func lose(_ message: String) {
        logger.warning("\(message)")
        gaps.append(Gap(source: "processes", noticedAt: reading.clock.now(), message: message))
    }

    /// Learns what runs; what started since the position is told.
    private func begin(from position: JSONValue?, _ outbox: Outbox) {
        let now = reading.clock.ticks
        if let blindness = ProcessSource.blindness { lose("Of processes, \(blindness).") }
        guard let position else {
            _ = rescan(since: .max, into: outbox)
            told = now
            return
        }
        // A stop before all are told begins here again.
        let ticks = position["boot"]?.text == reading.clock.boot ? position["ticks"]?.integer ?? 0 : 0
        told = min(max(ticks, 0), now)
        let found = rescan(since: told, into: outbox)
        guard !Task.isCancelled else { return }
        told = now
        let since = position["until"]?.text ?? "the last time"
        lose(
            """
            Processes were not watched from \(since) until now. \(found.starts) that started meanwhile were found \
            running; what ended meanwhile is lost.
            """)
    }
}
