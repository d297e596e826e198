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

    /// As a start makes it.
    private func containment() throws -> Containment {
        let flag = isFailing
        var containment = try Containment(
            firewall: Firewall(), lists: ListFiles(folder: lab.scratch.path + "/lists"), agentUser: Lab.agentUser,
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
}
