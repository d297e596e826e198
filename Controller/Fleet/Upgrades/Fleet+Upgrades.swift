package import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import Logging

extension Fleet {
    // MARK: - Releases

    /// All releases, by version and architecture.
    package func releases() async -> [ReleaseStock] { await shelf.all }

    /// Adds a release that the policy root signed; its packages are given afterwards.
    /// - Throws: ``FleetError`` `release.invalid`, `release.exists`, `release.no_room`.
    package func addRelease(_ signed: [UInt8], by principal: Principal) async throws -> ReleaseStock {
        let stock = try await shelf.add(signed, by: principal, at: now)
        if stock.isWhole { await weighAll() }
        return stock
    }

    /// Adds part of a package where what is here of it ends; other parts are left alone.
    /// - Returns: Bytes of it that are here.
    /// - Throws: ``FleetError`` `release.unknown` for a package that no release names, `release.altered` when it is
    ///   whole and another one, `release.no_room`.
    package func addPackagePart(
        _ bytes: [UInt8], at offset: Int64, of sha256: [UInt8], by principal: Principal
    ) async throws -> Int64 {
        let added = try await shelf.add(bytes, at: offset, of: sha256, by: principal, at: now)
        if added.completes { await weighAll() }
        return added.arrived
    }

    /// Forgets a version, of all architectures.
    /// - Throws: ``FleetError`` `release.unknown`, `release.in_use` while hosts have it, to go back to, or are to get it.
    package func removeRelease(_ version: String, by principal: Principal) async throws {
        if let rollout = await desk.rollout, rollout.state != .cancelled {
            guard rollout.plan.version != version else {
                throw FleetError.releaseInUse(
                    version, "the upgrade to it is \(rollout.state.rawValue), `cordon upgrade cancel` ends that")
            }
            guard !rollout.hosts.contains(where: { $0.value.from?.installed == version && !$0.value.state.isSettled })
            else {
                throw FleetError.releaseInUse(version, "hosts that are being upgraded would go back to it")
            }
        }
        let present = registry.hosts.filter { $0.revocation == nil }
        let said = await desk.said
        let holders = present.filter { (said[$0.id]?.packages.installed ?? $0.facts?.agentVersion) == version }
        guard holders.isEmpty else {
            let count = holders.count == 1 ? "1 host has" : "\(holders.count) hosts have"
            throw FleetError.releaseInUse(version, "\(count) it, and would go back to it")
        }
        try await shelf.remove(version, by: principal, at: now)
    }

    // MARK: - Rollouts

    /// The newest rollout; `nil` when there never was one.
    package func rollout() async -> Rollout? { await desk.rollout }

    /// The newest rollouts, newest first.
    package func rollouts(limit: Int = 20) async throws -> [RolloutSummary] {
        let stored = try await upgradeStore.rollouts(limit: min(max(limit, 1), 100))
        let live = await desk.rollout.map(RolloutSummary.init)
        return stored.map { live?.id == $0.id ? live ?? $0 : $0 }
    }

    /// What hosts say that they have, since the controller started.
    package func packagesInUse() async -> [AgentID: HostPackages] { await desk.said.mapValues(\.packages) }

    /// Begins to bring a release to the fleet.
    /// - Throws: ``FleetError`` `release.unknown`, `upgrade.invalid`, `upgrade.state` when another one is not over.
    package func startUpgrade(_ plan: RolloutPlan, by principal: Principal) async throws -> Rollout {
        if let fault = plan.fault { throw FleetError.badPlan(fault) }
        let known = await shelf.all.filter { $0.record.release.version == plan.version }
        guard !known.isEmpty else { throw FleetError.unknownRelease(plan.version) }
        guard known.contains(where: \.isWhole) else {
            throw FleetError.badPlan("packages of release \(plan.version) are missing, `cordon upgrade add` sends them")
        }
        if let end = known.map(\.record.release.expiresAt).min(), end <= now {
            throw FleetError.badPlan("release \(plan.version) expired at \(end), hosts would refuse it: sign it again")
        }
        let hosts = registry.hosts.filter { $0.revocation == nil }.reduce(into: [:]) { $0[$1.id] = $1.group }
        let rollout = try await desk.begin(plan, hosts, by: principal)
        newsFeed.yield(.upgrade(rollout.id))
        try await turnUpgrade()
        return await desk.rollout ?? rollout
    }

    /// What a person can do to a rollout.
    package enum UpgradeStep: String, Sendable, CaseIterable {
        case pause
        case resume
        case cancel
    }

    /// Holds, continues or ends the newest rollout.
    /// - Throws: ``FleetError`` `upgrade.state` when it is in no state for that.
    package func stepUpgrade(_ step: UpgradeStep, by principal: Principal) async throws -> Rollout {
        let event: Rollout.Event =
            switch step {
            case .pause: .pause
            case .resume: .resume
            case .cancel: .cancel
            }
        let outcome = try await desk.handle([event], by: principal.name)
        guard let rollout = await desk.rollout else { throw FleetError.noUpgrade }
        guard !outcome.verbs.isEmpty else {
            throw FleetError.upgradeState("The upgrade to \(rollout.plan.version) is \(rollout.state.rawValue).")
        }
        await carryOut(outcome)
        return rollout
    }

    // MARK: - The clock

    /// Looks at who is there and what time it is: hosts are offered the release here, and rings begin and end.
    package func turnUpgrade() async throws {
        guard let rollout = await desk.rollout, rollout.state != .cancelled else { return }
        let open = sessions.all.reduce(into: [AgentID: UInt64]()) { $0[$1.agent] = $1.id }
        let (new, old) = await desk.news(open)
        let gone = old.union(rollout.hosts.lazy.filter { $0.value.isHere && open[$0.key] == nil }.map { $0.key })
        var events = gone.sorted().map { Rollout.Event.left($0) }
        for agent in new.sorted() {
            guard let host = registry.host(agent), host.revocation == nil, let session = open[agent] else { continue }
            let readiness = await readiness(of: agent, in: session, for: rollout.plan.version)
            // What the rollout knows already is no event.
            guard readiness != .unknown || rollout.hosts[agent]?.isHere != true || gone.contains(agent) else {
                continue
            }
            events.append(.met(agent, group: host.group, readiness))
        }
        for (agent, host) in rollout.hosts where !host.state.isSettled {
            if registry.host(agent)?.revocation != nil { events.append(.revoked(agent)) }
        }
        await carryOut(try await desk.handle(events + [.clock], of: rollout.id))
    }

    /// Rollouts that are over and kept; of older ones the audit chain tells.
    static let rolloutsKept = 50

    /// Forgets old rollouts, with their hosts. In pieces, so that writers do not wait long.
    /// - Returns: Whether more is due.
    func forgetRollouts() async throws -> Bool {
        let instant = now
        for _ in 0..<20 {
            let isMore = try await upgradeStore.forgetRollout(keeping: Self.rolloutsKept) { id in
                AuditEntry(
                    at: instant, actor: Principal.system.name, verb: "upgrade.forgotten", subject: "upgrade:\(id)",
                    details: ["kept": "\(Self.rolloutsKept)"])
            }
            if !isMore { return false }
        }
        return true
    }

    /// Has every connected host looked at again: there is a release that was not there before.
    private func weighAll() async {
        guard let rollout = await desk.rollout, rollout.state != .cancelled else { return }
        var events: [Rollout.Event] = []
        for session in sessions.all {
            guard let host = registry.host(session.agent), host.revocation == nil else { continue }
            let readiness = await readiness(of: host.id, in: session.id, for: rollout.plan.version)
            events.append(.met(host.id, group: host.group, readiness))
        }
        do { await carryOut(try await desk.handle(events, of: rollout.id)) } catch {
            log.error("the upgrade could not be written: \(error)")
        }
    }

    private func readiness(of agent: AgentID, in session: UInt64, for version: String) async -> Readiness {
        // A host whose dpkg is in the middle of installing says what it has later.
        guard let packages = await desk.packages(of: agent, in: session), !packages.architecture.isEmpty else {
            return .unknown
        }
        if packages.installed == version { return .has }
        let key = ReleaseKey(version: version, architecture: packages.architecture)
        guard await shelf.whole(key) != nil else { return .noRelease(architecture: packages.architecture) }
        let back = ReleaseKey(version: packages.installed, architecture: packages.architecture)
        return await shelf.whole(back) == nil ? .noWayBack(packages) : .ready(packages)
    }

    /// Tells of the stop again that may not have been heard of before the controller ended.
    func repeatAlarm() async {
        guard let rollout = await desk.rollout, rollout.state == .stopped, let host = rollout.lastStraw else { return }
        newsFeed.yield(.alarm(UpgradeAlarm(rollout, about: host)))
    }

    func carryOut(_ outcome: Rollout.Outcome) async {
        guard let rollout = await desk.rollout else { return }
        for command in outcome.commands {
            switch command {
            case .offer(let agent), .withdraw(let agent):
                if let session = sessions.session(of: agent) { await offerUpgrade(to: session) }
            case .alarm(let agent): newsFeed.yield(.alarm(UpgradeAlarm(rollout, about: agent)))
            }
        }
        if outcome.isNews { newsFeed.yield(.upgrade(rollout.id)) }
    }
}

/// A rollout stopped: what the alert about it says.
package struct UpgradeAlarm: Sendable, Hashable {
    /// The same for the same stop.
    package let alert: AlertID
    /// The host that was the last straw.
    package let host: AgentID
    package let version: String
    package let why: String
    package let at: Timestamp

    init(_ rollout: Rollout, about host: AgentID) {
        at = rollout.endedAt ?? rollout.startedAt
        let uuid = rollout.id.uuid
        alert = AlertID(UUIDv7(high: uuid.high, low: uuid.low ^ UInt64(bitPattern: at.microseconds) & 0x3FFF_FFFF_FFFF))
        self.host = host
        version = rollout.plan.version
        why = rollout.why
    }
}
