package import CordonModel

/// What time and people do to a rollout.
extension Rollout {
    /// Time has passed.
    mutating func pass(_ now: Timestamp, _ outcome: inout Outcome) {
        guard state != .cancelled else { return }
        if hosts.count(where: { !$1.isSettled }) > 0 {
            for (agent, host) in hosts where !host.state.isSettled { wait(for: agent, host, now, &outcome) }
        }
        judge(now, &outcome)
        turn(now, &outcome)
        fill(now, &outcome)
    }

    /// What waiting makes of one host.
    private mutating func wait(
        for agent: AgentID, _ host: RolloutHost, _ now: Timestamp, _ outcome: inout Outcome
    ) {
        let isAway = host.awaySince.map { now - max($0, ringBeganAt) >= plan.patience } ?? false
        let isSilent = now - max(host.newsAt, ringBeganAt) >= plan.patience
        switch host.state {
        case .waiting where host.ring <= ring && isAway:
            move(agent, to: .notReached, "It was not connected.", now, &outcome)
        case .waiting where host.ring <= ring && host.isHere && host.readiness == .unknown && isSilent:
            move(agent, to: .notReached, "It does not say which packages it has.", now, &outcome)
        case .offered, .fetching, .installing:
            guard isAway || isSilent else { return }
            move(agent, to: .lost, "It was not heard of while it was \(host.state.rawValue).", now, &outcome)
        case .soaking where isAway:
            move(agent, to: .lost, "It has it, and was not heard of afterwards.", now, &outcome)
        case .soaking where host.isHere && now - host.newsAt >= plan.soak:
            move(agent, to: .done, "", now, &outcome)
        default: return
        }
    }

    /// Ends rings whose hosts are all settled, and begins the next.
    private mutating func turn(_ now: Timestamp, _ outcome: inout Outcome) {
        while state == .running, hosts.count(where: { $0 <= ring && !$1.isSettled }) == 0 {
            let own = counts(of: ring)
            let isProved = own.isEmpty || own[.done] != nil || acceptedRing == ring
            guard isProved || ring == plan.rings.count - 1 else {
                return stop("No host of ring \(plan.rings[ring]) has taken it.", about: lastStraw, now, &outcome)
            }
            guard ring < plan.rings.count - 1 else {
                state = .finished
                endedAt = now
                outcome.verbs.append("finished")
                return
            }
            ring += 1
            ringBeganAt = now
            outcome.verbs.append("ring_began")
        }
    }

    /// Offers the release to as many hosts as may be at it.
    private mutating func fill(_ now: Timestamp, _ outcome: inout Outcome) {
        guard state.isOffering else { return }
        let free = plan.atOnce - hosts.count { _, state in state.isAtIt }
        guard free > 0, hosts.count(where: { $0 <= ring && $1 == .waiting }) > 0 else { return }
        let candidates = hosts.filter { _, host in
            host.state == .waiting && host.isHere && host.ring <= ring && host.source != nil
        }
        let sorted = candidates.map { (ring: $0.value.ring, draw: draw($0.key), agent: $0.key) }
            .sorted { ($0.ring, $0.draw, $0.agent) < ($1.ring, $1.draw, $1.agent) }
        for (_, _, agent) in sorted.prefix(free) {
            guard let source = hosts[agent]?.source else { continue }
            hosts[agent]?.from = source
            move(agent, to: .offered, "", now, &outcome)
            outcome.commands.append(.offer(agent))
        }
    }

    /// The host's place in the order of its ring: as random as the seed (splitmix64).
    private func draw(_ agent: AgentID) -> UInt64 {
        var value = seed ^ agent.uuid.high &* 0x9E37_79B9_7F4A_7C15 ^ agent.uuid.low
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// The health gate.
    mutating func judge(_ now: Timestamp, _ outcome: inout Outcome) {
        guard state != .stopped, state != .cancelled else { return }
        let failures = failures
        guard failures - excused > plan.atMostFailed else { return }
        let last = lastStraw
        let count = failures == 1 ? "1 host has" : "\(failures) hosts have"
        let fault = last.flatMap { hosts[$0]?.fault } ?? ""
        let why = "\(count) failed, gone back or been lost." + (fault.isEmpty ? "" : " The last: \(fault)")
        stop(why, about: last, now, &outcome)
    }

    /// The host that failed last; the first of the ring where none has.
    var lastStraw: AgentID? {
        hosts.filter { $0.value.state.isFailure }
            .max { ($0.value.changedAt, $0.key) < ($1.value.changedAt, $1.key) }?.key
            ?? hosts.filter { $0.value.ring == ring }.map { $0.key }.min()
    }

    private mutating func stop(_ why: String, about agent: AgentID?, _ now: Timestamp, _ outcome: inout Outcome) {
        state = .stopped
        self.why = why
        endedAt = now
        outcome.verbs.append("stopped")
        withdraw(now, &outcome)
        if let agent { outcome.commands.append(.alarm(agent)) }
    }

    /// Takes the offer back from all that have not begun to install.
    private mutating func withdraw(_ now: Timestamp, _ outcome: inout Outcome) {
        outcome.commands.removeAll { if case .offer = $0 { true } else { false } }
        for (agent, host) in hosts.sorted(by: { $0.key < $1.key }) where host.wasOffered {
            switch host.state {
            case .offered, .fetching: move(agent, to: .waiting, "", now, &outcome)
            case .refused, .lost: break
            default: continue
            }
            if host.isHere { outcome.commands.append(.withdraw(agent)) }
        }
    }

    // MARK: - People

    mutating func pause(_ now: Timestamp, _ outcome: inout Outcome) {
        guard state.isOffering else { return }
        state = .paused
        outcome.verbs.append("paused")
    }

    /// Goes on. What was stopped goes on in spite of what stopped it.
    mutating func resume(_ now: Timestamp, _ outcome: inout Outcome) {
        guard state == .paused || state == .stopped else { return }
        if state == .stopped {
            excused = failures
            acceptedRing = ring
        }
        state = .running
        why = ""
        endedAt = nil
        outcome.verbs.append("resumed")
        for (agent, host) in hosts.sorted(by: { $0.key < $1.key }) where host.isHere {
            if host.state == .refused || host.state == .lost { outcome.commands.append(.offer(agent)) }
        }
    }

    mutating func cancel(_ now: Timestamp, _ outcome: inout Outcome) {
        guard state != .cancelled else { return }
        withdraw(now, &outcome)
        state = .cancelled
        endedAt = now
        outcome.verbs.append("cancelled")
    }
}

extension RolloutHost {
    /// What it would go back to, where it can be offered the release.
    fileprivate var source: HostPackages? {
        switch readiness {
        case .ready(let packages), .noWayBack(let packages): packages
        case .unknown, .has, .noRelease: nil
        }
    }
}

extension Rollout {
    /// A rollout that was stored.
    package init(
        id: RolloutID, plan: RolloutPlan, by: String, at startedAt: Timestamp, seed: UInt64, state: RolloutState,
        why: String, ring: Int, ringBeganAt: Timestamp, excused: Int, acceptedRing: Int, endedAt: Timestamp?,
        hosts: RolloutHosts
    ) {
        self.init(id: id, plan: plan, by: by, at: startedAt, seed: seed)
        self.state = state
        self.why = why
        self.ring = min(max(ring, 0), plan.rings.count - 1)
        self.ringBeganAt = ringBeganAt
        self.excused = excused
        self.acceptedRing = acceptedRing
        self.endedAt = endedAt
        self.hosts = hosts
    }
}

extension Rollout {
    /// How many hosts of a ring are in each state.
    package func counts(of ring: Int) -> [RolloutHostState: Int] { hosts.counts(of: ring) }
}
