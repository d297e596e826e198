package import CordonModel

/// What a pack would have found in the past.
package struct TrialReport: Sendable {
    /// The rules and correlations that held, most serious first, then those that held most often.
    package var findings: [TrialFinding]
    /// Of those that held, how many are not among the findings, for there were more than were asked for.
    package var leftOut: Int
    /// Events that the rules were tried on.
    package var events: Int
    /// Why not all of the stretch was looked at; `nil` when all was.
    package var end: End?
    /// The time of the last event that was looked at; `nil` when there was none.
    package var reached: Timestamp?
    /// Events that are stored and cannot be read.
    package var unreadable: Int
    /// Groups of correlations that were forgotten or cut, for there was too much.
    package var forgotten: Int
    /// Searches of regular expressions that were given up for their cost.
    package var abandoned: Int

    /// What ended a trial early.
    package enum End: String, Sendable, Hashable, CaseIterable {
        /// As many events as the budget has.
        case events
        /// The budget's time is over.
        case time
        /// The correlations had to remember more than is held.
        case memory
    }
}

/// How far a trial has come.
package struct TrialProgress: Sendable {
    package var events: Int
    package var reached: Timestamp?
}

/// A rule or correlation that held of past events.
package struct TrialFinding: Sendable, Hashable {
    package let id: String
    package let title: String
    /// To be shown with every match: the Detection Rule License asks for it.
    package let author: String?
    /// `SigmaRule.Level`.
    package let level: String
    package let isCorrelation: Bool
    /// Whether agents raise an alert of a match: it does not only inform, nor only feed correlations.
    package let alerts: Bool
    /// Events that a rule held of, or times that a correlation became true.
    package private(set) var matches = 0
    package private(set) var first: Timestamp
    package private(set) var last: Timestamp
    /// The first that were seen, at most ``mostHosts``.
    package private(set) var hosts: Set<AgentID> = []
    /// Whether there are hosts besides.
    package private(set) var hasMoreHosts = false
    /// The first events; of a correlation, those that completed it.
    package private(set) var examples: [Example] = []

    /// Hosts that are named.
    package static let mostHosts = 100
    /// Examples that are kept, and the bytes of one's line.
    package static let mostExamples = 3
    package static let longestExample = 1000

    /// One event, its line cut.
    package struct Example: Sendable, Hashable {
        package let host: AgentID
        package let time: Timestamp
        /// Hostile text.
        package let original: String
    }

    init(
        id: String, title: String, author: String?, level: String, isCorrelation: Bool, alerts: Bool, at time: Timestamp
    ) {
        (self.id, self.title, self.author, self.level) = (id, title, author, level)
        (self.isCorrelation, self.alerts) = (isCorrelation, alerts)
        (first, last) = (time, time)
    }

    /// Counts one match, which lasted from an instant to the event's.
    mutating func add(_ event: PastEvent, since start: Timestamp) {
        matches += 1
        first = min(first, start)
        last = max(last, event.time)
        if hosts.count < Self.mostHosts {
            hosts.insert(event.host)
        } else if !hosts.contains(event.host) {
            hasMoreHosts = true
        }
        guard examples.count < Self.mostExamples else { return }
        let line = String(decoding: event.event.original.utf8.prefix(Self.longestExample), as: UTF8.self)
        examples.append(Example(host: event.host, time: event.time, original: line))
    }
}
