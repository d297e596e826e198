package import CordonModel

/// What hosts shipped in the past, in order of time; the store has it.
package protocol EventHistory: Sendable {
    /// The events of a stretch that follow a place in it, some of them: few enough to be held in memory.
    /// - Parameters:
    ///   - place: What a piece before gave; `nil` for the beginning.
    ///   - limit: Events at most.
    func events(_ stretch: HistoryStretch, after place: HistoryPlace?, limit: Int) async throws -> HistoryPiece
}

/// From when to when one looks back.
package struct HistoryStretch: Sendable, Hashable {
    /// Events that happened at or after. One of a clock that runs ahead counts as happened when it came.
    package var from: Timestamp
    /// Events that happened before.
    package var to: Timestamp
    /// Only of this host.
    package var host: AgentID?

    package init(from: Timestamp, to: Timestamp, host: AgentID? = nil) {
        (self.from, self.to, self.host) = (from, to, host)
    }
}

/// Where an event stands among all by time; of one time, by receipt.
package struct HistoryPlace: Sendable, Hashable, Comparable {
    package let time: Timestamp
    /// Days since the Unix epoch (UTC) on which it was received.
    package let day: Int64
    /// From 1, in the day's order of receipt.
    package let number: Int64

    package init(time: Timestamp, day: Int64, number: Int64) {
        (self.time, self.day, self.number) = (time, day, number)
    }

    package static func < (left: HistoryPlace, right: HistoryPlace) -> Bool {
        (left.time, left.day, left.number) < (right.time, right.day, right.number)
    }
}

/// Some events that follow each other.
package struct HistoryPiece: Sendable {
    package var events: [PastEvent] = []
    /// Where to go on; `nil` when nothing is left. A piece may have no events and yet not be the last.
    package var next: HistoryPlace?
    /// Events that are there and cannot be read.
    package var unreadable = 0

    package init() {}
}

/// An event that was stored.
package struct PastEvent: Sendable, Hashable {
    package var host: AgentID
    /// When it happened, or when it came if that is earlier.
    package var time: Timestamp
    package var event: Event

    package init(host: AgentID, time: Timestamp, event: Event) {
        (self.host, self.time, self.event) = (host, time, event)
    }
}
