internal import ControllerFleet
internal import CordonModel

extension StateMark {
    /// How far a hunt is.
    init(_ hunt: HuntRecord) {
        guard !hunt.isUnanswered else {
            self.init("No host answered", .danger, mark: "✗")
            return
        }
        switch hunt.state {
        case .running: self.init("Running", .warn)
        case .finished: self.init("Finished", .good)
        case .cancelled: self.init("Ended by hand", .calm, mark: "✗")
        case .expired: self.init("Expired", .warn, mark: "⌛")
        }
    }

    /// How a host's answer stands.
    init(_ state: HuntHostState) {
        switch state {
        case .waiting: self.init("Waiting", .warn, mark: "○")
        case .asked: self.init("Asked", .warn)
        case .done: self.init("Done", .good)
        case .truncated: self.init("Cut short", .warn, mark: "✂")
        case .failed: self.init("Failed", .danger, mark: "✗")
        case .unsupported: self.init("Not able", .danger, mark: "⊘")
        case .cancelled: self.init("Cancelled", .calm, mark: "✗")
        case .expired: self.init("Expired", .warn, mark: "⌛")
        }
    }
}

extension HuntsPage.HuntRow {
    init(_ hunt: HuntRecord, now: Timestamp) {
        let parameters = hunt.question.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let progress = HuntHostState.allCases.compactMap { state in
            hunt.progress[state].map { "\($0) \(StateMark(state).word.lowercased())" }
        }
        self.init(
            huntID: "\(hunt.id)", huntState: StateMark(hunt),
            question: ([hunt.question.kind.rawValue] + parameters).joined(separator: " "),
            progress: progress.joined(separator: ", "), found: hunt.rows == 1 ? "1 row" : "\(hunt.rows) rows",
            by: hunt.startedBy, started: Moment(hunt.startedAt, now: now))
    }
}

extension HuntsPage.Start {
    init(for reader: Reader, onHost: String) {
        self.init(
            token: reader.formToken,
            kinds: HuntKind.allCases.map { Choice(key: $0.rawValue, word: $0.rawValue, chosen: $0 == .process) },
            hints: HuntKind.allCases.map { kind in
                let more = kind == .journal ? ["fields of the journal, as _SYSTEMD_UNIT"] : []
                return Fact(kind.rawValue, (kind.parameters.sorted() + more).joined(separator: ", "))
            },
            onHost: onHost)
    }
}

extension HuntPage {
    /// Hosts and results on the page.
    static let hostsShown = 200
    static let rowsShown = 100
    /// Columns of the results at most; agents have far fewer.
    private static let mostColumns = 16

    init(_ hunt: HuntRecord, frame: Frame, for reader: Reader) {
        let now = reader.now
        self.init(
            frame: frame, hunt: HuntsPage.HuntRow(hunt, now: now),
            facts: [
                Fact("Reason", hunt.reason),
                hunt.endedAt.map { Fact("Over since", Moment($0, now: now).full) }
                    ?? Fact(
                        "Expires", "\(Moment(hunt.expiresAt, now: now).full), \(Moment(hunt.expiresAt, now: now).ago)"),
            ])
        if hunt.state != .running { nothing = "Nothing on the hosts that answered." }
        if hunt.isUnanswered { nothing = "No host answered: that nothing was found says nothing." }
        if hunt.state == .running, reader.may(.responder) { cancel = Cancel(token: reader.formToken) }
    }

    mutating func show(hosts: [AgentID: HuntRecord.Host], names: [AgentID: String]) {
        let order: [HuntHostState] = [.failed, .unsupported, .waiting, .asked, .expired, .truncated, .cancelled, .done]
        let sorted = hosts.map { (rank: order.firstIndex(of: $0.value.state) ?? 0, id: $0.key, host: $0.value) }
            .sorted { ($0.rank, $0.id) < ($1.rank, $1.id) }
        answers = sorted.prefix(Self.hostsShown).map { _, id, host in
            let found = host.rows == 1 ? "1 row" : "\(host.rows) rows"
            return AnswerLine(
                hostID: "\(id)", hostName: names[id] ?? "\(id)", answerState: StateMark(host.state),
                detail: host.message.isEmpty ? found : "\(found). \(host.message)")
        }
        if sorted.count > Self.hostsShown { answersCut = "And \(sorted.count - Self.hostsShown) more hosts." }
    }

    mutating func show(_ found: [HuntRow], names: [AgentID: String]) {
        columns = Array(Set(found.flatMap(\.values.keys)).sorted().prefix(Self.mostColumns))
        rows = found.map { row in
            ResultRow(
                hostID: "\(row.host)", hostName: names[row.host] ?? "\(row.host)",
                cells: columns.map { row.values[$0] ?? "" })
        }
    }
}
