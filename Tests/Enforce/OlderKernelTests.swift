import CordonModel
import CordonOrders
import CordonWire
import Dispatch
import Glibc
import Logging
import Synchronization
import Testing

@testable import AgentEnforce

/// What containment is worth on kernels that can do less: the parts of the real enforcer, in a network namespace,
/// behind a door that refuses what such a kernel refuses.
@Suite("Older kernels", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct OlderKernelTests {
    private let lab: Lab
    private let fleet: Enrolled
    private let peerServer: Program
    private let hour = Isolation(duration: .seconds(3600))

    init() throws {
        lab = try Lab()
        peerServer = try lab.start(lab.peer, "serve", "7443", "4444")
        fleet = try Enrolled(lab.scratch)
    }

    /// An enforcer in the host, on a kernel without these, with its keys.
    private func enforcer(without lacks: Set<OlderKernel.Lack>) throws -> Enforcer {
        try enforcer(on: kernel(without: lacks))
    }

    private func kernel(without lacks: Set<OlderKernel.Lack>) throws -> OlderKernel {
        try NamespaceThread.run(in: lab.host) { try OlderKernel(without: lacks) }
    }

    private func enforcer(on kernel: OlderKernel) throws -> Enforcer {
        let settings = try EnforcerSettings.load(lab.scratch.path + "/enforcer.toml")
        _ = unsafe mkdir(settings.stateDirectory, 0o700)
        let enforcer = try NamespaceThread.run(in: lab.host) {
            try Enforcer(settings.configuration(version: "test"), clock: .live, log: Logger(label: "test")) {
                () throws(EnforceError) in Firewall(socket: kernel)
            }
        }
        _ = try enforcer.accept(try fleet.keySet())
        return enforcer
    }

    private func execute(_ action: Action, by enforcer: Enforcer) throws -> OrderResult {
        let signed = try fleet.sign(fleet.order(action))
        return try NamespaceThread.run(in: lab.host) { try enforcer.execute(signed) }.model()
    }

    private func canReachInternet(_ address: String = "10.66.0.3") throws -> Bool {
        try lab.probe(lab.host, "tcp", address, "4444") == "ok"
    }

    @Test("before 6.9, what is flushed or changed is put back because the kernel tells of it, not by a timer")
    func watched() throws {
        let enforcer = try enforcer(without: [.ownedTables])
        #expect(!enforcer.status().ownedTables)
        let result = try execute(.isolate(hour), by: enforcer)
        #expect(result.outcome == .succeeded, "\(result.message)")
        _ = try execute(
            .blockAddress(AddressBlock(network: try #require(Network("fd66::3")), duration: .seconds(600))),
            by: enforcer)
        let watch = try Watch(enforcer, in: lab.host)
        defer { watch.end() }

        try lab.nft("flush", "ruleset")
        #expect(watch.sees { enforcer.status().repairs >= 2 }, "the isolation and the blocks")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.2", "7443", "\(Lab.agentUser)") == "ok")

        let repairs = enforcer.status().repairs
        let inserted = try lab.nft("insert", "rule", "inet", "cordon_isolation", "output", "accept")
        #expect(inserted.status == 0, "nobody owns a plain table: \(inserted.output)")
        #expect(watch.sees { enforcer.status().repairs > repairs })
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")

        // Alone, the blocks come back too.
        _ = try execute(.release, by: enforcer)
        #expect(try canReachInternet())
        #expect(try !canReachInternet("fd66::3"), "it is still blocked")
        let before = enforcer.status().repairs
        try lab.nft("delete", "table", "inet", "cordon_blocks")
        #expect(watch.sees { enforcer.status().repairs > before })
        #expect(try !canReachInternet("fd66::3"))
    }

    @Test("what the kernel refuses at the start keeps nothing else from being in force, is told, and is tried again")
    func refused() throws {
        let first = try enforcer(without: [.ownedTables])
        let ports = try [#require(PortRange(.tcp, 4444, 4444))]
        for block in [
            AddressBlock(network: try #require(Network("fd66::3")), duration: .seconds(600)),
            AddressBlock(
                network: try #require(Network("10.66.0.3")), duration: .seconds(600), ports: ports, direction: .outward),
        ] {
            #expect(try execute(.blockAddress(block), by: first).outcome == .succeeded)
        }
        for table in [PortRules.table, BlockRules.table] { try lab.nft("delete", "table", "inet", table) }
        let kernel = try kernel(without: [.ownedTables])
        kernel.refusedTables.withLock { $0 = [PortRules.table] }
        let second = try enforcer(on: kernel)
        #expect(try !canReachInternet("fd66::3"), "it is blocked again")
        #expect(try canReachInternet(), "the kernel refuses that")
        #expect(
            second.announcements.notices.map(\.text).filter { $0.contains("Not brought about") }.count == 1,
            "\(second.announcements.notices)")
        // What else is ordered works meanwhile.
        #expect(try execute(.isolate(hour), by: second).outcome == .succeeded)
        #expect(try execute(.release, by: second).outcome == .succeeded)
        kernel.refusedTables.withLock { $0 = [] }
        let watch = try Watch(second, in: lab.host, every: .milliseconds(400))
        defer { watch.end() }
        #expect(
            watch.sees { second.announcements.notices.contains { $0.text.contains("which had failed before") } })
        #expect(try !canReachInternet())
    }

    @Test("before 6.9, the tables stay when the enforcer dies, and a new one takes them over")
    func successor() throws {
        do {
            let first = try enforcer(without: [.ownedTables])
            #expect(try execute(.isolate(hour), by: first).outcome == .succeeded)
        }
        #expect(try !canReachInternet())
        let second = try enforcer(without: [.ownedTables])
        #expect(try !canReachInternet())
        #expect(try execute(.release, by: second).outcome == .succeeded)
        #expect(try canReachInternet())
    }

    @Test("without an egress hook, everything that passes through IP is stopped, and the proof says what is not")
    func noEgress() throws {
        let enforcer = try enforcer(without: [.egress])
        #expect(enforcer.status().ownedTables)
        let sniffer = try lab.start(lab.peer, "sniff")
        let result = try execute(.isolate(hour), by: enforcer)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(
            result.proof?.applied.contains("raw sockets are not stopped: this kernel has no egress hook") == true,
            "\(result)")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.2", "7443", "\(Lab.agentUser)") == "ok")
        for address in ["10.66.0.3", "fd66::3"] {
            #expect(try lab.probe(lab.host, "tcp", address, "4444") == "ConnectionRefusedError")
            #expect(try lab.probe(lab.host, "udp", address, "53") != "ok")
            #expect(try lab.probe(lab.container, "tcp", address, "4444") != "ok")
        }
        // Raw IP passes through the output chain and is stopped; only a packet socket gets by.
        _ = try lab.probe(lab.host, "rawip", "10.66.0.3")
        #expect(try lab.probe(lab.host, "raw", "up0") == "sent")
        #expect(sniffer.line() == "EXFIL")
        sniffer.write("end\n")
        #expect(sniffer.line() == "end", "one frame came, not two")
    }

    @Test(
        "on older kernels queries are rejected as far as they can look, and the proof says how far",
        arguments: [
            ([.farOffsets], "the longest names below", true), ([.farOffsets, .innerHeader], "queries over TCP", false),
        ] as [(Set<OlderKernel.Lack>, String, Bool)])
    func domains(_ row: (lacks: Set<OlderKernel.Lack>, fault: String, overTCP: Bool)) throws {
        let enforcer = try enforcer(without: row.lacks)
        let resolver = try lab.start(lab.host, "serve", "53")
        let domain = DomainSinkhole(domain: try #require(DomainName("c2.test")), duration: .seconds(600))
        let result = try execute(.sinkholeDomain(domain), by: enforcer)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.applied.contains { $0.hasPrefix(row.fault) } == true)
        let name = String(repeating: "x", count: 60) + ".C2.test"
        #expect(try lab.probe(lab.host, "dns", "127.0.0.1", name) == "ConnectionRefusedError")
        #expect(
            try lab.probe(lab.host, "dns", "127.0.0.1", name, "tcp") == (row.overTCP ? "ConnectionResetError" : "ok"))
        #expect(try lab.probe(lab.host, "dns", "127.0.0.1", "good.example") == "ok")
        withExtendedLifetime(resolver) {}
    }

    @Test("without both, it is put back as it was, again without the egress hook")
    func oldest() throws {
        let enforcer = try enforcer(without: [.ownedTables, .egress])
        #expect(try execute(.isolate(hour), by: enforcer).outcome == .succeeded)
        let watch = try Watch(enforcer, in: lab.host)
        defer { watch.end() }
        try lab.nft("flush", "ruleset")
        #expect(watch.sees { enforcer.status().repairs >= 1 })
        #expect(try !canReachInternet())
        #expect(try execute(.release, by: enforcer).outcome == .succeeded)
        #expect(try canReachInternet())
    }
}

/// The real reconciler on a thread of the namespace, with a timer so slow that only news from the kernel wake it.
private final class Watch: Sendable {
    private let thread: Mutex<pthread_t?>
    private let goesOn = Atomic(true)
    private let rounds = DispatchSemaphore(value: 0)
    private let space: String

    init(_ enforcer: Enforcer, in space: String, every interval: Duration = .seconds(3600)) throws {
        self.space = space
        thread = Mutex(nil)
        var reconciler = try NamespaceThread.run(in: space) { try Reconciler(enforcer) }
        reconciler.interval = interval
        let watcher = reconciler
        let started = NamespaceThread.start(in: space) { [self] in
            watcher.run {
                rounds.signal()
                return goesOn.load(ordering: .acquiring)
            }
        }
        thread.withLock { $0 = started }
        rounds.wait()
    }

    /// Waits, round by round, until it is so; `false` when the rounds stop coming.
    func sees(_ wanted: () -> Bool) -> Bool {
        while !wanted() {
            if rounds.wait(timeout: .now() + 20) == .timedOut { return wanted() }
        }
        return true
    }

    /// A change of a link is news too: it wakes the reconciler, which then sees that it is to end.
    func end() {
        goesOn.store(false, ordering: .releasing)
        _ = try? Program.run(["ip", "-n", space, "link", "set", "lo", "mtu", "60000"])
        if let thread = thread.withLock({ $0.take() }) { pthread_join(thread, nil) }
    }
}
