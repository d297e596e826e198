import CordonModel
import CordonOrders
import CordonWire
import Glibc
import SwiftProtobuf
import Testing

@testable import AgentEnforce

/// Lists of networks, proved by packets.
@Suite("Lists of blocks", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct ListTests {
    private let lab: Lab
    private let enforcer: EnforcerProcess
    private let peerServer: Program

    init() throws {
        lab = try Lab()
        peerServer = try lab.start(lab.peer, "serve", "7443", "4444")
        enforcer = try EnforcerProcess(
            Enrolled(lab.scratch, policy: "most_blocks = 110000\nprotected_addresses = [\"198.51.100.7\"]"),
            in: lab.host)
    }

    private func list(_ text: String, named name: String = "feed", seconds: Int64 = 600) throws -> Action {
        .blockAddresses(
            AddressListBlock(name: name, list: try #require(AddressList(text)), duration: .seconds(seconds)))
    }

    private func order(_ action: Action) throws -> OrderID {
        let order = enforcer.fleet.order(action)
        let result = try enforcer.execute(order)
        try #require(result.outcome == .succeeded, "\(result.message)")
        return order.id
    }

    private func reaches(_ address: String, from space: String? = nil) throws -> Bool {
        try lab.probe(space ?? lab.host, "tcp", address, "4444") == "ok"
    }

    /// Files of lists that are kept.
    private var kept: Int { TextFile.names(in: lab.scratch.path + "/state/lists").count }

    @Test("a list is blocked, replaced and unblocked as one; what was connected ends; nothing of it stays")
    func whole() throws {
        let before = try lab.nft("list", "ruleset").output
        let held = try lab.start(lab.host, "hold", "10.66.0.3", "4444")
        let forwarded = try lab.start(lab.container, "hold", "fd66::3", "4444", "0", "talk")
        let first = try order(try list("10.66.0.3 192.0.2.0/24 fd66::3 2001:db8:1::/48"))
        #expect(held.line() == "ConnectionAbortedError")
        #expect(forwarded.line() == "TimeoutError")
        for space in [lab.host, lab.container] {
            #expect(try !reaches("10.66.0.3", from: space) && !reaches("fd66::3", from: space))
        }
        #expect(try reaches("10.66.0.2"))
        #expect(try lab.probe(lab.peer, "udp", "10.66.0.1", "5000", "1", "10.66.0.3") != "ok")
        #expect(try enforcer.status().containment.model().effects.map(\.subject) == ["feed: 4 networks"])

        let second = try order(try list("fd66::3"))
        #expect(try reaches("10.66.0.3") && !reaches("fd66::3"))
        #expect(kept == 1)
        _ = try order(.unblockAddresses(first))
        #expect(try !reaches("fd66::3"), "its list was replaced: nothing is left of that order")
        let other = try order(try list("10.66.0.3", named: "other"))
        #expect(try !reaches("10.66.0.3") && kept == 2)
        _ = try order(.unblockAddresses(second))
        #expect(try reaches("fd66::3") && !reaches("10.66.0.3"))
        _ = try order(.unblockAddresses(other))
        #expect(try reaches("10.66.0.3") && kept == 0)
        #expect(try lab.nft("list", "ruleset").output == before)
    }

    @Test("one network that may not be blocked refuses the whole list, whichever it is")
    func refused() throws {
        let harmless = "192.0.2.0/24 203.0.113.5 2001:db8:1::/48"
        for (bad, rule) in [
            ("10.66.0.2", "built-in: controller"), ("fd66::/64", "built-in: own address"),
            ("127.0.0.0/8", "built-in: loopback"), ("10.66.0.1", "built-in: own address"),
            ("224.0.0.251", "built-in: multicast and broadcast"),
            ("198.51.100.0/24", "protected_addresses (\(lab.scratch.path)/policy.d/10.toml:2)"),
            ("11.0.0.0/8", "widest_block_ipv4 (built-in default of widest_block_ipv4)"),
            ("2001:db8::/32", "widest_block_ipv6 (built-in default of widest_block_ipv6)"),
        ] {
            let result = try enforcer.execute(try list("\(harmless) \(bad)"))
            #expect(result.outcome == .refused(rule: rule), "\(bad): \(result.message)")
        }
        #expect(try enforcer.status().containment.effects.isEmpty)
        #expect(kept == 0)
    }

    @Test("the kernel ends it when the enforcer is dead; one that comes back forgets it")
    func timeout() throws {
        _ = try order(try list("10.66.0.3 192.0.2.0/24", seconds: 2))
        enforcer.kill()
        #expect(try !reaches("10.66.0.3"))
        #expect(enforcer.becomes { (try? reaches("10.66.0.3")) == true })
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(second.becomes { (try? second.status().containment.effects.isEmpty) == true && kept == 0 })
        #expect(second.becomes { (try? lab.nft("list", "ruleset").output.contains("cordon")) == false })
    }

    @Test("100,000 networks come into force, survive a reboot and a flush, and cost the journal next to nothing")
    func many() throws {
        let scattered = (0..<100_000).map { Network(.v4(0x0B00_0000 + UInt32($0) * 7)) }
        let networks = scattered + [Network(IPAddress("10.66.0.3") ?? .v4(0))]
        let big = try #require(AddressList(networks))
        let id = try order(
            .blockAddresses(AddressListBlock(name: "big", list: big, duration: .seconds(600))))
        #expect(try !reaches("10.66.0.3"))
        let journal = lab.scratch.path + "/state/journal"
        let size = try #require(Int(try Program.must(["stat", "-c", "%s", journal])))
        #expect(size < 4096)
        // No more than policy allows.
        let more = (0..<10_000).map { Network(.v4(0xCB00_0000 + UInt32($0) * 2)) }
        let result = try enforcer.execute(
            .blockAddresses(
                AddressListBlock(name: "more", list: try #require(AddressList(more)), duration: .seconds(600))))
        #expect(result.outcome == .refused(rule: "most_blocks (\(lab.scratch.path)/policy.d/10.toml:1)"))
        enforcer.kill()
        try lab.nft("flush", "ruleset")
        #expect(try reaches("10.66.0.3"))
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try !reaches("10.66.0.3"))
        try lab.nft("flush", "ruleset")
        #expect(second.becomes(within: 30) { (try? reaches("10.66.0.3")) == false })
        #expect(try second.execute(.unblockAddresses(id)).outcome == .succeeded)
        #expect(try reaches("10.66.0.3") && kept == 0)
    }

    @Test("a list whose file is damaged is not said to be in force, and keeps nothing else from being so")
    func damaged() throws {
        _ = try order(try list("10.66.0.3"))
        _ = try order(.blockAddress(AddressBlock(network: try #require(Network("fd66::3")), duration: .seconds(600))))
        enforcer.kill()
        let folder = lab.scratch.path + "/state/lists/"
        let file = folder + (try #require(TextFile.names(in: folder).first))
        try Program.must(["sh", "-c", "echo x >> \(file)"])
        do {
            let next = try EnforcerProcess(enforcer.fleet, in: lab.host)
            #expect(try !reaches("10.66.0.3"), "the kernel has it still")
            #expect(try next.status().containment.effects.count == 1)
            next.kill()
        }
        try lab.nft("flush", "ruleset")
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try reaches("10.66.0.3") && !reaches("fd66::3"))
        let status = try second.status()
        #expect(status.containment.effects.isEmpty)
        #expect(status.notices.contains { $0.text.contains("damaged") })
    }

    @Test("killed between the disk and the kernel, it is in force at the next start; a file nobody knows goes")
    func interrupted() throws {
        enforcer.kill()
        let action = try list("10.66.0.3")
        guard case .blockAddresses(let block) = action else { return }
        let ordered = enforcer.fleet.order(action)
        let signed = try enforcer.fleet.sign(ordered)
        let clock = BootClock.live
        do {
            let files = ListFiles(folder: lab.scratch.path + "/state/lists")
            try files.keep(block.list)
            try files.keep(try #require(AddressList("192.0.2.1")))
            var journal = try OrderJournal(folder: lab.scratch.path + "/state", clock: clock)
            let receipt = JournalRecord.Receipt(
                order: ordered.id, digest: try enforcer.fleet.digest(of: signed), kind: .blockAddresses,
                at: clock.now(), expiresAt: clock.now() + .seconds(600), counts: true)
            let effect = HeldEffect(
                key: .init(kind: .blockAddresses, subject: "feed"), orders: [ordered.id], title: "feed",
                term: clock.term(.seconds(300)), undo: HeldList(block.list).bytes)
            try journal.append([.received(receipt), .held(effect)])
        }
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try !reaches("10.66.0.3") && kept == 1)
        #expect(try second.execute(signed).outcome == .succeeded)
    }

    @Test("an order of another kind is not taken at a list's length")
    func length() throws {
        // A field that this version does not know: number 100, 20,000 bytes.
        let padding: [UInt8] = [0xA2, 0x06, 0xA0, 0x9C, 0x01] + [UInt8](repeating: 0, count: 20_000)
        let bytes: [UInt8] = try Cordon_V1_Order(enforcer.fleet.order(.release)).serializedBytes()
        let result = try enforcer.execute(enforcer.fleet.sign(bytes: bytes + padding))
        #expect(result.outcome == .refused(rule: "signature"), "\(result.message)")
    }
}
