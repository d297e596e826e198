internal import CordonModel

/// The hunts that run. Their truth is in the repository; every change is there before it is here.
actor HuntBoard {
    private let repository: any HuntRepository
    private var running: [HuntID: HuntRecord] = [:]

    init(repository: any HuntRepository) { self.repository = repository }

    /// Takes up the hunts that were running when the controller ended.
    func load() async throws {
        for hunt in try await repository.runningHunts() { running[hunt.id] = hunt }
    }

    func begin(_ hunt: HuntRecord, recording entry: AuditEntry) async throws {
        try await repository.save(hunt, recording: [entry])
        running[hunt.id] = hunt
    }

    /// The hunts that still want an answer of that host.
    func open(for agent: AgentID) -> [HuntRecord] {
        running.values.filter { $0.hosts[agent].map { !$0.state.isFinal } ?? false }.sorted { $0.id < $1.id }
    }

    /// The hunts whose time is up.
    func due(at now: Timestamp) -> [HuntID] { running.values.filter { $0.expiresAt <= now }.map(\.id) }

    /// The question is on its way to the host.
    func asked(_ id: HuntID, _ agent: AgentID, at now: Timestamp) async throws {
        guard var host = running[id]?.hosts[agent], !host.state.isFinal else { return }
        host.state = .asked
        host.changedAt = now
        running[id]?.hosts[agent] = host
        try await repository.record(id, agent, host, rows: [], from: host.rows)
    }

    /// Part of a host's answer. What is not asked for, or beyond the budget, is left out.
    /// - Returns: Whether the hunt is over with it.
    func heard(_ part: HuntPart, from agent: AgentID, at now: Timestamp) async throws -> Bool {
        guard let hunt = running[part.hunt], var host = hunt.hosts[agent], !host.state.isFinal,
            part.firstRow <= host.rows
        else { return false }
        let rows = Array(part.rows.prefix(max(0, hunt.budget.rows - part.firstRow)))
        host.rows = part.firstRow + rows.count
        host.state = part.end ?? .asked
        host.message = part.message
        host.changedAt = now
        // Kept before it is written: parts of one host come one after the other, those of others meanwhile.
        running[part.hunt]?.hosts[agent] = host
        try await repository.record(part.hunt, agent, host, rows: rows, from: part.firstRow)
        guard let hunt = running[part.hunt], hunt.hosts.values.allSatisfy(\.state.isFinal) else { return false }
        try await end(hunt.id, as: .finished, hosts: .done, by: .system, at: now)
        return true
    }

    /// Ends a hunt; hosts that have not answered are left in that state.
    /// - Returns: The hosts whose agents are still at it; `nil` when the hunt is not running.
    @discardableResult
    func end(
        _ id: HuntID, as state: HuntRecord.State, hosts left: HuntHostState, by principal: Principal, at now: Timestamp
    ) async throws -> [AgentID]? {
        guard var hunt = running.removeValue(forKey: id) else { return nil }
        let original = hunt
        let open = hunt.hosts.filter { !$0.value.state.isFinal }
        for (agent, host) in open { hunt.hosts[agent] = .init(state: left, rows: host.rows, changedAt: now) }
        hunt.state = state
        hunt.endedAt = now
        let entry = AuditEntry(
            at: now, actor: principal.name, verb: "hunt.\(state.rawValue)", subject: "hunt:\(id)",
            details: ["rows": "\(hunt.rows)", "open_hosts": "\(open.count)"])
        do { try await repository.save(hunt, recording: [entry]) } catch {
            running[id] = original
            throw error
        }
        return open.filter { $0.value.state == .asked }.map(\.key)
    }
}

/// Part of an answer, within its limits.
struct HuntPart: Sendable {
    var hunt: HuntID
    var firstRow: Int
    var rows: [[String: String]]
    var end: HuntHostState?
    var message: String
}
