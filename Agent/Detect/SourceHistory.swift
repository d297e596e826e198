internal import CordonModel

/// The failed logons of one source address.
struct SourceHistory: Sendable {
    /// The latest instants, oldest first; as many as the threshold needs.
    private var instants: [Timestamp] = []
    private(set) var first = Timestamp(microseconds: 0)
    private(set) var last = Timestamp(microseconds: 0)
    /// All of this run: until a window passes without one.
    private(set) var total = 0
    /// The total at which the alert is raised next.
    var nextRaise = 0
    private(set) var users: [String] = []
    private(set) var evidence: [Event] = []
    /// The sshd processes whose failures were counted last: the end of their connection is no further failure.
    private(set) var pids: [Int64] = []
    private(set) var tick: UInt64 = 0

    private static let evidenceLimit = 5
    private static let userLimit = 20
    private static let pidLimit = 16

    mutating func count(_ event: Event, weight: Int, window: Duration, keeping: Int, tick: UInt64) {
        self.tick = tick
        if total == 0 || event.timestamp > last + window {
            forget()
            first = event.timestamp
            last = event.timestamp
        }
        total += weight
        // A log's clock may be set back: the newest instant stands, so that an old one never ends a run.
        last = max(last, event.timestamp)
        instants.append(contentsOf: repeatElement(event.timestamp, count: min(weight, keeping)))
        if instants.count > keeping { instants.removeFirst(instants.count - keeping) }
        if let pid = event.number(.processPID), !pids.contains(pid) {
            pids.append(pid)
            if pids.count > Self.pidLimit { pids.removeFirst() }
        }
        if let user = event.text(.userName), users.count < Self.userLimit, !users.contains(user) { users.append(user) }
        if evidence.count >= Self.evidenceLimit { evidence.remove(at: 1) }
        evidence.append(event)
    }

    /// How many of the kept instants lie within the window before the given one.
    func recent(at now: Timestamp, window: Duration) -> Int {
        instants.reduce(0) { $1 >= now - window ? $0 + 1 : $0 }
    }

    /// Starts over; the source stays known.
    mutating func forget() {
        let (pids, tick) = (pids, tick)
        self = SourceHistory()
        self.pids = pids
        self.tick = tick
    }
}
