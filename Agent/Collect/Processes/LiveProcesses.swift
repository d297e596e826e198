/// The processes that there are, by what the connector said of them and what `/proc` showed: what is needed to tell each
/// start and each end once, whichever of the two was first.
struct LiveProcesses: Sendable {
    struct Entry: Sendable, Hashable {
        /// Clock ticks after boot; `nil` until `/proc` was asked.
        var start: Int64?
        /// Who forked it; it may be another's child by now.
        var parent: Int64?
        /// Whether its start was told, or it ran before anything was: only of those the end is told.
        var isTold = false
        var threads = 1
        /// Nanoseconds of CLOCK_MONOTONIC up to which the entry is true.
        var time: UInt64
        /// Its first thread ended, with this status, and others go on.
        var ending: UInt32?
    }

    /// Of more processes than that nothing is remembered.
    static let limit = 262_144

    private(set) var entries: [Int64: Entry] = [:]
    /// Those whose first thread ended before others.
    private(set) var ending: Set<Int64> = []

    subscript(pid: Int64) -> Entry? { entries[pid] }

    /// Takes what a look at the process showed.
    mutating func see(_ pid: Int64, _ status: ProcessFolder.Status, isTold: Bool, at time: UInt64) {
        guard entries.count < Self.limit || entries[pid] != nil else { return }
        let parent = entries[pid]?.parent ?? status.parent
        entries[pid] = Entry(
            start: status.start, parent: parent, isTold: isTold, threads: status.threads, time: time)
        ending.remove(pid)
    }

    mutating func forked(_ notice: ProcessNotice, by parent: Int64) {
        guard !knowsBetter(than: notice), entries.count < Self.limit || entries[notice.pid] != nil else { return }
        entries[notice.pid] = Entry(parent: parent, time: notice.time)
        ending.remove(notice.pid)
    }

    /// Whether the execution is news; it leaves the process with one thread.
    mutating func executed(_ notice: ProcessNotice) -> Bool {
        guard !knowsBetter(than: notice) else { return false }
        guard entries.count < Self.limit || entries[notice.pid] != nil else { return true }
        var entry = entries[notice.pid] ?? Entry(time: notice.time)
        entry.isTold = true
        entry.threads = 1
        entry.ending = nil
        entries[notice.pid] = entry
        ending.remove(notice.pid)
        return true
    }

    mutating func started(_ pid: Int64, at start: Int64) { entries[pid]?.start = start }

    mutating func threadStarted(_ notice: ProcessNotice) {
        if !knowsBetter(than: notice) { entries[notice.pid]?.threads += 1 }
    }

    /// A thread ended, the first of them with a status: the process, when that ended it.
    mutating func threadEnded(_ notice: ProcessNotice, status: UInt32? = nil) -> (entry: Entry, status: UInt32)? {
        guard !knowsBetter(than: notice), var entry = entries[notice.pid] else { return nil }
        entry.threads -= 1
        entry.ending = status ?? entry.ending
        entries[notice.pid] = entry
        if entry.threads <= 0, let status = entry.ending {
            forget(notice.pid)
            return (entry, status)
        }
        if entry.ending != nil { ending.insert(notice.pid) }
        return nil
    }

    mutating func forget(_ pid: Int64) {
        entries[pid] = nil
        ending.remove(pid)
    }

    /// Whether the process was looked at after this was said.
    private func knowsBetter(than notice: ProcessNotice) -> Bool {
        guard let entry = entries[notice.pid] else { return false }
        return entry.time > notice.time
    }
}
