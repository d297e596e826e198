import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// Blocks by port or direction, proved by packets.
@Suite("Blocks by port", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct PortBlockTests {
    private let lab: Lab
    private let enforcer: EnforcerProcess
    private let peerServer: Program

    init() throws {
        lab = try Lab()
        peerServer = try lab.start(lab.peer, "serve", "7443", "4444")
        enforcer = try EnforcerProcess(Enrolled(lab.scratch), in: lab.host)
    }

    private func block(
        _ network: String, _ ports: String = "", _ direction: AddressBlock.Direction = .both, _ seconds: Int64 = 600
    ) throws -> Action {
        .blockAddress(
            AddressBlock(
                network: try #require(Network(network)), duration: .seconds(seconds),
                ports: ports.isEmpty ? [] : try #require(PortRange.list(ports)), direction: direction))
    }

    /// Orders it, and gives the order's number.
    private func order(_ action: Action) throws -> OrderID {
        let order = enforcer.fleet.order(action)
        let result = try enforcer.execute(order)
        try #require(result.outcome == .succeeded, "\(result.message)")
        return order.id
    }

    private func reaches(_ space: String, _ what: String...) throws -> Bool {
        try lab.probe(space, what[0], what[1], what[2]) == "ok"
    }

    @Test("a status and the word before a host is left count every block: addresses, ports, lists, users and domains")
    func counted() throws {
        let list = AddressListBlock(
            name: "feed", list: try #require(AddressList("198.51.100.0/24")), duration: .seconds(600))
        for action in [
            try block("203.0.113.7"), try block("203.0.113.8", "tcp/22"), .blockAddresses(list),
            .cutUserNetwork(UserNetworkCut(user: 54_321, duration: .seconds(600))),
            .sinkholeDomain(
                DomainSinkhole(domain: try #require(DomainName("evil.example")), duration: .seconds(600))),
        ] { _ = try order(action) }
        let settings = ["--config", lab.scratch.path + "/enforcer.toml"]
        let status = try Program.must([EnforcerProcess.binary, "status"] + settings)
        #expect(status.split(separator: "\n").contains("5 blocks"), "\(status)")
        let leaving = try Program.must([EnforcerProcess.binary, "leave", "--check"] + settings)
        #expect(leaving.contains("; 5 blocks are in force."), "\(leaving)")
    }

    @Test(
        "only those ports are gone, for containers too; what was connected ends; two blocks end each by its own order",
        arguments: ["10.66.0.3", "fd66::3"])
    func ports(_ address: String) throws {
        let before = try lab.nft("list", "ruleset").output
        let held = try lab.start(lab.host, "hold", address, "4444")
        let forwarded = try lab.start(lab.container, "hold", address, "4444", "0", "talk")
        let other = try lab.start(lab.host, "hold", address, "7443")
        let first = try order(try block(address, "tcp/4000-4500,udp/53"))
        #expect(held.line() == "ConnectionAbortedError")
        #expect(forwarded.line() == "TimeoutError")
        for space in [lab.host, lab.container] {
            #expect(try !reaches(space, "tcp", address, "4444") && !reaches(space, "udp", address, "53"))
            #expect(try reaches(space, "tcp", address, "7443") && reaches(space, "udp", address, "5000"))
        }
        other.write("?\n")
        #expect(other.line() == "alive", "another port of the same address")
        #expect(
            try enforcer.status().containment.model().effects.map(\.subject) == ["\(address), to tcp/4000-4500,udp/53"])

        // It overlaps the first.
        let second = try order(try block(address, "tcp/4444-8000"))
        #expect(try !reaches(lab.host, "tcp", address, "7443"))
        _ = try order(.endBlock(first))
        #expect(try reaches(lab.host, "udp", address, "53"))
        #expect(try !reaches(lab.host, "tcp", address, "4444"), "the other order still blocks it")
        _ = try order(.endBlock(second))
        #expect(try reaches(lab.host, "tcp", address, "4444") && reaches(lab.container, "tcp", address, "7443"))
        #expect(try lab.nft("list", "ruleset").output == before)
        #expect(try enforcer.execute(.endBlock(second)).outcome == .failed(code: "block.not_held"))
    }

    @Test("inward is what comes from the network, by the port that it comes to, before and after it is translated")
    func inward() throws {
        let local = try lab.start(lab.host, "serve", "2222", "2223")
        let inside = try lab.start(lab.container, "serve", "2224")
        try lab.nft("add", "table", "ip", "nat")
        try lab.nft("add", "chain", "ip", "nat", "pre", "{ type nat hook prerouting priority -100; }")
        try lab.nft("add", "rule", "ip", "nat", "pre", "tcp", "dport", "8080", "dnat", "to", "10.77.0.2:2224")
        func comes(_ port: String, from source: String = "10.66.0.3") throws -> Bool {
            try lab.probe(lab.peer, "tcp", "10.66.0.1", port, "0", source) == "ok"
        }
        #expect(try comes("2222") && comes("8080"))
        _ = try order(try block("10.66.0.3", "tcp/2222", .inward))
        #expect(try !comes("2222") && comes("2223") && comes("2222", from: "10.66.0.2"))
        #expect(try reaches(lab.host, "tcp", "10.66.0.3", "4444"), "what the host begins goes on")
        for port in ["tcp/8080", "tcp/2224"] {
            let block = try order(try block("10.66.0.3", port, .inward))
            #expect(try !comes("8080"), "\(port)")
            _ = try order(.endBlock(block))
            #expect(try comes("8080"))
        }
        _ = try order(try block("10.66.0.3", "", .inward))
        #expect(try !comes("2223") && !comes("8080"))
        withExtendedLifetime((local, inside)) {}
    }

    @Test("outward is what goes to the network; what it begins goes on", arguments: ["10.66.0.3", "fd66::3"])
    func outward(_ address: String) throws {
        let local = try lab.start(lab.host, "serve", "4444")
        _ = try order(try block(address, "tcp/4444", .outward))
        #expect(try !reaches(lab.host, "tcp", address, "4444") && !reaches(lab.container, "tcp", address, "4444"))
        let own = address.contains(":") ? "fd66::1" : "10.66.0.1"
        #expect(try lab.probe(lab.peer, "tcp", own, "4444", "0", address) == "ok")
        withExtendedLifetime(local) {}
    }

    @Test("an unblock is no all-clear for an address that is blocked by port: it names the order that is to be undone")
    func stillBlocked() throws {
        let unblock = Action.unblockAddress(try #require(Network("10.66.0.3")))
        let none = try enforcer.execute(unblock)
        #expect(none.outcome == .succeeded && none.proof?.applied == ["nothing: 10.66.0.3 was not blocked"])
        let part = try order(try block("10.66.0.3", "tcp/4444"))
        let only = try enforcer.execute(unblock)
        #expect(only.outcome == .failed(code: "block.by_port"))
        #expect(only.message.contains("10.66.0.3, to tcp/4444 (`cordon undo \(part)` ends it)"), "\(only.message)")
        _ = try order(try block("10.66.0.3"))
        let both = try enforcer.execute(unblock)
        #expect(both.outcome == .succeeded && both.message.contains("Still blocked by port"), "\(both.message)")
        _ = try order(.endBlock(part))
        #expect(try reaches(lab.host, "tcp", "10.66.0.3", "4444"))
    }

    @Test("a release of a host that is not isolated says that nothing was there")
    func notIsolated() throws {
        let result = try enforcer.execute(.release)
        #expect(result.outcome == .succeeded && result.message == "The host was not isolated.")
        #expect(result.proof?.applied == ["nothing: there was no isolation"])
    }

    @Test("no packet passes in parts", arguments: [("10.66.0.1", "10.66.0.3"), ("fd66::1", "fd66::3")])
    func fragments(_ row: (own: String, source: String)) throws {
        let local = try lab.start(lab.host, "serve", "2222")
        func comes() throws -> Bool { try lab.probe(lab.peer, "udp", row.own, "5000", "4000", row.source) == "ok" }
        #expect(try comes())
        let block = try order(try block(row.source, "udp/5000", .inward))
        #expect(try !comes())
        _ = try order(.endBlock(block))
        #expect(try comes())
        withExtendedLifetime(local) {}
    }

    @Test("the kernel ends it when the enforcer is dead, and one that comes back forgets it")
    func timeout() throws {
        _ = try order(try block("10.66.0.3", "tcp/4444", .both, 2))
        enforcer.kill()
        #expect(try !reaches(lab.host, "tcp", "10.66.0.3", "4444"))
        #expect(enforcer.becomes { (try? reaches(lab.host, "tcp", "10.66.0.3", "4444")) == true })
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(second.becomes { (try? second.status().containment.effects.isEmpty) == true })
        #expect(second.becomes { (try? lab.nft("list", "ruleset").output.contains("cordon")) == false })
    }

    @Test("it comes back after a reboot, is put back when it is lost, and lasts as long as the longest order")
    func restored() throws {
        _ = try order(try block("10.66.0.3", "tcp/4444"))
        _ = try order(try block("10.66.0.3", "tcp/4444", .both, 1))
        enforcer.kill()
        try lab.nft("flush", "ruleset")
        #expect(try reaches(lab.host, "tcp", "10.66.0.3", "4444"))
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try !reaches(lab.host, "tcp", "10.66.0.3", "4444"))
        try lab.nft("flush", "ruleset")
        #expect(second.becomes(within: 2) { (try? reaches(lab.host, "tcp", "10.66.0.3", "4444")) == false })
        let effects = try second.status().containment.model().effects
        #expect(effects.count == 1 && (effects[0].until ?? .init(seconds: 0)) > enforcer.fleet.now() + .seconds(500))
    }

    @Test("killed between the disk and the kernel, it is in force at the next start, and its order is answered")
    func interrupted() throws {
        enforcer.kill()
        let action = try block("10.66.0.3", "tcp/4444")
        guard case .blockAddress(let block) = action else { return }
        let ordered = enforcer.fleet.order(action)
        let signed = try enforcer.fleet.sign(ordered)
        let order = ordered.id
        let clock = BootClock.live
        do {
            var journal = try OrderJournal(folder: lab.scratch.path + "/state", clock: clock)
            let receipt = JournalRecord.Receipt(
                order: order, digest: try enforcer.fleet.digest(of: signed), kind: .blockAddress, at: clock.now(),
                expiresAt: clock.now() + .seconds(600), counts: true)
            let effect = HeldEffect(
                key: .init(kind: .blockAddress, subject: block.subject), orders: [order], title: block.subject,
                term: clock.term(.seconds(300)), undo: block.bytes)
            try journal.append([.received(receipt), .held(effect)])
        }
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try !reaches(lab.host, "tcp", "10.66.0.3", "4444"))
        #expect(try second.execute(signed).outcome == .succeeded)
        let until = try second.status().containment.model().effects.first?.until
        #expect(try #require(until) < clock.now() + .seconds(301), "its time runs from then")
    }

    @Test("what the host needs is not blocked by port either")
    func guarded() throws {
        for (network, rule) in [("10.66.0.2", "built-in: controller"), ("127.0.0.1", "built-in: loopback")] {
            let result = try enforcer.execute(try block(network, "tcp/1"))
            #expect(result.outcome == .refused(rule: rule), "\(result.message)")
        }
        #expect(try enforcer.status().containment.effects.isEmpty)
    }
}

/// Blocks that overlap, cut into boxes that do not.
@Suite("Boxes of ports")
struct PortBoxTests {
    @Test("boxes are apart, and a packet is in one exactly when a block is over it, for as long as the longest")
    func boxes() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let blocks = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                let first = UInt16.random(in: 0...12, using: &random)
                let prefix = Int.random(in: 28...32, using: &random)
                let address = UInt32.random(in: 0...15, using: &random) << UInt32(32 - prefix)
                return PortRules.Block(
                    network: Network(.v4(UInt32.max - 15 + address & 15), prefix: prefix) ?? Network(.v4(0)),
                    ports: [PortRange(.tcp, first, first + 3), PortRange(.udp, 65_530, 65_535)].compactMap(\.self),
                    direction: .both, milliseconds: UInt64.random(in: 1...9, using: &random))
            }
            let boxes = PortBoxes.disjoint(blocks)
            for address in (UInt32.max - 15)...UInt32.max {
                for port in UInt16(0)...17 {
                    let over = blocks.filter { block in
                        block.network.contains(.v4(address))
                            && block.ports.contains { $0.transport == .tcp && $0.first <= port && port <= $0.last }
                    }
                    let inside = boxes.filter { box in
                        box.first <= .v4(address) && .v4(address) <= box.last && box.ports.transport == .tcp
                            && box.ports.first <= port && port <= box.ports.last
                    }
                    #expect(inside.count == (over.isEmpty ? 0 : 1))
                    #expect(inside.first?.milliseconds == over.map(\.milliseconds).max())
                }
            }
        }
    }
}
