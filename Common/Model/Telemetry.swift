/// One thing that an agent ships.
package enum Telemetry: Sendable, Hashable {
    case event(Event)
    case alert(Alert)
    case gap(Gap)
}

/// Lines that were lost, and why: said instead of kept silent.
package struct Gap: Sendable, Hashable {
    /// The source, as `file:/var/log/auth.log`, `journal` or `spool`.
    package var source: String
    /// When the loss was noticed.
    package var noticedAt: Timestamp
    /// Why and how much, for people.
    package var message: String
    /// Items lost, as far as it is known; 0 when it is not.
    package var items: Int

    package init(source: String, noticedAt: Timestamp, message: String, items: Int = 0) {
        self.source = source
        self.noticedAt = noticedAt
        self.message = message
        self.items = items
    }
}
