import ControllerFleet
import ControllerStore
import CordonModel
import CordonTrust
import Glibc
import Testing

@Suite("The fleet in the database")
struct FleetStoreTests {
    private let now = Timestamp(seconds: 1_790_000_000)

    private func identifier<Subject>(_ number: UInt64) -> Identifier<Subject> {
        Identifier(UUIDv7(at: now, random: (number, number)))
    }

    /// A store in a folder that is gone afterwards, with one token of two uses.
    private func withStore(_ body: (FleetStore, TokenRecord) async throws -> Void) async throws {
        let folder = "/tmp/cordon-fleet-store-\(UInt64.random(in: .min ... .max))"
        #expect(unsafe mkdir(folder, 0o700) == 0)
        let store = FleetStore(try Database(folder: folder, auditKey: SigningKey()))
        let token = TokenRecord(
            id: identifier(1), secretHash: Fingerprint(of: [1]), uses: 2, expiresAt: now + .seconds(60), group: "web",
            createdAt: now,
            createdBy: "ada")
        try await store.add(token, recording: [entry("token.created")])
        try await body(store, token)
        for file in ["cordon.sqlite", "cordon.sqlite-wal", "cordon.sqlite-shm"] { unsafe unlink("\(folder)/\(file)") }
        unsafe rmdir(folder)
    }

    private func entry(_ verb: String) -> AuditEntry { AuditEntry(at: now, actor: "ada", verb: verb, subject: "test") }

    private func host(_ number: UInt64, _ token: TokenRecord) -> (HostRecord, AgentCertificate) {
        let id: AgentID = identifier(100 + number)
        let host = HostRecord(
            id: id, hostname: "h\(number)", group: token.group, machine: Fingerprint(of: [UInt8(number)]),
            enrolledAt: now, token: token.id)
        let certificate = AgentCertificate(
            fingerprint: Fingerprint(of: [9, UInt8(number)]), agent: id, issuedAt: now,
            refusedAfter: now + .seconds(600))
        return (host, certificate)
    }

    @Test("a token lets in as many hosts as it may, and not one after its time")
    func counts() async throws {
        try await withStore { store, token in
            for number in 1...3 as ClosedRange<UInt64> {
                let (host, certificate) = host(number, token)
                let allowed = try await store.enrol(
                    host, certificate, using: token.id, now: now, recording: [entry("host.enrolled")])
                #expect(allowed == (number < 3))
            }
            #expect(try await store.allHosts().map(\.hostname) == ["h1", "h2"])
            #expect(try await store.token(token.id)?.used == 2)
        }
        try await withStore { store, token in
            let (host, certificate) = host(1, token)
            let late = try await store.enrol(host, certificate, using: token.id, now: token.expiresAt, recording: [])
            #expect(!late)
            #expect(try await store.allCertificates().isEmpty)
        }
    }

    @Test("facts, revocation and clones come back as they were written, and a revoked host has no certificate")
    func keepsHosts() async throws {
        try await withStore { store, token in
            var (host, certificate) = host(1, token)
            _ = try await store.enrol(host, certificate, using: token.id, now: now, recording: [])
            host.facts = HostFacts(
                hostname: "'; DROP TABLE fleet_hosts; --", kernel: "6.18", operatingSystem: "Debian", agentVersion: "1",
                enforcerVersion: "1",
                ownedTables: true, policyHash: "aa", containment: ContainmentState(isolatedUntil: now))
            host.lastSeen = now + .seconds(5)
            try await store.refresh([host])
            try await store.flagClone(host.id, at: now, recording: [entry("host.clone_refused")])
            host.cloneSeenAt = now
            host.revocation = .init(at: now, by: "ada", reason: "stolen")
            try await store.revoke(
                host.id, .init(at: now, by: "ada", reason: "stolen"), recording: [entry("host.revoked")])
            #expect(try await store.allHosts() == [host])
            #expect(try await store.allCertificates().isEmpty)
        }
    }

    @Test("a renewal shortens the other certificates' lives and never lengthens one")
    func renews() async throws {
        try await withStore { store, token in
            let (host, first) = host(1, token)
            _ = try await store.enrol(host, first, using: token.id, now: now, recording: [])
            let second = AgentCertificate(
                fingerprint: Fingerprint(of: [8]), agent: host.id, issuedAt: now + .seconds(1),
                refusedAfter: now + .seconds(900))
            try await store.renew(
                second, othersRefusedAfter: now + .seconds(60), recording: [entry("host.certificate_renewed")])
            #expect(try await store.allCertificates().map(\.refusedAfter) == [now + .seconds(60), now + .seconds(900)])
            try await store.retire([first.fingerprint], recording: [])
            #expect(try await store.allCertificates() == [second])
        }
    }
}
