package import CordonModel
internal import Synchronization

/// Which sources there are, and what of each cannot be read now: the agent says so of itself.
package final class SourceStates: Sendable {
    private struct Entry {
        var fault: String?
        /// Since when it runs; `nil` while it waits to be started again.
        var runsSince: ContinuousClock.Instant?
    }

    private let entries: Mutex<[String: Entry]>

    /// A source that has run for so long again is well, though nothing came of it.
    private static let probation = Duration.seconds(10)

    init(_ sources: [String]) {
        entries = Mutex(Dictionary(sources.map { ($0, Entry()) }, uniquingKeysWith: { first, _ in first }))
    }

    /// The source is started, for the first time or again.
    func begin(_ source: String, at now: ContinuousClock.Instant = .now) {
        entries.withLock { $0[source]?.runsSince = now }
    }

    /// What of the source cannot be read; `nil`: all of it is.
    func say(_ fault: String?, of source: String) {
        entries.withLock { $0[source] = Entry(fault: fault) }
    }

    /// All sources, by name.
    package var all: [SourceState] { all(at: .now) }

    func all(at now: ContinuousClock.Instant) -> [SourceState] {
        let entries = entries.withLock { $0 }
        return entries.sorted { $0.key < $1.key }.map { source, entry in
            let isWell = entry.runsSince.map { now - $0 >= Self.probation } ?? false
            return SourceState(source: source, fault: isWell ? nil : entry.fault)
        }
    }
}
