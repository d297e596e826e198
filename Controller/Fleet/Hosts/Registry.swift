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
        /// What each host called itself when that was last written down, and when that was.
        var names: [AgentID: (name: String, at: Timestamp?)] = [:]
        /// Hosts that call themselves otherwise than was written down.
        var renamed: Set<AgentID> = []

        mutating func add(_ host: HostRecord) {
            names[host.id] = (host.claimedName ?? host.name, nil)
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
            if table.names[id]?.name != host.claimedName ?? host.name { table.renamed.insert(id) }
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

    /// The hosts that have called themselves otherwise, once. A host that was told less than a minute ago waits, so that
    /// none can fill the disk; at the end nobody does.
    func takeRenames(at now: Timestamp, isEnd: Bool) -> [Rename] {
        table.withLock { table in
            table.renamed.sorted().compactMap { id in
                guard let host = table.hosts[id], let known = table.names[id] else { return nil }
                if !isEnd, let last = known.at, now - last < .seconds(60) { return nil }
                table.renamed.remove(id)
                let name = host.claimedName ?? host.name
                guard name != known.name else { return nil }
                table.names[id] = (name, now)
                return Rename(host: host, from: known.name, to: name)
            }
        }
    }

    /// Puts news back that could not be written.
    func giveBack(_ hosts: [HostRecord], _ renames: [Rename]) {
        table.withLock { table in
            table.news.formUnion(hosts.map(\.id))
            for rename in renames {
                table.names[rename.host.id] = (rename.from, nil)
                table.renamed.insert(rename.host.id)
            }
        }
    }
}

/// A host calls itself otherwise than before. Both names are hostile text.
struct Rename: Sendable {
    let host: HostRecord
    let from: String
    let to: String

    /// What the audit chain says of it.
    func entry(at now: Timestamp) -> AuditEntry {
        AuditEntry(
            at: now, actor: "agent:\(host.id)", verb: "host.renamed", subject: "host:\(host.id)",
            details: ["name": host.name.bounded(255), "from": from.bounded(255), "claimed": to.bounded(255)])
    }
}
