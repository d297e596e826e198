import AgentEnforce
import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

/// Isolation, proved by packets: the real enforcer in a network namespace, a peer on the other side.
@Suite("Isolation", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct IsolationTests {
    private let lab: Lab
    private let enforcer: EnforcerProcess
    private let peerServer: Program

    init() throws {
        lab = try Lab()
        peerServer = try lab.start(lab.peer, "serve", "7443", "4444")
        enforcer = try EnforcerProcess(Enrolled(lab.scratch), in: lab.host)
    }

    private let hour = Isolation(duration: .seconds(3600))

    @Test("an isolated host reaches its controller as the agent's user, itself, and nobody else")
    func matrix() throws {
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ok")
        #expect(try lab.probe(lab.host, "tcp", "fd66::3", "4444") == "ok")
        #expect(try lab.probe(lab.host, "udp", "10.66.0.3", "53") == "ok")
        #expect(try lab.probe(lab.container, "tcp", "10.66.0.3", "4444") == "ok")
        let local = try lab.start(lab.host, "serve", "9999")
        defer { withExtendedLifetime(local) {} }

        let result = try enforcer.execute(.isolate(hour))
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.probes.allSatisfy(\.passed) == true)
        #expect(result.proof?.rulesHash.count == 64)

        let agent = "\(Lab.agentUser)"
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.2", "7443", agent) == "ok")
        #expect(try lab.probe(lab.host, "tcp", "fd66::2", "7443", agent) == "ok")
        #expect(try lab.probe(lab.host, "tcp", "127.0.0.1", "9999") == "ok")
        #expect(try lab.probe(lab.host, "tcp", "::1", "9999") == "ok")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.1", "9999") == "ok")
        // Root by the controller's port; the agent's user elsewhere.
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.2", "7443", "0") == "ConnectionRefusedError")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.2", "4444", agent) == "ConnectionRefusedError")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "7443", agent) == "ConnectionRefusedError")
        // IPv4, IPv6, DNS, forwarded, inbound.
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        #expect(try lab.probe(lab.host, "tcp", "fd66::3", "4444") == "ConnectionRefusedError")
        #expect(try lab.probe(lab.host, "udp", "10.66.0.3", "53") != "ok")
        #expect(try lab.probe(lab.host, "udp", "fd66::3", "53") != "ok")
        #expect(try lab.probe(lab.container, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        #expect(try lab.probe(lab.container, "tcp", "fd66::3", "4444") != "ok")
        #expect(try lab.probe(lab.container, "udp", "10.66.0.3", "5000") != "ok")
        #expect(try lab.probe(lab.peer, "tcp", "10.66.0.1", "9999") == "TimeoutError")
        #expect(try lab.probe(lab.peer, "tcp", "fd66::1", "9999") == "TimeoutError")

        let released = try enforcer.execute(.release)
        #expect(released.outcome == .succeeded, "\(released.message)")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ok")
        #expect(try lab.probe(lab.host, "tcp", "fd66::3", "4444") == "ok")
        #expect(try lab.probe(lab.container, "tcp", "10.66.0.3", "4444") == "ok")
        #expect(try lab.nft("list", "tables").output.contains("cordon_isolation") == false)
    }

    @Test("what was connected is reset at both ends, and the agent's own connection lives on")
    func established() throws {
        let local = try lab.start(lab.host, "serve", "2222")
        let out4 = try lab.start(lab.host, "hold", "10.66.0.3", "4444")
        let out6 = try lab.start(lab.host, "hold", "fd66::3", "4444")
        let inbound = try lab.start(lab.peer, "hold", "10.66.0.1", "2222")
        let forwarded = try lab.start(lab.container, "hold", "10.66.0.3", "4444", "0", "talk")
        let forwarded6 = try lab.start(lab.container, "hold", "fd66::3", "4444", "0", "talk")
        let loop = try lab.start(lab.host, "hold", "127.0.0.1", "2222")
        let agent = try lab.start(lab.host, "hold", "10.66.0.2", "7443", "\(Lab.agentUser)")

        let result = try enforcer.execute(.isolate(hour))
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect((result.proof?.socketsReset ?? 0) >= 3)
        for ended in [out4, out6] { #expect(ended.line() == "ConnectionAbortedError") }
        for ended in [inbound, forwarded, forwarded6] { #expect(ended.line() == "ConnectionResetError") }
        for living in [loop, agent] {
            living.write("?\n")
            #expect(living.line() == "alive")
        }
        withExtendedLifetime(local) {}
    }

    @Test("raw IP and packet sockets do not get out")
    func rawSockets() throws {
        let sniffer = try lab.start(lab.peer, "sniff")
        #expect(try lab.probe(lab.host, "raw", "up0") == "sent")
        #expect(sniffer.line() == "EXFIL")
        #expect(try lab.probe(lab.host, "rawip", "10.66.0.3") == "sent")
        #expect(sniffer.line() == "EXFIL")
        let result = try enforcer.execute(.isolate(hour))
        try #require(result.proof?.applied.contains { $0.hasPrefix("egress of") } == true, "\(result)")
        _ = try lab.probe(lab.host, "raw", "up0")
        _ = try lab.probe(lab.host, "rawip", "10.66.0.3")
        sniffer.write("end\n")
        #expect(sniffer.line() == "end")
    }

    @Test(
        "the level network lets raw frames out and nothing else; a higher one closes them, and no lower one opens them again"
    )
    func levels() throws {
        let sniffer = try lab.start(lab.peer, "sniff")
        let network = Action.isolate(Isolation(duration: .seconds(3600), level: .network))
        let result = try enforcer.execute(network)
        #expect(result.outcome == .succeeded && result.message.contains("level network"), "\(result.message)")
        #expect(result.proof?.applied.contains("raw sockets are not stopped: level network") == true)
        #expect(try lab.probe(lab.host, "raw", "up0") == "sent")
        #expect(sniffer.line() == "EXFIL")
        _ = try lab.probe(lab.host, "rawip", "10.66.0.3")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        #expect(try lab.probe(lab.container, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")

        enforcer.kill()
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try lab.nft("list", "tables").output.contains("netdev") == false, "the journal knows the level")
        #expect(try second.execute(.isolate(hour)).outcome == .succeeded)
        #expect(try second.execute(network).outcome == .succeeded)
        _ = try lab.probe(lab.host, "raw", "up0")
        sniffer.write("end\n")
        #expect(sniffer.line() == "end", "nothing came but the first frame")
        #expect(try second.execute(.release).outcome == .succeeded)
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ok")
    }

    @Test("a flushed ruleset and a deleted table do not end it")
    func flush() throws {
        _ = try enforcer.execute(.isolate(hour))
        try lab.nft("flush", "ruleset")
        _ = try lab.nft("delete", "table", "inet", "cordon_isolation")
        _ = try lab.nft("insert", "rule", "inet", "cordon_isolation", "output", "accept")
        let held = enforcer.becomes(within: 2) {
            (try? lab.probe(lab.host, "tcp", "10.66.0.3", "4444")) == "ConnectionRefusedError"
        }
        #expect(held)
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.2", "7443", "\(Lab.agentUser)") == "ok")
    }

    @Test("killing the enforcer does not end it, and a new one takes it over")
    func killed() throws {
        let order = enforcer.fleet.order(.isolate(hour))
        let first = try enforcer.execute(order)
        enforcer.kill()
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try second.status().containment.isolatedUntilUs > 0)
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        #expect(try second.execute(order) == first, "a redelivered order returns its first result")
        #expect(try second.execute(.release).outcome == .succeeded)
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ok")
    }

    @Test("a reboot brings it back before the enforcer is ready")
    func reboot() throws {
        _ = try enforcer.execute(.isolate(hour))
        enforcer.kill()
        // What a reboot does to the kernel's side.
        try lab.nft("flush", "ruleset")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ok")
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        withExtendedLifetime(second) {}
    }

    @Test("it ends by itself when its time is over")
    func term() throws {
        _ = try enforcer.execute(.isolate(Isolation(duration: .seconds(2))))
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        #expect(enforcer.becomes { (try? enforcer.status().containment.isolatedUntilUs) == 0 })
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ok")
    }

    @Test("an interface that comes later is closed too")
    func newInterface() throws {
        _ = try enforcer.execute(.isolate(hour))
        try Program.must([
            "ip", "-n", lab.host, "link", "add", "late0", "type", "veth", "peer", "name", "late1", "netns", lab.peer,
        ])
        #expect(enforcer.becomes { (try? lab.nft("list", "ruleset").output.contains("late0")) == true })
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.2", "7443", "\(Lab.agentUser)") == "ok")
    }

    @Test("root can break the glass on the host, and it is written down")
    func breakGlass() throws {
        _ = try enforcer.execute(.isolate(hour))
        let out = try Program.run([
            EnforcerProcess.binary, "release", "--reason", "drill", "--config", lab.scratch.path + "/enforcer.toml",
        ])
        #expect(out.status == 0, "\(out.output)")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ok")
        enforcer.kill()
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try second.status().containment.isolatedUntilUs == 0)
    }
}
