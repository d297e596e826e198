internal import ControllerCases
internal import ControllerFleet
internal import CordonModel
internal import CordonOrders

extension StateMark {
    /// How far the work on a case is.
    init(_ status: CaseStatus) {
        switch status {
        case .new: self.init("New", .warn, mark: "✱")
        case .inProgress: self.init("In progress", .calm, mark: "◐")
        case .contained: self.init("Contained", .good, mark: "■")
        case .resolved: self.init("Resolved", .good)
        case .closed: self.init("Closed", .calm, mark: "●")
        }
    }

    /// Whether the host is there.
    init(presenceOf host: HostRecord) {
        if host.revocation != nil {
            self.init("Revoked", .danger, mark: "⊘")
        } else if host.isOnline {
            self.init("Online", .good, mark: "●")
        } else if host.lastSeen == nil {
            self.init("Never seen", .calm)
        } else {
            self.init("Offline", .warn, mark: "○")
        }
    }

    /// What holds the host.
    init(containmentOf host: HostRecord, now: Timestamp) {
        if host.isolationEnd(now) != nil {
            self.init("Isolated", .danger)
        } else if let count = host.blocksInForce(now)?.count {
            switch count {
            case 0: self.init("Free", .calm)
            case 1: self.init("1 block", .warn, mark: "⊘")
            default: self.init("\(count) blocks", .warn, mark: "⊘")
            }
        } else {
            self.init("Not known", .calm, mark: "?")
        }
    }

    /// What became of something that a person meant to do.
    init(_ state: CaseTask.State) {
        switch state {
        case .open: self.init("Open", .warn)
        case .done: self.init("Done", .good)
        case .dropped: self.init("Dropped", .calm, mark: "✗")
        }
    }
}

extension HostRecord {
    /// When the isolation ends that is in force; `nil` for none, by what the host last said.
    func isolationEnd(_ now: Timestamp) -> Timestamp? {
        facts?.containment.isolatedUntil.flatMap { $0 > now ? $0 : nil }
    }

    /// The blocks in force by what the host last said; `nil` while it said nothing.
    func blocksInForce(_ now: Timestamp) -> [ContainmentState.Block]? {
        facts?.containment.blocks.filter { $0.until > now }
    }

    /// `until 05:32:47 UTC, in 4 h` for an isolated host, else empty.
    func isolationDetail(_ now: Timestamp) -> String {
        guard let end = isolationEnd(now) else { return "" }
        let moment = Moment(end, now: now)
        return "until \(end - now < .seconds(43_200) ? moment.clock + " UTC" : moment.full), \(moment.ago)"
    }

    /// `last seen 3 min ago`
    func seenDetail(_ now: Timestamp) -> String {
        lastSeen.map { "last seen \(Moment($0, now: now).ago)" } ?? "enrolled \(Moment(enrolledAt, now: now).ago)"
    }
}

extension ActionKind {
    /// What is so while its effect is in force: `Frozen`.
    var done: String {
        switch self {
        case .isolate: "Isolated"
        case .blockAddress, .blockAddresses: "Blocked"
        case .cutUserNetwork: "Network cut"
        case .sinkholeDomain: "Sinkholed"
        case .freezeProcess: "Frozen"
        case .blockExecutable: "Kept from starting"
        case .quarantineFile: "In quarantine"
        case .lockAccount: "Locked"
        case .stopService: "Stopped"
        case .removeSSHKey: "Removed"
        case .disableCronEntry: "Turned off"
        default: rawValue
        }
    }
}

extension Action {
    /// As a person would order it: `Isolate for 4 h`.
    var words: String {
        let sentence = sentence.prefix(1).uppercased() + sentence.dropFirst()
        return sentence + (duration.map { " for \(Moment.words($0))" } ?? "")
    }
}

extension Observable.Kind {
    /// The word that pages use.
    var word: String {
        switch self {
        case .ipv4: "IPv4 address"
        case .ipv6: "IPv6 address"
        case .domain: "Domain"
        case .user: "User"
        case .process: "Process"
        case .file: "File"
        case .host: "Host"
        }
    }
}
