import AgentEnforce
import CordonModel
import CordonOrders
import Glibc
import Testing

/// Every way out of an isolated host that we know of, tried with real packets, and again after everything that is done to
/// get the isolation away. What each way sends is seen beyond the host before the isolation and after it: a way that does
/// not work at all would prove nothing.
@Suite("Ways out of an isolation", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct LeakMatrixTests {
    private static let host = [
        "tcp4", "tcp6", "udp4", "udp6", "dns-udp4", "dns-udp6", "dns-tcp", "ping4", "ping6", "established-tcp4",
        "established-tcp6", "established-udp4", "established-udp6", "raw-ip", "raw-gre", "raw-sctp", "raw-esp6",
        "packet-ipv4", "packet-ipv6", "packet-other", "packet-vlan", "packet-bypass", "packet-arp", "packet-eapol",
        "ipv6-destination-options", "ipv6-hop-by-hop", "fragments4", "fragments6", "multicast4", "multicast6",
        "broadcast", "dhcp-unicast", "dhcp-broadcast", "neighbour-discovery", "agent-elsewhere", "agent-other-port",
        "agent-udp", "agent-controller", "root-controller-port", "tunnel-vxlan", "inbound",
    ]
    private static let container = [
        "forwarded-tcp4", "forwarded-tcp6", "forwarded-udp4", "forwarded-ping4", "forwarded-established-tcp4",
        "forwarded-established-udp4", "inbound-nat",
    ]
    private static let macvlan = ["macvlan-udp4", "macvlan-packet"]
    private static let late = ["late-interface"]
    private static let lateSpace = ["late-namespace"]
    private static let all = host + container + macvlan + late + lateSpace

    /// The agent's own way, and what the README says passes: what keeps the link alive, on that link only.
    private static let documented: Set<String> = [
        "agent-controller", "dhcp-broadcast", "neighbour-discovery", "packet-arp", "packet-eapol",
    ]

    private let lab: Lab
    private let side: String

    init() throws {
        lab = try Lab()
        side = lab.name + "-m"
        try lab.scratch.file("leaks.py", LeakScript.text)
    }

    @Test("none of them passes, but those that the README names", .timeLimit(.minutes(3)))
    func matrix() throws {
        defer { for space in [side, side + "l"] { _ = try? Program.run(["ip", "netns", "del", space]) } }
        let serving = try lab.start(lab.peer, "serve", "7443", "4444", "53")
        try prepare()
        var enforcer = try EnforcerProcess(Enrolled(lab.scratch), in: lab.host)
        let watch = try leaks(lab.peer, "watch")
        var senders = [
            try leaks(lab.host, "send", Self.host), try leaks(lab.container, "send", Self.container),
            try leaks(side, "send", Self.macvlan),
        ]
        var rounds: [(title: String, seen: Set<String>)] = []
        func round(_ title: String) throws {
            _ = try said(by: watch)
            for sender in senders { sender.write("go\n") }
            for sender in senders { try #require(sender.line(within: 60_000) == "done", "\(title)") }
            rounds.append((title, try said(by: watch)))
        }

        try round("before")
        let order = enforcer.fleet.order(.isolate(Isolation(duration: .seconds(3600))))
        try #require(try enforcer.execute(order).outcome == .succeeded)
        try round("isolated")
        try lab.nft("flush", "ruleset")
        try lab.nft("delete", "table", "inet", "cordon_isolation")
        try lab.nft("insert", "rule", "inet", "cordon_isolation", "output", "accept")
        for hook in ["output", "forward", "input"] {
            try Program.must(["ip", "netns", "exec", lab.host, "nft", Self.accepting(hook)])
        }
        try awaitPutBack(enforcer)
        try round("rules flushed, others put above")
        senders += try late()
        try awaitClosed("late0")
        try round("new interface and namespace")
        enforcer.kill()
        try round("enforcer killed")
        enforcer = try EnforcerProcess(enforcer.fleet, in: lab.host)
        try round("enforcer started again")
        #expect(try enforcer.execute(.release).outcome == .succeeded)
        try leadPortToContainer()
        try round("released")

        print(Self.table(rounds))
        let early = Set(Self.host + Self.container + Self.macvlan)
        #expect(rounds.first?.seen == early, "missing before: \(early.subtracting(rounds.first?.seen ?? []))")
        for (title, seen) in rounds.dropFirst().dropLast() {
            #expect(seen == Self.documented, "\(title): \(seen.symmetricDifference(Self.documented).sorted())")
        }
        let last = try #require(rounds.last?.seen)
        #expect(last == Set(Self.all), "missing afterwards: \(Set(Self.all).subtracting(last))")
        withExtendedLifetime(serving) {}
    }

    // MARK: - The ground

    /// A namespace with a macvlan of the host's interface, a tunnel, and a port that leads to the container.
    private func prepare() throws {
        try Program.must(["ip", "netns", "add", side])
        for line in [
            "-n \(lab.host) link add mv0 link up0 netns \(side) type macvlan mode bridge",
            "-n \(side) addr add 10.66.0.9/24 dev mv0", "-n \(side) link set mv0 up",
            "-n \(lab.host) link add vx0 type vxlan id 7 remote 10.66.0.3 dstport 4789 dev up0",
            "-n \(lab.host) addr add 10.99.0.1/24 dev vx0", "-n \(lab.host) link set vx0 up",
            "-n \(lab.host) neigh add 10.99.0.2 lladdr 02:00:00:00:00:02 dev vx0",
        ] {
            try Program.must(["ip"] + line.split(separator: " ").map(String.init))
        }
        try leadPortToContainer()
    }

    private func leadPortToContainer() throws {
        let port = 30_000 + (Self.all.firstIndex(of: "inbound-nat") ?? 0)
        for rule in [
            "add table ip test_nat", "add chain ip test_nat pre { type nat hook prerouting priority -100; }",
            "add rule ip test_nat pre tcp dport \(port) dnat to 10.77.0.2:\(port)",
        ] {
            try Program.must(["ip", "netns", "exec", lab.host, "nft", rule])
        }
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
    private func late() throws -> [Program] {
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
        return [try leaks(lab.host, "send", Self.late), try leaks(side + "l", "send", Self.lateSpace)]
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

    // MARK: - Senders and the watch

    private func leaks(_ space: String, _ verb: String, _ own: [String] = []) throws -> Program {
        let program = try Program(
            [
                "ip", "netns", "exec", space, "python3", "-u", "-W", "ignore", lab.scratch.path + "/leaks.py", verb,
                Self.all.joined(separator: ","), own.joined(separator: ","),
            ], environment: ["PEER=\(lab.peer)"], errorsTo: lab.scratch.path + "/leaks.log")
        guard program.line() == "ready" else { throw Program.Failure(what: "leaks.py \(verb) did not start") }
        return program
    }

    /// The ways that were seen since this was asked last.
    private func said(by watch: Program) throws -> Set<String> {
        watch.write("?\n")
        let line = try #require(watch.line())
        return line == "-" ? [] : Set(line.split(separator: ",").map(String.init))
    }

    private static func table(_ rounds: [(title: String, seen: Set<String>)]) -> String {
        let width = all.map(\.count).max() ?? 0
        let head = rounds.enumerated().map { "\($0.offset + 1): \($0.element.title)" }.joined(separator: ", ")
        let lines = all.map { way in
            way + String(repeating: " ", count: width + 2 - way.count)
                + rounds.map { $0.seen.contains(way) ? "out" : " . " }.joined(separator: "  ")
        }
        return ([head] + lines).joined(separator: "\n")
    }
}
