package import CordonModel
package import CordonOrders
internal import CordonTrust
internal import CordonWire
internal import Logging
internal import SwiftProtobuf
internal import Synchronization

/// What hosts may do by themselves while this controller cannot be reached.
extension Fleet {
    /// How long a standing order may hold: 90 days.
    package static let longestStanding = Duration.seconds(90 * 86_400)

    /// Makes a standing order for a host and sends the host all that it has.
    /// - Throws: ``FleetError`` `host.unknown`, `host.revoked`, `order.invalid`.
    package func makeStanding(
        _ order: StandingOrder, for agent: AgentID, by principal: Principal
    ) async throws -> StandingRecord {
        guard let host = registry.host(agent) else { throw FleetError.unknownHost(agent) }
        guard host.revocation == nil else { throw FleetError.revokedHost(agent) }
        if let fault = order.fault { throw FleetError.invalidOrder("The standing order is wrong: \(fault).") }
        guard order.expiresAt > now, order.expiresAt <= now + Self.longestStanding else {
            throw FleetError.invalidOrder("A standing order holds for at most 90 days.")
        }
        guard live(of: agent).count < StandingOrder.most else {
            throw FleetError.invalidOrder(
                "The host has \(StandingOrder.most) standing orders already, the most it takes.")
        }
        let record = StandingRecord(order: order, agent: agent, createdAt: now)
        try await keep(record, "standing.created", by: principal)
        return record
    }

    /// Takes a standing order back. A host that is away goes by it until it comes, or until it expires.
    /// - Throws: ``FleetError`` `standing.unknown`.
    package func withdrawStanding(_ id: StandingID, by principal: Principal) async throws -> StandingRecord {
        guard var record = standing.withLock({ $0.first { $0.id == id } }) else { throw FleetError.unknownStanding(id) }
        guard record.withdrawnAt == nil else { return record }
        record.withdrawnAt = now
        try await keep(record, "standing.withdrawn", by: principal)
        return record
    }

    /// Standing orders, newest first; of one host or of all.
    package func standingOrders(of agent: AgentID? = nil) -> [StandingRecord] {
        standing.withLock { $0.filter { agent == nil || $0.agent == agent }.sorted { $0.id > $1.id } }
    }

    /// Whether the host says that it holds what it was sent last.
    package func holdsStanding(_ agent: AgentID) -> Bool {
        (registry.host(agent)?.facts?.standingVersion ?? 0) == standingVersion(of: agent)
    }

    private func keep(_ record: StandingRecord, _ verb: String, by principal: Principal) async throws {
        let order = record.order
        let entry = AuditEntry(
            at: now, actor: principal.name, verb: verb, subject: "standing:\(record.id)",
            details: [
                "host": "\(record.agent)", "rule": order.rule, "action": order.kind.rawValue,
                "subject": order.subject.rawValue, "duration_s": "\(order.duration.wholeSeconds)",
                "until": "\(order.expiresAt)", "reason": order.reason,
            ])
        try await standingStore.save(record, recording: [entry])
        standing.withLock { all in
            all.removeAll { $0.id == record.id }
            all.append(record)
        }
        if let session = sessions.session(of: record.agent) { sendStanding(to: session) }
    }

    private func live(of agent: AgentID) -> [StandingOrder] {
        standing.withLock { all in
            all.filter { $0.agent == agent && $0.withdrawnAt == nil && $0.order.expiresAt > now }.map(\.order)
        }
    }

    /// Rises with every standing order of the host that is made or taken back; 0 where there never was one.
    private func standingVersion(of agent: AgentID) -> UInt64 {
        standing.withLock { all in
            all.reduce(0) { $1.agent == agent ? $0 + ($1.withdrawnAt == nil ? 1 : 2) : $0 }
        }
    }

    /// Sends the host its standing orders, unless it says that it holds them.
    func sendStanding(to session: Session, unless held: UInt64? = nil) {
        let version = standingVersion(of: session.agent)
        guard version > 0, version != held else { return }
        let set = StandingOrderSet(
            version: version, fleet: keys.fleet, agent: session.agent,
            orders: live(of: session.agent).sorted { $0.id < $1.id })
        do {
            let signed = try set.signed(with: keys.orderKey)
            session.send(.with { $0.standingOrders = signed })
        } catch {
            log.error("standing orders could not be signed: \(error)", metadata: ["host": "\(session.agent)"])
        }
    }
}
