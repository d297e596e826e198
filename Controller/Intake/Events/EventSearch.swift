package import CordonModel

/// A search over the events of all hosts.
package struct EventSearch: Sendable, Hashable {
    package var query: EventQuery
    package var host: AgentID?
    /// Only events that happened at or after. An event of a clock that runs ahead counts as happened when it came.
    package var from: Timestamp?
    /// Only events that happened before.
    package var to: Timestamp?
    package var order: Order
    /// Begin after this one, in the search's order.
    package var cursor: EventCursor?
    /// Events of the answer at most; 1 to 1,000.
    package var limit: Int

    package enum Order: String, Sendable, Hashable, CaseIterable {
        /// The last received first.
        case newest
        /// The first received first: to follow what comes.
        case oldest
    }

    package init(
        query: EventQuery = .everything, host: AgentID? = nil, from: Timestamp? = nil, to: Timestamp? = nil,
        order: Order = .newest, cursor: EventCursor? = nil, limit: Int = 100
    ) {
        self.query = query
        self.host = host
        self.from = from
        self.to = to
        self.order = order
        self.cursor = cursor
        self.limit = min(max(limit, 1), 1000)
    }
}

/// Where an event stands among all that were received: its day and its number there.
package struct EventCursor: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Days since the Unix epoch (UTC) on which it was received.
    package let day: Int64
    /// From 1, in the order of receipt.
    package let number: Int64

    package init(day: Int64, number: Int64) {
        self.day = day
        self.number = number
    }

    /// Reads what `description` writes.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let day = Int64(parts[0]), let number = Int64(parts[1]), number >= 0,
            (-1_000_000...10_000_000).contains(day)
        else { return nil }
        self.init(day: day, number: number)
    }

    package var description: String { "\(day).\(number)" }

    package static func < (left: EventCursor, right: EventCursor) -> Bool {
        (left.day, left.number) < (right.day, right.number)
    }
}

/// Some events that a search found.
package struct EventPage: Sendable, Hashable {
    package var events: [StoredEvent]
    /// Where to go on; `nil` when nothing is left. In order `oldest` it is the place reached, so that one can follow.
    package var next: EventCursor?
    /// Whether all that could belong to this page was looked at; false when the time for one look was over before.
    package var isComplete: Bool

    package init(events: [StoredEvent] = [], next: EventCursor? = nil, isComplete: Bool = true) {
        self.events = events
        self.next = next
        self.isComplete = isComplete
    }
}
