internal import CordonModel
internal import CordonTrust
internal import CordonWire
internal import FoundationEssentials
internal import GRPCCore
internal import Logging
internal import SwiftProtobuf

extension Fleet {
    /// Trades a token and a CSR for an identity.
    func enrol(_ request: Cordon_V1_EnrolRequest, from remote: String) async throws -> Cordon_V1_EnrolResponse {
        guard enrolments.take(at: now) else {
            throw LinkRefusal.busy("Too many hosts enrol at once: try again in some seconds.")
        }
        guard failures.allows(remote, at: now) else {
            throw LinkRefusal.busy("Too many refused enrolments from this address: try again in a minute.")
        }
        do {
            return try await redeem(request, from: remote)
        } catch let refusal as LinkRefusal {
            _ = failures.take(remote, at: now)
            log.notice("enrolment refused", metadata: ["peer": "\(remote)", "why": "\(refusal.status.message)"])
            throw refusal
        }
    }

    private func redeem(_ request: Cordon_V1_EnrolRequest, from remote: String) async throws -> Cordon_V1_EnrolResponse
    {
        let token = try await checkToken(request)
        guard let machine = Fingerprint(bytes: Array(request.machine)) else {
            throw LinkRefusal.malformed("the machine is not 32 bytes")
        }
        guard request.csr.count <= 8192 else {
            throw LinkRefusal.malformed("the certificate request is longer than 8 KiB")
        }
        let agent: AgentID = surroundings.identifier()
        let (der, certificate) = try issue(Array(request.csr), for: agent)
        let host = HostRecord(
            id: agent, hostname: request.hostname.printable(255), group: token.group, machine: machine, enrolledAt: now,
            token: token.id)
        var details = ["token": "\(token.id)", "name": host.hostname, "group": token.group, "address": remote]
        if let other = registry.host(on: machine) { details["same_machine_as"] = "host:\(other.id)" }
        let entry = AuditEntry(
            at: now, actor: "token:\(token.id)", verb: "host.enrolled", subject: "host:\(agent)", details: details)
        guard try await hostStore.enrol(host, certificate, using: token.id, now: now, recording: [entry]) else {
            throw Self.usedUp
        }
        registry.add(host, certificate)
        newsFeed.yield(.host(host))
        return response(agent, der)
    }

    private static let usedUp = LinkRefusal.token(
        code: "token.used_up",
        "This enrolment token has been used as often as it may be: make a new one with `cordon token create`.")

    /// The token, when it is known, its secret is right, and it may still be used. Only who knows the secret learns more than `unknown`.
    private func checkToken(_ request: Cordon_V1_EnrolRequest) async throws -> TokenRecord {
        guard let id = TokenID(bytes: request.tokenID), request.tokenSecret.count == 32 else {
            throw LinkRefusal.token(
                code: "token.malformed", "The enrolment token is malformed: copy the whole token, or make a new one.")
        }
        let record = try await tokenStore.token(id)
        let expected = record?.secretHash.bytes ?? [UInt8](repeating: 0, count: 32)
        let matches = constantTimeEqual(EnrolmentToken.secretHash(Array(request.tokenSecret)), expected)
        guard let record, matches else {
            throw LinkRefusal.token(
                code: "token.unknown",
                "This controller did not make the enrolment token: check the controller's address, or make a new token."
            )
        }
        guard record.withdrawnAt == nil else {
            throw LinkRefusal.token(
                code: "token.withdrawn",
                "This enrolment token was withdrawn: make a new one with `cordon token create`.")
        }
        guard record.expiresAt > now else {
            throw LinkRefusal.token(
                code: "token.expired",
                "This enrolment token expired at \(record.expiresAt): make a new one with `cordon token create`.")
        }
        guard record.used < record.uses else { throw Self.usedUp }
        return record
    }

    /// A new certificate for the agent's request.
    func issue(_ request: [UInt8], for agent: AgentID) throws -> (der: [UInt8], certificate: AgentCertificate) {
        let der: [UInt8]
        do {
            der = try keys.authority.agentCertificate(
                for: request, agent: agent, at: now, life: settings.certificateLifetime)
        } catch {
            throw LinkRefusal.malformed("the certificate request cannot be used (\(error.code))")
        }
        let certificate = AgentCertificate(
            fingerprint: Fingerprint(of: der), agent: agent, issuedAt: now,
            refusedAfter: now + settings.certificateLifetime)
        return (der, certificate)
    }

    private func response(_ agent: AgentID, _ der: [UInt8]) -> Cordon_V1_EnrolResponse {
        var response = Cordon_V1_EnrolResponse()
        response.agentID = agent.data
        response.fleet = keys.fleet
        response.certificate = Data(der)
        response.authority = Data(keys.authority.anchor.certificate)
        response.policyRoot = Data(keys.policyRoot.rawBytes)
        response.keySet = signedKeySet
        return response
    }

    /// A new certificate for an agent that is there already. The old one is taken for a grace, or until the new one is used.
    func renew(_ request: Cordon_V1_RenewRequest, for agent: AgentID) async throws -> Cordon_V1_RenewResponse {
        guard request.csr.count <= 8192 else {
            throw LinkRefusal.malformed("the certificate request is longer than 8 KiB").status
        }
        let issued: (der: [UInt8], certificate: AgentCertificate)
        do { issued = try issue(Array(request.csr), for: agent) } catch let refusal as LinkRefusal {
            throw refusal.status
        }
        let grace = now + settings.renewalGrace
        let entry = AuditEntry(
            at: now, actor: "agent:\(agent)", verb: "host.certificate_renewed", subject: "host:\(agent)",
            details: [
                "fingerprint": "\(issued.certificate.fingerprint)", "until": "\(issued.certificate.refusedAfter)",
            ])
        try await hostStore.renew(issued.certificate, othersRefusedAfter: grace, recording: [entry])
        // A revocation may have come in between; then the certificate is worth nothing, here and on disk.
        guard registry.host(agent)?.revocation == nil else {
            try await hostStore.retire([issued.certificate.fingerprint], recording: [])
            throw LinkRefusal.noCertificate.status
        }
        registry.renew(issued.certificate, othersRefusedAfter: grace)
        var response = Cordon_V1_RenewResponse()
        response.certificate = Data(issued.der)
        return response
    }
}

/// Compares in a time that does not depend on where the two differ.
private func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}

extension String {
    /// The text without control characters, cut to at most so many bytes.
    func printable(_ bytes: Int) -> String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.filter { $0.value >= 32 && $0.value != 127 && !(128...159).contains($0.value) })
        )
        .bounded(bytes)
    }
}
