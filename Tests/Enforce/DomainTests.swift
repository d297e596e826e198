import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// Sinkholed domains, proved by queries.
@Suite("Sinkholed domains", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct DomainTests {
    private let lab: Lab
    private let enforcer: EnforcerProcess
    /// Echoes every query over UDP, and over TCP.
    private let peerServer: Program

    init() throws {
        lab = try Lab()
        peerServer = try lab.start(lab.peer, "serve", "7443", "53")
        enforcer = try EnforcerProcess(
            Enrolled(lab.scratch, policy: #"protected_domains = ["cordon.example"]"#), in: lab.host)
    }

    private func sinkhole(_ name: String, seconds: Int64 = 600) throws -> Action {
        .sinkholeDomain(DomainSinkhole(domain: try #require(DomainName(name)), duration: .seconds(seconds)))
    }

    private func order(_ action: Action) throws -> OrderID {
        let order = enforcer.fleet.order(action)
        let result = try enforcer.execute(order)
        try #require(result.outcome == .succeeded, "\(result.message)")
        return order.id
    }

    private func asks(_ name: String, _ address: String = "10.66.0.2", from space: String? = nil) throws -> String {
        try lab.probe(space ?? lab.host, "dns", address, name)
    }

    /// As deep as a name can be: 255 bytes.
    private let deepest =
        (Array(repeating: String(repeating: "x", count: 60), count: 3) + [String(repeating: "y", count: 57)])
        .joined(separator: ".") + ".evil.example"

    /// As long as a domain may be.
    private let longest = String(repeating: "z", count: 54) + ".example"

    @Test(
        "a name with a hyphen at the end of a label is not taken any more, and what is held of such a one is still read"
    )
    func hyphens() {
        for text in ["-evil.example", "evil-.example", "evil.example-"] {
            #expect(DomainName(text) == nil)
            #expect(DomainName(text, lenient: true)?.description == text)
        }
        #expect(DomainName("e vil.example", lenient: true) == nil)
    }

    @Test(
        "nobody gets an answer about it or what is below it, in whatever letters, by UDP and TCP; others do",
        arguments: ["10.66.0.2", "fd66::3"])
    func queries(_ address: String) throws {
        let before = try lab.nft("list", "ruleset").output
        #expect(
            try asks(deepest, address) == "ok" && lab.probe(lab.host, "dns", address, "evil.example", "tcp") == "ok")
        let id = try order(try sinkhole("evil.example"))
        let bad = ["evil.example", "EVIL.eXample", "a.evil.example", "a.b-c.d.Evil.Example", deepest]
        let good = [
            "notevil.example", "evil.example.org", "evil-example.com", "vil.example", "evil.examples", "x.evil.exampl",
        ]
        for space in [lab.host, lab.container] {
            for name in bad {
                let answer = try asks(name, address, from: space)
                #expect(space == lab.host ? answer == "ConnectionRefusedError" : answer != "ok", "\(name): \(answer)")
                #expect(try lab.probe(space, "dns", address, name, "tcp") == "ConnectionResetError", "\(name)")
            }
            for name in good {
                #expect(try asks(name, address, from: space) == "ok", "\(name)")
                #expect(try lab.probe(space, "dns", address, name, "tcp") == "ok", "\(name)")
            }
        }
        _ = try order(.unsinkholeDomain(id))
        #expect(try asks("a.evil.example", address) == "ok")
        #expect(try lab.nft("list", "ruleset").output == before)
    }

    @Test(
        "only letters are folded: neither a hyphen nor a digit passes for a label's length, nor one length for another")
    func lengths() throws {
        for name in ["authgateway01.example", "production-cluster.example", "evil.example"] {
            _ = try order(try sinkhole(name))
        }
        let bad = [
            "authgateway01.example", "eu.AuthGateway01.Example", "production-cluster.example",
            "web2.PRODUCTION-cluster.example", "x.Evil.example",
        ]
        // 13 is a hyphen's code without the folded bit, and 18 that of the digit 2; the end of a name that of 32.
        let good = [
            "eu-authgateway01.example", "web2production-cluster.example",
            "a.evil.example.\(String(repeating: "x", count: 32)).org",
        ]
        for name in bad { #expect(try asks(name) == "ConnectionRefusedError", "\(name)") }
        for name in good {
            #expect(try asks(name) == "ok", "\(name)")
            #expect(try lab.probe(lab.host, "dns", "10.66.0.2", name, "tcp") == "ok", "\(name)")
        }
    }

    @Test("the kernel takes as many rules as may be, and a domain that needs more is refused")
    func most() throws {
        let names = (0..<25).compactMap { number in
            DomainName(String((0..<6).map { number >> $0 & 1 == 1 ? "1" : "a" }) + ".ex")
        }
        var host = LocalPolicy.Surroundings()
        host.sinkholed = names.dropLast()
        try LocalPolicy().check(try sinkhole("bbbbbb.ex"), at: host)
        let more = try sinkhole("\(names[24])")
        let refusal = #expect(throws: Refusal.self) { try LocalPolicy().check(more, at: host) }
        #expect(refusal?.rule == "built-in: domains")
        let rules = try NamespaceThread.run(in: lab.peer) {
            var firewall = try Firewall()
            let messages = DomainRules.messages(names.dropLast().map { ($0, 600_000) }, .everywhere)
            try firewall.replaceTable(DomainRules.table, with: messages, doing: "all that may be")
            return try firewall.readBack(DomainRules.table).rules
        }
        // Besides, those that tell queries from other packets.
        #expect(rules == DomainRules.ruleCount(names.dropLast()) + 4)
    }

    @Test("a resolver on the host itself is not asked either; several domains end one by one")
    func several() throws {
        let resolver = try lab.start(lab.host, "serve", "2222")
        let ids = try ["evil.example", "very-long-name.of-a.domain.that-is.evil.example.org", "c2.test", longest].map {
            try order(try sinkhole($0))
        }
        for address in ["127.0.0.1", "::1", "10.66.0.2"] {
            for name in [
                "evil.example", "x.very-long-name.of-a.domain.that-is.evil.example.org", "c2.test", "a.\(longest)",
            ] {
                #expect(try asks(name, address) == "ConnectionRefusedError", "\(name) \(address)")
            }
            #expect(try asks("that-is.evil.example.org", address) == "ok")
        }
        _ = try order(.unsinkholeDomain(ids[0]))
        #expect(try asks("evil.example") == "ok" && asks("c2.test") == "ConnectionRefusedError")
        #expect(try enforcer.status().containment.model().effects.map(\.subject).contains("c2.test"))
        withExtendedLifetime(resolver) {}
    }

    @Test("the kernel ends it when the enforcer is dead")
    func timeout() throws {
        _ = try order(try sinkhole("evil.example", seconds: 20))
        enforcer.kill()
        #expect(try asks("evil.example") != "ok")
        #expect(enforcer.becomes(within: 60) { (try? asks("evil.example")) == "ok" })
    }

    @Test("it comes back after a reboot, and is put back when it is lost")
    func restored() throws {
        _ = try order(try sinkhole("evil.example"))
        enforcer.kill()
        try lab.nft("flush", "ruleset")
        #expect(try asks("evil.example") == "ok")
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try asks("evil.example") != "ok")
        try lab.nft("flush", "ruleset")
        #expect(second.becomes(within: 30) { (try? asks("evil.example")) != "ok" })
    }

    @Test("what policy protects, what lies above it, and local names are not sinkholed")
    func refused() throws {
        let rule = "protected_domains (\(lab.scratch.path)/policy.d/10.toml:1)"
        for (name, rule) in [
            ("cordon.example", rule), ("a.cordon.example", rule), ("10.in-addr.arpa", "built-in: local name"),
            ("printer.local", "built-in: local name"),
        ] {
            let result = try enforcer.execute(try sinkhole(name))
            #expect(result.outcome == .refused(rule: rule), "\(name): \(result.message)")
        }
        var host = LocalPolicy.Surroundings()
        host.names = ["web-1.corp.example"]
        let action = try sinkhole("corp.example")
        let refusal = #expect(throws: Refusal.self) { try LocalPolicy().check(action, at: host) }
        #expect(refusal?.rule == "built-in: own name")
    }

    @Test("a search domain is the host's own, with a last dot or without")
    func searchDomains() throws {
        let names = HostNames.searched("nameserver 10.0.0.1\nsearch Corp.example. a.test\t.\ndomain b.test\n")
        #expect(names == ["corp.example", "a.test", "b.test"])
        var host = LocalPolicy.Surroundings()
        host.names = names
        let action = try sinkhole("corp.example")
        let refusal = #expect(throws: Refusal.self) { try LocalPolicy().check(action, at: host) }
        #expect(refusal?.rule == "built-in: own name")
    }
}
