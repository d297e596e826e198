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
    /// Which numbers of the agent's spool are missing; absent when they never had any.
    package var range: Range?

    /// Numbers of one class of the spool.
    package struct Range: Sendable, Hashable {
        /// `bulk`, `activity` or `security`.
        package var itemClass: String
        /// The first number that is missing.
        package var first: UInt64
        /// The last number that is missing.
        package var last: UInt64

        package init(itemClass: String, first: UInt64, last: UInt64) {
            self.itemClass = itemClass
            self.first = first
            self.last = last
        }
    }

    package init(source: String, noticedAt: Timestamp, message: String, items: Int = 0, range: Range? = nil) {
        self.source = source
        self.noticedAt = noticedAt
        self.message = message
        self.items = items
        self.range = range
    }
}
