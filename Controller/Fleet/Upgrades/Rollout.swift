package import CordonModel

/// A release on its way through the fleet, ring by ring: a pure state machine. Events and the time go in, commands come
/// out; it has no clock, randomness or store, and the same events give the same rollout.
package struct Rollout: Sendable, Hashable {
    package let id: RolloutID
    package let plan: RolloutPlan
    package let startedBy: String
    package let startedAt: Timestamp
    /// Decides the order of hosts within a ring.
    package let seed: UInt64
    package internal(set) var state = RolloutState.running
    /// Why it was stopped, for people; empty otherwise.
    package internal(set) var why = ""
    /// The ring that is at it.
    package internal(set) var ring = 0
    package internal(set) var ringBeganAt: Timestamp
    /// Failures that a person has seen and let pass.
    package internal(set) var excused = 0
    /// The ring that may end without a host that took the release, because a person says so; -1 for none.
    package internal(set) var acceptedRing = -1
    /// When it finished, stopped or was cancelled.
    package internal(set) var endedAt: Timestamp?
    package internal(set) var hosts = RolloutHosts()

    package init(id: RolloutID, plan: RolloutPlan, by: String, at now: Timestamp, seed: UInt64) {
        (self.id, self.plan, startedBy, startedAt, self.seed) = (id, plan, by, now, seed)
        ringBeganAt = now
    }

    /// Something that happened.
    package enum Event: Sendable, Hashable {
        /// The host belongs to the fleet.
        case enrolled(AgentID, group: String)
        /// It is connected, and this is what it could be offered.
        case met(AgentID, group: String, Readiness)
        /// It is not connected any more.
        case left(AgentID)
        /// It is out of the fleet.
        case revoked(AgentID)
        case heard(AgentID, UpgradeReport)
        /// Time has passed: hosts are offered the release, rings end and begin only here.
        case clock
        case pause
        case resume
        case cancel
    }

    /// Something to be done once the rollout is stored.
    package enum Command: Sendable, Hashable {
        /// Tell the host what it should run.
        case offer(AgentID)
        /// Tell the host that nothing is offered any more.
        case withdraw(AgentID)
        /// Raise an alert about the host: the rollout stopped.
        case alarm(AgentID)
    }

    /// What an event brought about.
    package struct Outcome: Sendable, Hashable {
        package var commands: [Command] = []
        /// Hosts whose state is another one.
        package var changed: Set<AgentID> = []
        /// What happened to the whole, as verbs of the audit chain: `stopped`, `ring_began`, …
        package var verbs: [String] = []

        /// Whether there is anything to store.
        package var isNews: Bool { !changed.isEmpty || !verbs.isEmpty }
    }

    /// Changes of its state that are taken down of one host.
    static let mostChanges = 64

    /// Takes an event in.
    package mutating func apply(_ event: Event, at now: Timestamp) -> Outcome {
        var outcome = Outcome()
        switch event {
        case .enrolled(let agent, let group): add(agent, group, now, &outcome)
        case .met(let agent, let group, let readiness):
            add(agent, group, now, &outcome)
            meet(agent, readiness, now, &outcome)
        case .left(let agent): if hosts[agent]?.isHere == true { hosts[agent]?.awaySince = now }
        case .revoked(let agent): move(agent, to: .notReached, "It was revoked.", now, &outcome)
        case .heard(let agent, let report): hear(report, from: agent, now, &outcome)
        case .clock: pass(now, &outcome)
        case .pause: pause(now, &outcome)
        case .resume: resume(now, &outcome)
        case .cancel: cancel(now, &outcome)
        }
        judge(now, &outcome)
        return outcome
    }

    /// Whether the host should be told of the release when it asks what it should run.
    package func offers(_ agent: AgentID) -> Bool {
        guard let host = hosts[agent], host.wasOffered else { return false }
        switch host.state {
        case .installing, .soaking, .done: return true
        case .offered, .fetching, .refused, .lost: return state != .stopped && state != .cancelled
        case .waiting, .wentBack, .failed, .notReached, .noWayBack, .noRelease: return false
        }
    }

    /// Hosts that speak against the release.
    package var failures: Int { hosts.count { _, state in state.isFailure } }

    // MARK: - Hosts

    private mutating func add(_ agent: AgentID, _ group: String, _ now: Timestamp, _ outcome: inout Outcome) {
        guard hosts[agent] == nil, let ring = plan.ring(of: group), state != .cancelled else { return }
        hosts[agent] = RolloutHost(ring: ring, at: now)
        outcome.changed.insert(agent)
    }

    private mutating func meet(
        _ agent: AgentID, _ readiness: Readiness, _ now: Timestamp, _ outcome: inout Outcome
    ) {
        guard var host = hosts[agent] else { return }
        if !host.isHere { host.newsAt = now }
        host.awaySince = nil
        host.readiness = readiness
        hosts[agent] = host
        guard host.state.isBefore else { return }
        switch readiness {
        case .unknown, .ready: move(agent, to: .waiting, "", now, &outcome)
        case .has: move(agent, to: .done, "It had it already.", now, &outcome)
        case .noWayBack(let packages) where !plan.isOneWay:
            let name = packages.installed.isEmpty ? "that it has" : packages.installed
            move(agent, to: .noWayBack, "The controller does not have the release \(name): add it.", now, &outcome)
        case .noWayBack: move(agent, to: .waiting, "", now, &outcome)
        case .noRelease(let architecture):
            move(agent, to: .noRelease, "There is no release for \(architecture).", now, &outcome)
        }
    }

    private mutating func hear(
        _ report: UpgradeReport, from agent: AgentID, _ now: Timestamp, _ outcome: inout Outcome
    ) {
        guard var host = hosts[agent], host.wasOffered, host.state != .wentBack, host.state != .failed else { return }
        // One that changes its mind for ever is taken for what it said last, until it is silent or has failed.
        guard host.changes < Self.mostChanges || report.stage == .wentBack || report.stage == .failed else { return }
        // The soak time goes on whatever a host says again.
        if host.state != .soaking { host.newsAt = now }
        host.have = report.have
        host.size = report.size
        hosts[agent] = host
        let hasIt = report.installed == plan.version
        let isOver = host.state == .soaking || host.state == .done
        switch report.stage {
        case .wentBack: move(agent, to: .wentBack, report.fault, now, &outcome)
        case .failed: move(agent, to: .failed, report.fault, now, &outcome)
        case _ where host.state == .soaking && !report.installed.isEmpty && !hasIt:
            move(agent, to: .wentBack, "It has \(report.installed) again.", now, &outcome)
        case _ where isOver: break
        case .done where hasIt, .refused where hasIt: move(agent, to: .soaking, "", now, &outcome)
        case .installing: move(agent, to: .installing, "", now, &outcome)
        // Withdrawn: what the host says until it has heard that changes nothing.
        case _ where host.state == .waiting: break
        case .done: move(agent, to: host.state, "It says that it is done, and has another version.", now, &outcome)
        case .refused: move(agent, to: .refused, report.fault, now, &outcome)
        case .fetching where host.state != .installing: move(agent, to: .fetching, "", now, &outcome)
        case .fetching, .none: break
        }
    }

    /// The one place where a host's state changes.
    mutating func move(
        _ agent: AgentID, to state: RolloutHostState, _ fault: String, _ now: Timestamp, _ outcome: inout Outcome
    ) {
        guard var host = hosts[agent], host.state != state || host.fault != fault else { return }
        host.changes += 1
        if host.state != state {
            host.changedAt = now
            host.newsAt = now
        }
        host.state = state
        host.fault = fault
        hosts[agent] = host
        outcome.changed.insert(agent)
    }
}
