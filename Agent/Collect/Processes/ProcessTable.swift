internal import CordonModel
internal import Synchronization

/// What is known of processes by their number, so that an event can say who started one: filled by what sources see,
/// and from `/proc` where that knows more. Bounded; the oldest are forgotten first.
///
/// Numbers are used again: an entry is true for the process that was seen last under its number.
package final class ProcessTable: Sendable {
    /// One process.
    package struct Entry: Sendable, Hashable {
        package var parent: Int64?
        package var executable: String?
        /// The arguments joined by one blank, cut at `commandLineLimit` bytes.
        package var commandLine: String?

        package init(parent: Int64? = nil, executable: String? = nil, commandLine: String? = nil) {
            self.parent = parent
            self.executable = executable
            self.commandLine = commandLine.map { AuditText.cut($0, to: ProcessTable.commandLineLimit) }
        }
    }

    /// Processes that are remembered.
    package static let limit = 16_384
    /// Bytes of a command line that are remembered.
    package static let commandLineLimit = 1024

    private struct State {
        var entries: [Int64: Entry] = [:]
        /// In the order in which they were first seen; may name processes that are gone.
        var order: [Int64] = []
        var start = 0
    }

    private let state = Mutex(State())
    private let proc: ProcessFolder?

    /// An empty table.
    /// - Parameter readsProc: whether a process that is not in it is looked up in `/proc`; not where a log of another
    ///   time or host is read.
    package init(readsProc: Bool) { proc = readsProc ? ProcessFolder() : nil }

    /// Fills it with what runs now.
    package func seed() {
        guard let proc else { return }
        for pid in proc.processes() { if let entry = proc.read(pid) { note(entry, of: pid) } }
    }

    /// Remembers what the process is now.
    package func note(_ entry: Entry, of pid: Int64) {
        state.withLock { state in
            if state.entries.updateValue(entry, forKey: pid) == nil { state.order.append(pid) }
            while state.entries.count > Self.limit, state.start < state.order.count {
                state.entries[state.order[state.start]] = nil
                state.start += 1
            }
            if state.order.count > Self.limit * 2 {
                state.order = state.order[state.start...].filter { state.entries[$0] != nil }
                state.start = 0
            }
        }
    }

    /// What is known of the process; what is looked up now is remembered.
    package func entry(of pid: Int64) -> Entry? {
        if let known = state.withLock({ $0.entries[pid] }) { return known }
        guard let found = proc?.read(pid) else { return nil }
        note(found, of: pid)
        return found
    }

    /// What is remembered of the process, without a look at `/proc`.
    func known(_ pid: Int64) -> Entry? { state.withLock { $0.entries[pid] } }

    /// Forgets a process that ended.
    package func forget(_ pid: Int64) { state.withLock { $0.entries[pid] = nil } }

    /// How many are remembered.
    package var count: Int { state.withLock { $0.entries.count } }
}
