internal import ControllerFleet
internal import CordonModel
internal import CordonOrders

extension StateMark {
    /// How far a rollout is.
    init(_ state: RolloutState) {
        switch state {
        case .running: self.init("Running", .warn)
        case .paused: self.init("Held", .warn, mark: "‖")
        case .stopped: self.init("Stopped", .danger)
        case .finished: self.init("Finished", .good)
        case .cancelled: self.init("Ended by hand", .calm, mark: "✗")
        }
    }

    /// How far a rollout is at a host.
    init(_ state: RolloutHostState) {
        switch state {
        case .waiting: self.init("Waiting", .calm)
        case .offered: self.init("Offered", .warn, mark: "→")
        case .fetching: self.init("Fetching", .warn, mark: "↓")
        case .installing: self.init("Installing", .warn)
        case .soaking: self.init("Watched", .good, mark: "◔")
        case .done: self.init("Done", .good)
        case .refused: self.init("Refused", .warn, mark: "⊘")
        case .wentBack: self.init("Went back", .danger, mark: "↩")
        case .failed: self.init("Failed", .danger, mark: "✗")
        case .lost: self.init("Lost", .danger, mark: "?")
        case .notReached: self.init("Not reached", .calm, mark: "⌛")
        case .noWayBack: self.init("No way back", .warn, mark: "⊘")
        case .noRelease: self.init("No release for it", .warn, mark: "⊘")
        }
    }
}

extension UpgradesPage {
    /// Hosts on the page.
    static let hostsShown = 200
    /// From what needs a look to what does not.
    private static let order: [RolloutHostState] = [
        .failed, .wentBack, .lost, .noWayBack, .noRelease, .refused, .notReached, .installing, .fetching, .offered,
        .soaking, .waiting, .done,
    ]

    mutating func show(_ rollout: Rollout, names: [AgentID: String], for reader: Reader) {
        let plan = rollout.plan
        upgrade = Upgrade(
            version: plan.version, upgradeState: StateMark(rollout.state),
            why: rollout.why.isEmpty ? nil : rollout.why, started: Moment(rollout.startedAt, now: reader.now),
            by: rollout.startedBy,
            facts: [
                Fact("Soak time", plan.soak.words), Fact("May fail", "\(plan.atMostFailed)"),
                Fact("At it at one time", "at most \(plan.atOnce)"),
                Fact("Absent hosts hold a ring", plan.patience.words),
            ])
        rings = plan.rings.indices.map { Ring($0, of: rollout) }
        let sorted = rollout.hosts
            .map { (rank: Self.order.firstIndex(of: $0.value.state) ?? 0, id: $0.key, host: $0.value) }
            .sorted { ($0.rank, $0.id) < ($1.rank, $1.id) }
        lines = sorted.prefix(Self.hostsShown).map { _, id, host in
            HostLine(
                hostID: "\(id)", hostName: names[id] ?? "\(id)", inRing: Self.name(of: plan.rings[host.ring]),
                stage: StateMark(host.state), detail: Self.detail(host))
        }
        if sorted.count > Self.hostsShown { linesCut = "And \(sorted.count - Self.hostsShown) more hosts." }
        if reader.may(.administrator) { steps = Self.steps(rollout.state, token: reader.formToken) }
    }

    private static func steps(_ state: RolloutState, token: String) -> [Step] {
        var steps: [Step] = []
        if state.isOffering { steps.append(Step(step: "pause", stepWord: "Hold it", token: token)) }
        if state == .paused { steps.append(Step(step: "resume", stepWord: "Go on", token: token)) }
        if state == .stopped { steps.append(Step(step: "resume", stepWord: "Go on in spite of that", token: token)) }
        if state != .cancelled { steps.append(Step(step: "cancel", stepWord: "End it", token: token)) }
        return steps
    }

    private static func detail(_ host: RolloutHost) -> String {
        var parts: [String] = []
        if let from = host.from?.installed, !from.isEmpty { parts.append("from \(from)") }
        if host.state == .fetching, host.size > 0 { parts.append("\(host.have * 100 / host.size) % fetched") }
        if !host.fault.isEmpty { parts.append(host.fault) }
        return parts.joined(separator: ", ")
    }

    static func name(of ring: String) -> String { ring == RolloutPlan.rest ? "All others" : ring }

    mutating func show(_ stocks: [ReleaseStock], groups: [String], isBusy: Bool, for reader: Reader) {
        releases = stocks.reversed().map { stock in
            let release = stock.record.release
            return ReleaseRow(
                releaseName: release.version, architecture: release.architecture,
                packages: release.files.map(\.package).joined(separator: ", "),
                whole: stock.isWhole
                    ? StateMark("Whole", .good) : StateMark("In part", .warn, mark: "◔"),
                expires: Moment(release.expiresAt, now: reader.now),
                added: Moment(stock.record.addedAt, now: reader.now), addedBy: stock.record.addedBy)
        }
        let versions = Set(stocks.filter(\.isWhole).map(\.record.release.version)).sorted().reversed()
        guard reader.may(.administrator), !isBusy, !versions.isEmpty else { return }
        start = Start(
            token: reader.formToken,
            versions: versions.map { Choice(key: $0, word: $0, chosen: $0 == versions.first) },
            groups: groups.isEmpty ? "no host is in a group" : groups.joined(separator: ", "))
    }
}

extension UpgradesPage.Ring {
    fileprivate init(_ ring: Int, of rollout: Rollout) {
        let counts = rollout.counts(of: ring)
        let all = counts.values.reduce(0, +)
        let isOver = ring < rollout.ring || rollout.state == .finished
        let isAtIt = ring == rollout.ring && rollout.state != .finished
        let shown: [RolloutHostState] = [
            .done, .soaking, .installing, .fetching, .offered, .refused, .noWayBack, .noRelease, .wentBack, .failed,
            .lost, .waiting, .notReached,
        ]
        let states = shown.filter { counts[$0] != nil }
        var end = 0
        let parts = states.map { state in
            let begin = end
            end += counts[state] ?? 0
            return UpgradesPage.Part(
                from: Self.share(begin, of: all), width: Self.share(end - begin, of: all),
                partMood: StateMark(state).mood)
        }
        self.init(
            place: "\(ring + 1)", ringName: UpgradesPage.name(of: rollout.plan.rings[ring]),
            ringState: isOver
                ? StateMark("Over", .good) : isAtIt ? StateMark("At it", .warn) : StateMark("Waits", .calm),
            size: all == 1 ? "1 host" : "\(all) hosts", parts: parts,
            counts: states.map { .init(hosts: "\(counts[$0] ?? 0)", countState: StateMark($0)) })
    }

    /// Hundredths of a percent at most.
    private static func share(_ count: Int, of all: Int) -> String {
        let share = count * 10_000 / max(1, all)
        return "\(share / 100).\(share % 100 < 10 ? "0" : "")\(share % 100)"
    }
}

extension Duration {
    /// `4 h`, `90 min`, `45 s`.
    fileprivate var words: String {
        for (size, unit) in [(86_400, "d"), (3600, "h"), (60, "min")] as [(Int64, String)]
        where wholeSeconds > 0 && wholeSeconds % size == 0 { return "\(wholeSeconds / size) \(unit)" }
        return "\(wholeSeconds) s"
    }
}
