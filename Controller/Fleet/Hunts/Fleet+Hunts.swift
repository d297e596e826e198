package import CordonModel
internal import CordonWire
internal import Logging
internal import SwiftProtobuf

extension Fleet {
    /// Asks many hosts one question. Those that are offline are asked when they come, until the hunt expires.
    /// - Parameter mostHosts: A scope of more hosts is refused, so that nobody asks a whole fleet by mistake.
    package func startHunt(
        _ question: HuntQuestion, of scope: HuntScope, mostHosts: Int, budget: HuntBudget, lifetime: Duration,
        reason: String, by principal: Principal
    ) async throws -> HuntRecord {
        if let fault = question.fault { throw FleetError.invalidHunt("The question cannot be asked: \(fault).") }
        let targets = try targets(of: scope)
        guard !targets.isEmpty else { throw FleetError.invalidHunt("The hunt would ask no host.") }
        guard targets.count <= mostHosts else {
            throw FleetError.invalidHunt("The hunt would ask \(targets.count) hosts, more than \(mostHosts).")
        }
        let started = now
        let hunt = HuntRecord(
            id: surroundings.identifier(), question: question, budget: budget, startedBy: principal.name,
            reason: reason.bounded(1000), startedAt: started,
            expiresAt: started + min(max(lifetime, .seconds(60)), .seconds(7 * 86_400)),
            hosts: targets.reduce(into: [:]) { $0[$1] = .init(state: .waiting, changedAt: started) })
        let parameters = question.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let entry = AuditEntry(
            at: started, actor: principal.name, verb: "hunt.started", subject: "hunt:\(hunt.id)",
            details: [
                "kind": question.kind.rawValue, "parameters": parameters.joined(separator: " "),
                "hosts": "\(targets.count)", "reason": hunt.reason,
            ])
        try await hunts.begin(hunt, recording: entry)
        newsFeed.yield(.hunt(hunt.id))
        for agent in targets { if let session = sessions.session(of: agent) { try await ask(hunt, session) } }
        return try await self.hunt(hunt.id)
    }

    private func targets(of scope: HuntScope) throws -> [AgentID] {
        let present = registry.hosts.filter { $0.revocation == nil }
        switch scope {
        case .all: return present.map(\.id)
        case .group(let group): return present.filter { $0.group == group }.map(\.id)
        case .hosts(let ids):
            for id in ids {
                guard let host = registry.host(id) else { throw FleetError.unknownHost(id) }
                guard host.revocation == nil else { throw FleetError.revokedHost(id) }
            }
            return Array(Set(ids))
        }
    }

    /// The hunt; throws when there is none.
    package func hunt(_ id: HuntID) async throws -> HuntRecord {
        guard let hunt = try await huntStore.hunt(id) else { throw FleetError.unknownHunt(id) }
        return hunt
    }

    /// The hunts, newest first.
    package func hunts(before: HuntID? = nil, limit: Int = 50) async throws -> [HuntRecord] {
        try await huntStore.hunts(before: before, limit: min(max(limit, 1), 1000))
    }

    /// What was found, in the order in which it came.
    package func huntRows(_ id: HuntID, after number: Int64 = 0, limit: Int = 200) async throws -> [HuntRow] {
        try await huntStore.rows(of: id, after: number, limit: min(max(limit, 1), 1000))
    }

    /// Ends a hunt that is running; of one that is over nothing changes.
    package func cancelHunt(_ id: HuntID, by principal: Principal) async throws -> HuntRecord {
        _ = try await hunt(id)
        try await end(id, as: .cancelled, hosts: .cancelled, by: principal)
        return try await hunt(id)
    }

    // MARK: - With agents

    /// Asks a host that has come what it was not asked yet, or did not answer to the end.
    func askOpenHunts(_ session: Session) async throws {
        for hunt in await hunts.open(for: session.agent) { try await ask(hunt, session) }
    }

    private func ask(_ hunt: HuntRecord, _ session: Session) async throws {
        let question = Cordon_V1_HuntQuestion(
            hunt.question, of: hunt.id, budget: hunt.budget, expiresAt: hunt.expiresAt)
        guard session.send(.with { $0.hunt = question }) else { return }
        try await hunts.asked(hunt.id, session.agent, at: now)
    }

    /// Part of an answer; what is beyond its limits is cut.
    func heard(_ answer: Cordon_V1_HuntAnswer, at session: Session) async throws {
        guard let id = answer.id else { throw LinkRefusal.malformed("hunt_id is not 16 bytes").status }
        let rows = answer.rows.prefix(1000).map { row in
            row.values.sorted { $0.key < $1.key }.prefix(32).reduce(into: [String: String]()) {
                $0[$1.key.bounded(64)] = $1.value.bounded(4096)
            }
        }
        _ = try await hunts.heard(
            HuntPart(
                hunt: id, firstRow: Int(answer.firstRow), rows: rows, end: answer.state,
                message: answer.message.bounded(500)),
            from: session.agent, at: now)
        newsFeed.yield(.hunt(id))
    }

    /// Gives up hunts whose time is up.
    func sweepHunts() async throws {
        for id in await hunts.due(at: now) { try await end(id, as: .expired, hosts: .expired, by: .system) }
    }

    /// Forgets hunts that were over for as long as they are kept. In pieces, so that writers do not wait long.
    /// - Returns: Whether more is due.
    package func forgetHunts() async throws -> Bool {
        let instant = now
        for _ in 0..<20 {
            let isMore = try await huntStore.forgetHunt(endedBefore: instant - settings.huntRetention) { id in
                AuditEntry(
                    at: instant, actor: Principal.system.name, verb: "hunt.forgotten", subject: "hunt:\(id)",
                    details: ["kept_days": "\(self.settings.huntRetention.wholeSeconds / 86_400)"])
            }
            if !isMore { return false }
        }
        return true
    }

    private func end(
        _ id: HuntID, as state: HuntRecord.State, hosts left: HuntHostState, by principal: Principal
    ) async throws {
        let busy = try await hunts.end(id, as: state, hosts: left, by: principal, at: now) ?? []
        newsFeed.yield(.hunt(id))
        for agent in busy { sessions.session(of: agent)?.send(.with { $0.huntEnd.huntID = id.data }) }
    }
}

extension FleetError {
    /// No hunt has this identifier.
    package static func unknownHunt(_ id: HuntID) -> FleetError {
        FleetError(
            code: "hunt.unknown", message: "There is no hunt \(id).",
            remedy: "`cordon hunt list` lists those there are.")
    }

    /// The question or its scope is not one that may be asked.
    package static func invalidHunt(_ why: String) -> FleetError { FleetError(code: "hunt.invalid", message: why) }
}
