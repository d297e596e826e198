import AgentNetlink
import CordonModel
import CordonOrders
import Glibc
import Synchronization
import Testing

@testable import AgentEnforce

/// An isolation whose host's interfaces cannot be listed for a while.
@Suite("Interfaces that cannot be listed", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"))
struct UnlistedInterfacesTests {
    private let lab: Lab
    private let clock = BootClock.live
    private let isFailing = Flag()

    init() throws { lab = try Lab() }

    private final class Flag: Sendable {
        let value = Mutex(false)
    }

    private final class Count: Sendable {
        let value = Mutex(0)
    }

    /// As a start makes it.
    private func containment(on kernel: OlderKernel? = nil) throws -> Containment {
        let flag = isFailing
        var containment = try Containment(
            firewall: kernel.map { Firewall(socket: $0) } ?? Firewall(),
            lists: ListFiles(folder: lab.scratch.path + "/lists"), agentUser: Lab.agentUser,
            controllers: [])
        let list = containment.listInterfaces
        containment.listInterfaces = { () throws(NetlinkError) in
            if flag.value.withLock({ $0 }) { throw NetlinkError(ENOBUFS, "") }
            return try list()
        }
        return containment
    }

    private var isolated: DesiredState {
        var desired = DesiredState()
        let isolation = JournalRecord.isolated(
            order: OrderID(UUIDv7(high: 1, low: 1)), issuedAt: clock.now(), term: clock.term(.seconds(600)), lost: nil,
            level: .networkAndRaw)
        desired.apply(isolation, clock: clock)
        return desired
    }

    private func chains() throws -> Int {
        try lab.nft("list", "table", "netdev", IsolationRules.table).output.split(separator: "\n").count {
            $0.contains("chain egress_")
        }
    }

    @Test(
        "what is closed to raw sockets stays closed over a start, that is told, and what comes is closed once it is known"
    )
    func restored() throws {
        let desired = isolated
        try NamespaceThread.run(in: lab.host) { [self] in
            do {
                var first = try containment()
                #expect(first.restore(desired, clock: clock) == [])
            }
            #expect(try chains() == 2)
            isFailing.value.withLock { $0 = true }
            var second = try containment()
            let said = second.restore(desired, clock: clock)
            #expect(said.count == 1 && said[0].contains("interfaces could not be listed"), "\(said)")
            #expect(try chains() == 2, "those that the kernel held closed")
            #expect(second.repair(desired, clock: clock, thorough: true) == [], "told once")
            try Program.must(["ip", "-n", lab.host, "link", "add", "new0", "type", "veth", "peer", "new1"])
            isFailing.value.withLock { $0 = false }
            let again = second.repair(desired, clock: clock, thorough: false)
            #expect(again.count == 2 && again[0].contains("the interfaces changed"), "\(again)")
            #expect(try chains() == 4)
            _ = try second.release()
        }
    }

    @Test(
        "an order to isolate says that raw sockets are not stopped yet where no interface is known, and soon they are")
    func ordered() throws {
        let desired = isolated
        try NamespaceThread.run(in: lab.host) { [self] in
            isFailing.value.withLock { $0 = true }
            var containment = try containment()
            let lines = try containment.isolate(.networkAndRaw).applied
            #expect(lines.contains("raw sockets are not stopped yet: no interface is known"), "\(lines)")
            #expect(try chains() == 0)
            isFailing.value.withLock { $0 = false }
            _ = containment.repair(desired, clock: clock, thorough: false)
            #expect(try chains() == 2)
            _ = try containment.release()
        }
    }

    @Test(
        "what stops raw sockets and is refused for now keeps the network from nothing, is told, and comes as soon as it can",
        arguments: [ENOMEM, ENOBUFS, EBUSY, ENOENT, EPERM])
    func refusedAtFirst(_ number: Int32) throws {
        let desired = isolated
        try NamespaceThread.run(in: lab.host) { [self] in
            let kernel = try OlderKernel(without: [])
            var containment = try containment(on: kernel)
            kernel.refusedChains.withLock { $0 = (number, .max) }
            let proof = try containment.isolate(.networkAndRaw)
            let told = proof.applied.contains { $0.hasPrefix("raw sockets are not all stopped yet") }
            #expect(told && proof.probes.allSatisfy(\.passed), "\(proof)")
            #expect(try chains() == 0)
            #expect(try lab.nft("list", "chain", "inet", IsolationRules.table, "output").status == 0)
            let said = containment.repair(desired, clock: clock, thorough: true)
            #expect(said.count == 1 && said[0].contains("is tried again"), "\(said)")
            #expect(containment.repair(desired, clock: clock, thorough: true) == [], "told once")
            #expect(containment.repairs == 0 && containment.preflight().isWithoutEgress == false)
            kernel.refusedChains.withLock { $0.times = 0 }
            containment.nextTry = .now
            let again = containment.repair(desired, clock: clock, thorough: true)
            #expect(again.count == 1 && again[0].contains("Brought about"), "\(again)")
            #expect(try chains() == 2)
            _ = try containment.release()
        }
    }

    @Test(
        "what is closed to raw sockets stays so whatever the kernel refuses later, and what came is closed when it can be",
        arguments: [ENOMEM, EOPNOTSUPP, ENOENT])
    func refusedLater(_ number: Int32) throws {
        let desired = isolated
        try NamespaceThread.run(in: lab.host) { [self] in
            let kernel = try OlderKernel(without: [])
            do {
                // What an enforcer before this one brought about counts as well.
                var first = try containment(on: kernel)
                #expect(first.restore(desired, clock: clock) == [])
            }
            var containment = try containment(on: kernel)
            try Program.must(["ip", "-n", lab.host, "link", "add", "new0", "type", "veth", "peer", "new1"])
            kernel.refusedChains.withLock { $0 = (number, .max) }
            let said = containment.restore(desired, clock: clock)
            #expect(said.count == 1 && said[0].contains("is tried again"), "\(said)")
            #expect(try chains() == 2, "those from before")
            #expect(containment.preflight().isWithoutEgress == false)
            isFailing.value.withLock { $0 = true }
            containment.nextTry = .now
            _ = containment.repair(desired, clock: clock, thorough: true)
            #expect(try chains() == 2)
            isFailing.value.withLock { $0 = false }
            kernel.refusedChains.withLock { $0.times = 0 }
            containment.nextTry = .now
            _ = containment.repair(desired, clock: clock, thorough: true)
            #expect(try chains() == 4)
            _ = try containment.release()
        }
    }

    @Test("an interface that goes away while it is closed keeps none of the others open", arguments: [1, 4, 1000])
    func gone(_ times: Int) throws {
        try NamespaceThread.run(in: lab.host) { [self] in
            var containment = try containment(on: OlderKernel(without: [.absentInterfaces]))
            let (list, asked) = (containment.listInterfaces, Count())
            containment.listInterfaces = { () throws(NetlinkError) in
                let now = asked.value.withLock { count in
                    count += 1
                    return count
                }
                return try list() + (now <= times ? ["gone\(now)"] : [])
            }
            let proof = try containment.isolate(.networkAndRaw)
            #expect(proof.applied.contains("egress of up0, up1"), "\(proof.applied)")
            #expect(try chains() == 2)
            _ = try containment.release()
        }
    }

    @Test("a host with hundreds of interfaces has all of them closed; of thousands it is told how many, hardware first")
    func many() throws {
        let desired = isolated
        let links = (0..<300).map { "link add a\($0) type veth peer b\($0)" }.joined(separator: "\n")
        try lab.scratch.file("links", links)
        try Program.must(["ip", "-n", lab.host, "-batch", lab.scratch.path + "/links"])
        try NamespaceThread.run(in: lab.host) { [self] in
            var containment = try containment()
            let proof = try containment.isolate(.networkAndRaw)
            let isWhole = proof.probes.allSatisfy(\.passed)
            #expect(isWhole, "\(proof.probes)")
            #expect(try chains() == 602)
            #expect(containment.repair(desired, clock: clock, thorough: true) == [])
            containment.listInterfaces = { () throws(NetlinkError) in (0..<5000).map { "none\($0)" } }
            let (rules, fault) = containment.rules(.networkAndRaw)
            #expect(rules.interfaces.count == IsolationRules.mostInterfaces && fault?.contains("5000") == true)
            _ = try containment.release()
        }
    }
}
