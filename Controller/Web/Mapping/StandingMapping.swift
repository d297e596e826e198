internal import ControllerFleet
internal import CordonModel
internal import CordonOrders

extension StandingPage {
    /// Lines on the page.
    static let linesShown = 200

    /// - Parameters:
    ///   - hosts: All of the fleet.
    ///   - reach: What is known of one at its host.
    init(
        _ records: [StandingRecord], hosts: [HostRecord], reach: (StandingRecord) -> StandingReach, frame: Frame,
        for reader: Reader
    ) {
        let names = hosts.reduce(into: [AgentID: String]()) { $0[$1.id] = $1.name }
        let live = records.filter { $0.isLive(at: reader.now) }
        let shown = (live + records.filter { !$0.isLive(at: reader.now) }).prefix(Self.linesShown)
        self.init(
            frame: frame,
            standing: shown.map {
                Line($0, host: names[$0.agent] ?? "\($0.agent)", reach: reach($0), for: reader)
            },
            standingTally: Self.tally(live),
            standingCut: records.count > shown.count ? "\(records.count - shown.count) older ones are not shown." : nil)
    }

    private static func tally(_ live: [StandingRecord]) -> String {
        let hosts = Set(live.map(\.agent)).count
        return "\(live.count) not withdrawn and not over, on \(hosts == 1 ? "1 host" : "\(hosts) hosts")."
    }
}

extension StandingPage.Line {
    init(_ record: StandingRecord, host: String, reach: StandingReach, for reader: Reader) {
        let order = record.order
        let mayWithdraw = reader.may(.responder) && record.isLive(at: reader.now)
        self.init(
            hostID: "\(record.agent)", hostName: host,
            standingState: StateMark(record, reach, now: reader.now), firing: order.rule, does: order.words,
            ends: Moment(order.expiresAt, now: reader.now), by: order.requestedBy, reason: order.reason,
            withdraw: mayWithdraw ? .init(standingID: "\(record.id)", token: reader.formToken) : nil)
    }
}

extension StandingRecord {
    /// Whether it was neither withdrawn nor is over.
    fileprivate func isLive(at now: Timestamp) -> Bool { withdrawnAt == nil && order.expiresAt > now }
}

extension StandingOrder {
    /// `Block the address in source.ip for 1 h`
    fileprivate var words: String {
        let what =
            switch subject {
            case .host: "Isolate the host"
            case .sourceAddress, .destinationAddress: "Block the address in \(subject.rawValue)"
            case .user: "Lock the account in \(subject.rawValue)"
            }
        return "\(what) for \(Moment.words(duration))"
    }
}

extension StateMark {
    /// Whether the host goes by it, as it last said.
    fileprivate init(_ record: StandingRecord, _ reach: StandingReach, now: Timestamp) {
        if record.order.expiresAt <= now {
            self.init("Over", .calm)
        } else if record.withdrawnAt != nil {
            self =
                switch reach {
                case .confirmed: StateMark("Withdrawn", .calm, mark: "✗")
                case .stillHeld: StateMark("Withdrawn, but in force until the host hears it", .warn)
                case .unsaid: StateMark("Withdrawn, may be in force: the host has not said", .warn)
                case .unsent: StateMark("Withdrawn, not told yet", .warn)
                }
        } else {
            self =
                switch reach {
                case .confirmed: StateMark("In force", .good)
                case .stillHeld, .unsaid: StateMark("May be in force: the host has not said", .warn)
                case .unsent: StateMark("Not told yet", .warn)
                }
        }
    }
}
