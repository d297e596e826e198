import AgentEnforce
import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

/// Blocks, proved by packets.
@Suite("Blocks", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct BlockTests {
    private let lab: Lab
    private let enforcer: EnforcerProcess
    private let peerServer: Program

    init() throws {
        lab = try Lab()
        peerServer = try lab.start(lab.peer, "serve", "7443", "4444")
        enforcer = try EnforcerProcess(Enrolled(lab.scratch), in: lab.host)
    }

    private func block(_ text: String, _ seconds: Int64 = 600) throws -> OrderResult {
        try enforcer.execute(
            .blockAddress(AddressBlock(network: try #require(Network(text)), duration: .seconds(seconds))))
    }

    @Test(
        "a blocked address is gone in both directions and for containers, and no other is",
        arguments: [
            (blocked: "10.66.0.3", target: "10.66.0.3", source: "10.66.0.1", other: "10.66.0.2"),
            (blocked: "fd66::3", target: "fd66::3", source: "fd66::1", other: "fd66::2"),
        ])
    func single(_ row: (blocked: String, target: String, source: String, other: String)) throws {
        let local = try lab.start(lab.host, "serve", "2222")
        #expect(try lab.probe(lab.host, "tcp", row.target, "4444") == "ok")
        #expect(try lab.probe(lab.host, "udp", row.target, "5000") == "ok")
        let held = try lab.start(lab.host, "hold", row.target, "4444")
        let forwarded = try lab.start(lab.container, "hold", row.target, "4444", "0", "talk")

        let result = try block(row.blocked)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(held.line() == "ConnectionAbortedError")
        #expect(forwarded.line() == "TimeoutError")
        #expect(try lab.probe(lab.host, "tcp", row.target, "4444") != "ok")
        #expect(try lab.probe(lab.host, "udp", row.target, "5000") != "ok")
        #expect(try lab.probe(lab.container, "tcp", row.target, "4444") != "ok")
        #expect(try lab.probe(lab.host, "tcp", row.other, "4444") == "ok")
        #expect(try lab.probe(lab.container, "tcp", row.other, "4444") == "ok")

        let unblocked = try enforcer.execute(.unblockAddress(try #require(Network(row.blocked))))
        #expect(unblocked.outcome == .succeeded)
        #expect(try lab.probe(lab.host, "tcp", row.target, "4444") == "ok")
        withExtendedLifetime(local) {}
    }

    @Test("networks in networks are blocked, and unblocked one by one")
    func networks() throws {
        try Program.must(["ip", "-n", lab.peer, "addr", "add", "10.99.5.7/32", "dev", "lo"])
        try Program.must(["ip", "-n", lab.host, "route", "add", "10.99.0.0/16", "via", "10.66.0.2"])
        #expect(try lab.probe(lab.host, "tcp", "10.99.5.7", "4444") == "ok")
        #expect(try block("10.99.5.0/24").outcome == .succeeded)
        #expect(try block("10.99.0.0/16").outcome == .succeeded)
        #expect(try lab.probe(lab.host, "tcp", "10.99.5.7", "4444") != "ok")
        _ = try enforcer.execute(.unblockAddress(try #require(Network("10.99.0.0/16"))))
        #expect(try lab.probe(lab.host, "tcp", "10.99.5.7", "4444") != "ok")
        _ = try enforcer.execute(.unblockAddress(try #require(Network("10.99.5.0/24"))))
        #expect(try lab.probe(lab.host, "tcp", "10.99.5.7", "4444") == "ok")
    }

    @Test("the kernel ends a block when the enforcer is dead")
    func timeout() throws {
        _ = try block("10.66.0.3", 2)
        enforcer.kill()
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") != "ok")
        #expect(enforcer.becomes { (try? lab.probe(lab.host, "tcp", "10.66.0.3", "4444")) == "ok" })
    }

    @Test("a block that is ordered again gets its new time")
    func prolonged() throws {
        _ = try block("10.66.0.3", 2)
        _ = try block("10.66.0.3", 600)
        sleep(3)
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") != "ok")
    }

    @Test("blocks come back after a reboot and are put back when they are lost")
    func restored() throws {
        _ = try block("10.66.0.3")
        enforcer.kill()
        try lab.nft("flush", "ruleset")
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") == "ok")
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try lab.probe(lab.host, "tcp", "10.66.0.3", "4444") != "ok")
        try lab.nft("flush", "ruleset")
        #expect(second.becomes(within: 2) { (try? lab.probe(lab.host, "tcp", "10.66.0.3", "4444")) != "ok" })
        #expect(try second.status().containment.blockCount == 1)
    }

    @Test(
        "what the host needs is never blocked",
        arguments: [
            ("127.0.0.1", "built-in: loopback"), ("::1", "built-in: loopback"), ("10.66.0.1", "built-in: own address"),
            ("10.66.0.2", "built-in: controller"), ("169.254.169.254", "built-in: link-local"),
            ("fe80::1", "built-in: link-local"),
            ("224.0.0.1", "built-in: multicast and broadcast"), ("0.0.0.0/0", "built-in: loopback"),
            ("10.66.0.0/24", "built-in: own address"),
            ("203.0.0.0/8", "widest_block_ipv4 (built-in default of widest_block_ipv4)"),
            ("2001:db8::/32", "widest_block_ipv6 (built-in default of widest_block_ipv6)"),
        ])
    func guarded(_ network: String, _ rule: String) throws {
        let result = try block(network)
        #expect(result.outcome == .refused(rule: rule), "\(result.message)")
        #expect(try enforcer.status().containment.blockCount == 0)
    }
}
