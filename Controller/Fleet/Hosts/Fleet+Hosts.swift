package import CordonModel
internal import CordonTrust
internal import CordonWire
internal import GRPCCore
internal import Logging
internal import NIOCore

extension Fleet {
    /// Every host, revoked ones too, by identifier.
    package func hosts() async throws -> [HostRecord] { registry.hosts }

    /// The host; `nil` when there is none.
    package func host(_ id: AgentID) async throws -> HostRecord? { registry.host(id) }

    /// Puts a host out of the fleet: its certificates are worth nothing from now on, and its connection is cut.
    /// Revoking again changes nothing.
    @discardableResult
    package func revoke(_ id: AgentID, by principal: Principal, reason: String) async throws -> HostRecord {
        guard let host = registry.host(id) else { throw FleetError.unknownHost(id) }
        guard host.revocation == nil else { return host }
        let revocation = HostRecord.Revocation(at: now, by: principal.name, reason: reason.bounded(1000))
        let entry = AuditEntry(
            at: revocation.at, actor: principal.name, verb: "host.revoked", subject: "host:\(id)",
            details: ["reason": revocation.reason, "name": host.name.bounded(255)])
        // First to the disk: a controller that dies now must still know it when it comes back.
        try await hostStore.revoke(id, revocation, recording: [entry])
        let revoked = registry.revoke(id, revocation) ?? host
        cut(id, LinkRefusal.revoked(revocation).status)
        // Tickets of the agent's old sessions die with the context that made them.
        do { try listenerCertificate.reload() } catch {
            log.error("the listener's TLS context could not be renewed: \(error)")
        }
        try await expireOrders(of: id, because: "The host was revoked.")
        newsFeed.yield(.host(revoked))
        return revoked
    }

    /// Ends everything that the agent holds open: first its stream with a reason, then every connection of it.
    func cut(_ id: AgentID, _ status: RPCError) {
        sessions.session(of: id)?.end(status)
        for connection in connections.all where connection.agent == id { connection.close(after: .milliseconds(500)) }
    }

    /// Ends a connection that has lived long enough; the agent comes back on a new one.
    func retire(_ connection: LinkConnection) {
        if let agent = connection.agent, let session = sessions.session(of: agent), session.connection === connection {
            session.end(RPCError(code: .unavailable, message: "The connection has reached its age: connect again."))
        }
        connection.close(after: .milliseconds(500))
    }

    /// Sends every agent away, as the controller does when it stops; they come back over the window they were told.
    package func endAllSessions() {
        for session in sessions.all {
            session.end(RPCError(code: .unavailable, message: "The controller is stopping: connect again later."))
        }
        for connection in connections.all { connection.close(after: .milliseconds(300)) }
    }

    /// Why a certificate that is not in the registry is refused. What it claims is believed only where our authority signed it.
    func explainUnknown(certificate der: [UInt8]?) -> LinkRefusal {
        guard let der else { return .noCertificate }
        guard let claim = try? AgentIdentity(certificate: der) else { return .notAnAgent }
        guard claim.fleet == keys.fleet else { return .otherFleet(claim.fleet, ours: keys.fleet) }
        guard claim.notAfter > now else { return .expired(claim.notAfter) }
        guard (try? keys.authority.anchor.agent(certificate: der, at: now)) != nil else { return .notIssuedHere }
        if let revocation = registry.host(claim.agent)?.revocation { return .revoked(revocation) }
        return .replaced
    }

    /// Writes down that another machine showed a host's key.
    func sawClone(of host: HostRecord, at remote: String) async {
        guard registry.noteClone(host.id, at: now) else { return }
        let entry = AuditEntry(
            at: now, actor: "agent:\(host.id)", verb: "host.clone_refused", subject: "host:\(host.id)",
            details: ["address": remote])
        do { try await hostStore.flagClone(host.id, at: now, recording: [entry]) } catch {
            log.error("a clone could not be recorded: \(error)", metadata: ["host": "\(host.id)"])
        }
        if let record = registry.host(host.id) { newsFeed.yield(.host(record)) }
    }

    /// The agent used this certificate: those before it are not taken any more.
    func used(_ certificate: AgentCertificate) async {
        let old = registry.supersede(by: certificate)
        guard !old.isEmpty else { return }
        let entry = AuditEntry(
            at: now, actor: "agent:\(certificate.agent)", verb: "host.certificate_in_use",
            subject: "host:\(certificate.agent)",
            details: ["fingerprint": "\(certificate.fingerprint)"])
        do { try await hostStore.retire(old, recording: [entry]) } catch {
            // In memory they are gone; on disk they end with their grace.
            log.error("a replaced certificate could not be retired: \(error)")
        }
    }
}
