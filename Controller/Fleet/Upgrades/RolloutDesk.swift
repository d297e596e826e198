internal import CordonModel

/// The newest rollout, and what hosts say that they have. The rollout's truth is in the repository: no command is given
/// before what brought it about is there.
actor RolloutDesk {
    private let repository: any UpgradeRepository
    private let surroundings: Surroundings
    private let turn = Turn()
    private(set) var rollout: Rollout?
    /// What each host said last that it has, and in which session.
    private(set) var said: [AgentID: (packages: HostPackages, session: UInt64)] = [:]
    /// The sessions that the rollout knows of.
    private var met: [AgentID: UInt64] = [:]

    init(repository: any UpgradeRepository, surroundings: Surroundings) {
        self.repository = repository
        self.surroundings = surroundings
    }

    /// Takes up what was there when the controller ended.
    func load() async throws {
        rollout = try await repository.newestRollout(at: surroundings.now())
    }

    /// Begins a rollout.
    /// - Throws: ``FleetError`` `upgrade.state` when another one is not over.
    func begin(_ plan: RolloutPlan, _ hosts: [AgentID: String], by principal: Principal) async throws -> Rollout {
        try await turn.take { try await self.beginNext(plan, hosts, by: principal) }
    }

    private func beginNext(
        _ plan: RolloutPlan, _ hosts: [AgentID: String], by principal: Principal
    ) async throws -> Rollout {
        if let rollout, rollout.state != .finished, rollout.state != .cancelled {
            throw FleetError.upgradeState(
                "The upgrade to \(rollout.plan.version) is \(rollout.state.rawValue).",
                remedy: "Wait for it, or end it with `cordon upgrade cancel`.")
        }
        let now = surroundings.now()
        var next = Rollout(
            id: surroundings.identifier(), plan: plan, by: principal.name, at: now, seed: surroundings.random())
        for (agent, group) in hosts { _ = next.apply(.enrolled(agent, group: group), at: now) }
        let record = entry("started", of: next, by: principal.name, at: now)
        try await repository.save(next, hosts: Set(next.hosts.keys), recording: [record])
        (rollout, met) = (next, [:])
        return next
    }

    /// Takes events in, stores what they bring about, and says what is to be done.
    /// - Parameters:
    ///   - actor: Who is behind the events, for the audit chain.
    ///   - id: The rollout that is meant; `nil` for whichever is there.
    @discardableResult
    func handle(
        _ events: [Rollout.Event], by actor: String = Principal.system.name, of id: RolloutID? = nil
    ) async throws -> Rollout.Outcome {
        try await turn.take { try await self.handleNext(events, by: actor, of: id) }
    }

    private func handleNext(
        _ events: [Rollout.Event], by actor: String, of id: RolloutID?
    ) async throws -> Rollout.Outcome {
        guard let old = rollout, id == nil || id == old.id else { return Rollout.Outcome() }
        let now = surroundings.now()
        var next = old
        var all = Rollout.Outcome()
        for event in events {
            let outcome = next.apply(event, at: now)
            all.commands += outcome.commands
            all.changed.formUnion(outcome.changed)
            all.verbs += outcome.verbs
        }
        if all.isNews {
            let results = all.changed.sorted().compactMap { entry(of: $0, old, next, by: actor, at: now) }
            // What a person does is the person's; what follows from hosts and time is the controller's.
            let steps = all.verbs.map { verb in
                let isOwn = ["paused", "resumed", "cancelled"].contains(verb)
                return entry(verb, of: next, by: isOwn ? actor : Principal.system.name, at: now)
            }
            try await repository.save(next, hosts: all.changed, recording: results + steps)
        }
        rollout = next
        return all
    }

    // MARK: - Who is there

    /// Remembers what a host says that it has.
    func heard(_ packages: HostPackages, from agent: AgentID, in session: UInt64) {
        said[agent] = (packages, session)
    }

    /// Hosts whose session the rollout has not seen, with what they said in it, or that said something new; and those
    /// that are gone. Told once each.
    func news(_ sessions: [AgentID: UInt64]) -> (new: Set<AgentID>, gone: Set<AgentID>) {
        guard let rollout else { return ([], []) }
        let gone = met.filter { sessions[$0.key] != $0.value }.map(\.key)
        let new = sessions.filter { met[$0.key] != $0.value || rollout.hosts[$0.key]?.readiness == .unknown }.map(\.key)
        met = sessions
        return (Set(new), Set(gone))
    }

    /// What the host said in this session that it has.
    func packages(of agent: AgentID, in session: UInt64) -> HostPackages? {
        said[agent].flatMap { $0.session == session ? $0.packages : nil }
    }

    // MARK: - Records

    private func entry(_ verb: String, of rollout: Rollout, by actor: String, at now: Timestamp) -> AuditEntry {
        var details = [
            "version": rollout.plan.version, "rings": rollout.plan.rings.joined(separator: ","),
            "ring": rollout.plan.rings[rollout.ring], "hosts": "\(rollout.hosts.count)",
        ]
        if verb == "started" {
            details["soak_s"] = "\(rollout.plan.soak.wholeSeconds)"
            details["at_most_failed"] = "\(rollout.plan.atMostFailed)"
            details["at_once"] = "\(rollout.plan.atOnce)"
            details["no_way_back"] = "\(rollout.plan.isOneWay)"
        }
        if !rollout.why.isEmpty { details["why"] = rollout.why }
        return AuditEntry(
            at: now, actor: actor, verb: "upgrade.\(verb)", subject: "upgrade:\(rollout.id)", details: details)
    }

    /// What became of a host; `nil` for what is no result.
    private func entry(
        of agent: AgentID, _ old: Rollout, _ next: Rollout, by actor: String, at now: Timestamp
    ) -> AuditEntry? {
        guard let host = next.hosts[agent], host.state.isResult, old.hosts[agent]?.state != host.state else {
            return nil
        }
        var details = ["upgrade": "\(next.id)", "version": next.plan.version]
        if let from = host.from?.installed { details["from"] = from }
        if !host.fault.isEmpty { details["fault"] = host.fault }
        return AuditEntry(
            at: now, actor: actor, verb: "upgrade.host_\(host.state.rawValue)", subject: "host:\(agent)",
            details: details)
    }
}
