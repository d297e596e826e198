import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// Every way out of an isolated host that we know of, tried with real packets, and again after everything that is done to
/// get the isolation away. What each way sends is seen beyond the host before the isolation and after it: a way that does
/// not work at all would prove nothing.
@Suite("Ways out of an isolation", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct LeakMatrixTests {
    private let ground: LeakGround
    private var lab: Lab { ground.lab }
    private var side: String { ground.side }

    init() throws { ground = try LeakGround() }

    @Test("none of them passes, but those that the README names", .timeLimit(.minutes(3)))
    func matrix() throws {
        let disk = try SmallDisk(at: "state", of: lab.scratch)
        var enforcer = try EnforcerProcess(Enrolled(lab.scratch), in: lab.host)
        var rounds: [(title: String, seen: Set<String>)] = []
        func round(_ title: String) throws { rounds.append((title, try ground.round(title))) }

        try round("before")
        let order = enforcer.fleet.order(.isolate(Isolation(duration: .seconds(3600))))
        try #require(try enforcer.execute(order).outcome == .succeeded)
        try round("isolated")
        try disk.fill()
        try refuseAll(enforcer)
        try round("disk full")
        // It stays full until the end.
        try lab.nft("flush", "ruleset")
        try lab.nft("delete", "table", "inet", "cordon_isolation")
        try lab.nft("insert", "rule", "inet", "cordon_isolation", "output", "accept")
        for hook in ["output", "forward", "input"] {
            try Program.must(["ip", "netns", "exec", lab.host, "nft", Self.accepting(hook)])
        }
        try awaitPutBack(enforcer)
        try round("rules flushed, others put above")
        try late()
        try awaitClosed("late0")
        try round("new interface and namespace")
        enforcer.kill()
        try round("enforcer killed")
        enforcer = try EnforcerProcess(enforcer.fleet, in: lab.host)
        try round("enforcer started again")
        #expect(try enforcer.execute(.release).outcome == .succeeded)
        try ground.leadPortToContainer()
        try round("released")

        print(Self.table(rounds))
        let early = Set(LeakGround.host + LeakGround.container + LeakGround.macvlan)
        #expect(rounds.first?.seen == early, "missing before: \(early.subtracting(rounds.first?.seen ?? []))")
        for (title, seen) in rounds.dropFirst().dropLast() {
            let difference = seen.symmetricDifference(LeakGround.documented).sorted()
            #expect(difference == [], "\(title)")
        }
        let last = try #require(rounds.last?.seen)
        #expect(last == Set(LeakGround.all), "missing afterwards: \(Set(LeakGround.all).subtracting(last))")
    }

    // MARK: - What is done to it

    /// Orders that cannot be written down are refused, say so, and change nothing.
    private func refuseAll(_ enforcer: EnforcerProcess) throws {
        let hour = Duration.seconds(3600)
        let network = try #require(Network("203.0.113.9"))
        let list = try #require(AddressList([network]))
        let sleeper = try lab.start(lab.host, "sleep")
        let status = try #require(RunningProcess(pid: sleeper.pid))
        let process = ProcessTarget(
            pid: sleeper.pid, startTime: status.startTime, executable: nil, scope: .process)
        let actions: [Action] = [
            .blockAddress(AddressBlock(network: network, duration: hour)),
            .blockAddress(
                AddressBlock(network: network, duration: hour, ports: try #require(PortRange.list("tcp/22")))),
            .blockAddresses(AddressListBlock(name: "feed", list: list, duration: hour)),
            .cutUserNetwork(UserNetworkCut(user: 4321, duration: hour)),
            .sinkholeDomain(DomainSinkhole(domain: try #require(DomainName("evil.example")), duration: hour)),
            .freezeProcess(ProcessFreezing(target: process, duration: hour)), .killProcess(process),
            .isolate(Isolation(duration: hour * 4)),
        ]
        // What is free in the journal's last block takes a few orders still.
        let other = Action.blockAddress(AddressBlock(network: try #require(Network("203.0.113.7")), duration: hour))
        for _ in 0..<100 where try enforcer.execute(other).outcome == .succeeded {}
        let before = try (rules: lab.nft("-s", "list", "ruleset").output, state: enforcer.status().containment.model())
        for action in actions {
            let result = try enforcer.execute(action)
            // The list itself goes to disk before the order does.
            let (code, words) =
                action.kind == .blockAddresses
                ? ("list.not_kept", "No space left on device") : ("journal.full", "releases still work")
            #expect(result.outcome == .failed(code: code), "\(action.kind): \(result.outcome)")
            #expect(result.message.contains(words), "\(result.message)")
        }
        let after = try (rules: lab.nft("-s", "list", "ruleset").output, state: enforcer.status().containment.model())
        #expect(after.rules == before.rules && after.state.effects.isEmpty)
        let end = try #require(before.state.isolatedUntil)
        #expect(try #require(after.state.isolatedUntil) < end + hour, "not prolonged")
        #expect(RunningProcess(pid: sleeper.pid)?.state == "S")
    }

    /// What somebody adds to get past: a table of their own, before and after ours.
    private static func accepting(_ hook: String) -> String {
        """
        add table inet test_above; add chain inet test_above \(hook)_first { type filter hook \(hook) priority -500; \
        policy accept; }; add rule inet test_above \(hook)_first accept; \
        add chain inet test_above \(hook)_last { type filter hook \(hook) priority 500; policy accept; }; \
        add rule inet test_above \(hook)_last accept
        """
    }

    /// A second way to the peer, and a second container, of which the isolation knew nothing.
    private func late() throws {
        try Program.must(["ip", "netns", "add", side + "l"])
        for line in [
            "-n \(lab.host) link add late0 type veth peer name late1 netns \(lab.peer)",
            "-n \(lab.host) addr add 10.88.0.1/24 dev late0", "-n \(lab.host) link set late0 up",
            "-n \(lab.peer) addr add 10.88.0.2/24 dev late1", "-n \(lab.peer) link set late1 up",
            "-n \(lab.host) link add late2 type veth peer name late3 netns \(side)l",
            "-n \(lab.host) addr add 10.78.0.1/24 dev late2", "-n \(lab.host) link set late2 up",
            "-n \(side)l addr add 10.78.0.2/24 dev late3", "-n \(side)l link set late3 up",
            "-n \(side)l route add default via 10.78.0.1", "-n \(lab.peer) route add 10.78.0.0/24 via 10.66.0.1",
        ] {
            try Program.must(["ip"] + line.split(separator: " ").map(String.init))
        }
        try ground.add(lab.host, LeakGround.late)
        try ground.add(side + "l", LeakGround.lateSpace)
    }

    private func awaitPutBack(_ enforcer: EnforcerProcess) throws {
        let isBack = enforcer.becomes {
            (try? lab.probe(lab.host, "tcp", "10.66.0.3", "4444")) == "ConnectionRefusedError"
        }
        try #require(isBack)
    }

    /// The egress chain of an interface is there.
    private func awaitClosed(_ interface: String) throws {
        for _ in 0..<250 {
            if try lab.nft("list", "ruleset").output.contains("\"\(interface)\"") { return }
            usleep(20_000)
        }
        throw Program.Failure(what: "\(interface) was not closed")
    }

    private static func table(_ rounds: [(title: String, seen: Set<String>)]) -> String {
        let width = LeakGround.all.map(\.count).max() ?? 0
        let head = rounds.enumerated().map { "\($0.offset + 1): \($0.element.title)" }.joined(separator: ", ")
        let lines = LeakGround.all.map { way in
            way + String(repeating: " ", count: width + 2 - way.count)
                + rounds.map { $0.seen.contains(way) ? "out" : " . " }.joined(separator: "  ")
        }
        return ([head] + lines).joined(separator: "\n")
    }
}
