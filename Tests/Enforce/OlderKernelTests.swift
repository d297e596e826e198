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
    /// One for all enforcers of a test: a set of a second later is another.
    private let keys: Cordon_V1_SignedOrderKeySet
    private let hour = Isolation(duration: .seconds(3600))

    init() throws {
        lab = try Lab()
        peerServer = try lab.start(lab.peer, "serve", "7443", "4444")
        fleet = try Enrolled(lab.scratch)
        keys = try fleet.keySet()
    }

    /// An enforcer in the host, on a kernel without these, with its keys.
    private func enforcer(without lacks: Set<OlderKernel.Lack>) throws -> Enforcer {
        try enforcer(on: kernel(without: lacks))
    }

    private func kernel(without lacks: Set<OlderKernel.Lack>) throws -> OlderKernel {
        try NamespaceThread.run(in: lab.host) { try OlderKernel(without: lacks) }
    }

    private func enforcer(on kernel: OlderKernel, clock: BootClock = .live) throws -> Enforcer {
        let settings = try EnforcerSettings.load(lab.scratch.path + "/enforcer.toml")
        _ = unsafe mkdir(settings.stateDirectory, 0o700)
        let enforcer = try NamespaceThread.run(in: lab.host) {
            try Enforcer(settings.configuration(version: "test"), clock: clock, log: Logger(label: "test")) {
                () throws(EnforceError) in Firewall(socket: kernel)
            }
        }
        _ = try enforcer.accept(keys)
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
        kernel.refusedTables.withLock { $0 = [PortRules.table: .max] }
        let second = try enforcer(on: kernel)
        #expect(try !canReachInternet("fd66::3"), "it is blocked again")
        #expect(try canReachInternet(), "the kernel refuses that")
        #expect(
            second.announcements.notices.map(\.text).filter { $0.contains("Not brought about") }.count == 1,
            "\(second.announcements.notices)")
        // What else is ordered works meanwhile.
        #expect(try execute(.isolate(hour), by: second).outcome == .succeeded)
        #expect(try execute(.release, by: second).outcome == .succeeded)
        kernel.refusedTables.withLock { $0 = [:] }
        let watch = try Watch(second, in: lab.host, every: .milliseconds(400))
        defer { watch.end() }
        #expect(
            watch.sees { second.announcements.notices.contains { $0.text.contains("which had failed before") } })
        #expect(try !canReachInternet())
    }

    private func canReachAsUser() throws -> Bool {
        try lab.probe(lab.host, "tcp", "10.66.0.3", "4444", "4321") == "ok"
    }

    private func tick(_ enforcer: Enforcer) throws {
        try NamespaceThread.run(in: lab.host) { enforcer.tick(thorough: true) }
    }

    private var cut: Action { .cutUserNetwork(UserNetworkCut(user: 4321, duration: .seconds(600))) }

    @Test("an undo that the kernel refuses fails as often as it is ordered, and is brought about as soon as may be")
    func refusedUndo() throws {
        let kernel = try kernel(without: [.ownedTables])
        let enforcer = try enforcer(on: kernel)
        for byItself in [false, true] {
            let result = try execute(cut, by: enforcer)
            #expect(result.outcome == .succeeded, "\(result.message)")
            kernel.refusedTables.withLock { $0 = [UserRules.table: .max] }
            for _ in 0..<2 {
                let undone = try execute(.restoreUserNetwork(result.order), by: enforcer)
                #expect(undone.outcome == .failed(code: "firewall.kernel"), "\(undone.message)")
            }
            #expect(try !canReachAsUser())
            kernel.refusedTables.withLock { $0 = [:] }
            if byItself {
                try tick(enforcer)
            } else {
                #expect(try execute(.restoreUserNetwork(result.order), by: enforcer).outcome == .succeeded)
            }
            #expect(try canReachAsUser())
        }
    }

    @Test("an undone block that the kernel may hold from before fails to be undone as long as the kernel refuses it")
    func refusedUnblock() throws {
        let network = try #require(Network("fd66::3"))
        let first = try enforcer(without: [.ownedTables])
        let block = Action.blockAddress(AddressBlock(network: network, duration: .seconds(600)))
        #expect(try execute(block, by: first).outcome == .succeeded)
        let kernel = try kernel(without: [.ownedTables])
        kernel.refusedTables.withLock { $0 = [BlockRules.table: .max] }
        let second = try enforcer(on: kernel)
        let undone = try execute(.unblockAddress(network), by: second)
        #expect(undone.outcome == .failed(code: "firewall.kernel"), "\(undone.message)")
        #expect(try !canReachInternet("fd66::3"))
        kernel.refusedTables.withLock { $0 = [:] }
        #expect(try execute(.unblockAddress(network), by: second).outcome == .succeeded)
        #expect(try canReachInternet("fd66::3"))
    }

    @Test("what the kernel refuses to put back keeps nothing else from being put back and told of")
    func refusedRepair() throws {
        let kernel = try kernel(without: [.ownedTables])
        let enforcer = try enforcer(on: kernel)
        let block = AddressBlock(network: try #require(Network("fd66::3")), duration: .seconds(600))
        for action in [.blockAddress(block), cut] {
            #expect(try execute(action, by: enforcer).outcome == .succeeded)
        }
        for table in [UserRules.table, BlockRules.table] { try lab.nft("delete", "table", "inet", table) }
        kernel.refusedTables.withLock { $0 = [BlockRules.table: .max] }
        try tick(enforcer)
        #expect(try !canReachAsUser())
        #expect(try canReachInternet("fd66::3"), "the kernel refuses that")
        let told = enforcer.announcements.notices.map(\.text)
        #expect(told.contains { $0.hasPrefix("Not brought about") && $0.contains("blocks of addresses") }, "\(told)")
        #expect(told.contains { $0.hasPrefix("cutting users' network: put back") }, "\(told)")
    }

    @Test("an isolation that the kernel will not end keeps nothing else from ending, and is not put back")
    func refusedEnd() throws {
        let kernel = try kernel(without: [.ownedTables])
        let ahead = Ahead()
        let live = BootClock.live
        let enforcer = try enforcer(
            on: kernel,
            clock: BootClock(now: live.now, sinceBoot: { live.sinceBoot() + ahead.nanoseconds }, boot: live.boot))
        for action in [cut, .isolate(hour)] { #expect(try execute(action, by: enforcer).outcome == .succeeded) }
        kernel.refusedTables.withLock { $0 = [IsolationRules.table: .max] }
        ahead.go(.seconds(7200))
        try tick(enforcer)
        let containment = enforcer.status().containment.model()
        #expect(containment.effects.isEmpty)
        #expect(try !canReachInternet())
        kernel.refusedTables.withLock { $0 = [:] }
        try tick(enforcer)
        #expect(try canReachInternet() && canReachAsUser())
    }

    @Test("a kernel that is short of memory once is not taken for one that can look less far")
    func shortage() throws {
        let kernel = try kernel(without: [])
        let enforcer = try enforcer(on: kernel)
        let domain = DomainSinkhole(domain: try #require(DomainName("c2.test")), duration: .seconds(600))
        kernel.refusedTables.withLock { $0 = [DomainRules.table: 1] }
        let first = try execute(.sinkholeDomain(domain), by: enforcer)
        #expect(first.outcome == .failed(code: "firewall.kernel"), "\(first.message)")
        let second = try execute(.sinkholeDomain(domain), by: enforcer)
        #expect(second.outcome == .succeeded, "\(second.message)")
        #expect(second.proof?.applied == ["sinkholed c2.test"])
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

/// How far a clock is ahead of the machine's.
private final class Ahead: Sendable {
    private let by = Mutex(Int64(0))
    var nanoseconds: Int64 { by.withLock { $0 } }
    func go(_ duration: Duration) { by.withLock { $0 += duration.microseconds * 1000 } }
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
