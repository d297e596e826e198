internal import CordonModel
internal import CordonTrust
internal import CordonWire
internal import Synchronization

/// Every host and every certificate that is let in, in memory: a thousand agents that come back at once ask nothing of the disk.
final class Registry: Sendable {
    private struct Table {
        var hosts: [AgentID: HostRecord] = [:]
        var certificates: [Fingerprint: AgentCertificate] = [:]
        /// The certificates of each agent: one, or two around a renewal.
        var held: [AgentID: [Fingerprint]] = [:]
        /// Which host enrolled last from a machine.
        var machines: [Fingerprint: AgentID] = [:]
        /// Hosts that said something new since the last `takeNews`.
        var news: Set<AgentID> = []
        /// When a clone of the host was last written down.
        var cloneWritten: [AgentID: Timestamp] = [:]
        /// What each host said of itself when that was last written down, and when that was.
        var claims: [AgentID: (claim: Claim, at: Timestamp?)] = [:]
        /// Hosts that say otherwise than was written down.
        var changed: Set<AgentID> = []

        mutating func add(_ host: HostRecord) {
            claims[host.id] = (Claim(host), nil)
            hosts[host.id] = host
            machines[host.machine] = host.id
        }

        mutating func add(_ certificate: AgentCertificate) {
            certificates[certificate.fingerprint] = certificate
            held[certificate.agent, default: []].append(certificate.fingerprint)
        }
    }

    private let table: Mutex<Table>

    init(hosts: [HostRecord], certificates: [AgentCertificate]) {
        var table = Table()
        for host in hosts { table.add(host) }
        for certificate in certificates { table.add(certificate) }
        self.table = Mutex(table)
    }

    var hosts: [HostRecord] { table.withLock { $0.hosts.values.sorted { $0.id < $1.id } } }

    var count: Int { table.withLock { $0.hosts.count } }

    func host(_ id: AgentID) -> HostRecord? { table.withLock { $0.hosts[id] } }

    /// The certificate and its host, as they stand now.
    func identify(_ fingerprint: Fingerprint) -> (certificate: AgentCertificate, host: HostRecord)? {
        table.withLock { table in
            guard let certificate = table.certificates[fingerprint], let host = table.hosts[certificate.agent] else {
                return nil
            }
            return (certificate, host)
        }
    }

    /// A live host that enrolled from that machine.
    func host(on machine: Fingerprint) -> HostRecord? {
        table.withLock { table in
            table.machines[machine].flatMap { table.hosts[$0] }.flatMap { $0.revocation == nil ? $0 : nil }
        }
    }

    func add(_ host: HostRecord, _ certificate: AgentCertificate) {
        table.withLock {
            $0.add(host)
            $0.add(certificate)
        }
    }

    /// Adds a certificate; the agent's others are refused after the instant.
    func renew(_ certificate: AgentCertificate, othersRefusedAfter end: Timestamp) {
        table.withLock { table in
            for key in table.held[certificate.agent] ?? [] {
                guard let other = table.certificates[key] else { continue }
                table.certificates[key]?.refusedAfter = min(other.refusedAfter, end)
            }
            table.add(certificate)
        }
    }

    /// Drops the agent's certificates that are older than the one it just used, and says which they were.
    func supersede(by used: AgentCertificate) -> [Fingerprint] {
        table.withLock { table in
            guard let held = table.held[used.agent], held.count > 1 else { return [] }
            let old = held.filter { key in table.certificates[key].map { $0.issuedAt < used.issuedAt } ?? true }
            for key in old { table.certificates[key] = nil }
            table.held[used.agent] = held.filter { !old.contains($0) }
            return old
        }
    }

    func revoke(_ id: AgentID, _ revocation: HostRecord.Revocation) -> HostRecord? {
        table.withLock { table in
            for key in table.held.removeValue(forKey: id) ?? [] { table.certificates[key] = nil }
            table.hosts[id]?.revocation = revocation
            return table.hosts[id]
        }
    }

    /// Notes a clone; `false` when the last note is younger than a minute, so that a clone cannot fill the disk.
    func noteClone(_ id: AgentID, at now: Timestamp) -> Bool {
        table.withLock { table in
            table.hosts[id]?.cloneSeenAt = now
            if let last = table.cloneWritten[id], now - last < .seconds(60) { return false }
            table.cloneWritten[id] = now
            return true
        }
    }

    /// Changes what is known of a host and marks it as news. `nil` when there is no such host.
    @discardableResult
    func update(_ id: AgentID, _ change: (inout HostRecord) -> Void) -> HostRecord? {
        table.withLock { table in
            guard var host = table.hosts[id] else { return nil }
            change(&host)
            table.hosts[id] = host
            table.news.insert(id)
            if table.claims[id]?.claim != Claim(host) { table.changed.insert(id) }
            return host
        }
    }

    /// The hosts that have news, once.
    func takeNews() -> [HostRecord] {
        table.withLock { table in
            defer { table.news = [] }
            return table.news.compactMap { table.hosts[$0] }
        }
    }

    /// The hosts that have said otherwise of themselves, once. A host that was told less than a minute ago waits, so that
    /// none can fill the disk; at the end nobody does.
    func takeClaims(at now: Timestamp, isEnd: Bool) -> [ClaimChange] {
        table.withLock { table in
            table.changed.sorted().compactMap { id in
                guard let host = table.hosts[id], let known = table.claims[id] else { return nil }
                if !isEnd, let last = known.at, now - last < .seconds(60) { return nil }
                table.changed.remove(id)
                let claim = Claim(host)
                guard claim != known.claim else { return nil }
                table.claims[id] = (claim, now)
                return ClaimChange(host: host, from: known.claim, to: claim)
            }
        }
    }

    /// Puts news back that could not be written.
    func giveBack(_ hosts: [HostRecord], _ changes: [ClaimChange]) {
        table.withLock { table in
            table.news.formUnion(hosts.map(\.id))
            for change in changes {
                table.claims[change.host.id] = (change.from, nil)
                table.changed.insert(change.host.id)
            }
        }
    }
}

/// What a host says of itself that the audit chain keeps: it may not be so.
struct Claim: Sendable, Equatable {
    /// Hostile text.
    let name: String
    let isIsolated: Bool

    init(_ host: HostRecord) {
        name = host.claimedName ?? host.name
        isIsolated = host.facts?.containment.isolatedUntil != nil
    }
}

/// A host says otherwise than before.
struct ClaimChange: Sendable {
    let host: HostRecord
    let from: Claim
    let to: Claim

    /// What the audit chain says of it: a name, and an isolation that began or ended, by whatever order, time or hand.
    func entries(at now: Timestamp) -> [AuditEntry] {
        var entries: [AuditEntry] = []
        func add(_ verb: String, _ details: [String: String]) {
            entries.append(
                AuditEntry(
                    at: now, actor: "agent:\(host.id)", verb: verb, subject: "host:\(host.id)",
                    details: details.merging(["name": host.name.bounded(255)]) { first, _ in first }))
        }
        if from.name != to.name {
            add("host.renamed", ["from": from.name.bounded(255), "claimed": to.name.bounded(255)])
        }
        if from.isIsolated != to.isIsolated {
            let until = host.facts?.containment.isolatedUntil.map { ["until": "\($0)"] } ?? [:]
            add(to.isIsolated ? "host.says_isolated" : "host.says_released", until)
        }
        return entries
    }
}
