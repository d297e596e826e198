import Glibc
import Synchronization
import Testing

/// A host with a container and a macvlan behind it, who sends by every way out of it, and who watches beyond it.
final class LeakGround: Sendable {
    static let host = [
        "tcp4", "tcp6", "udp4", "udp6", "dns-udp4", "dns-udp6", "dns-tcp", "ping4", "ping6", "established-tcp4",
        "established-tcp6", "established-udp4", "established-udp6", "raw-ip", "raw-gre", "raw-sctp", "raw-esp6",
        "packet-ipv4", "packet-ipv6", "packet-other", "packet-vlan", "packet-bypass", "packet-arp", "packet-eapol",
        "ipv6-destination-options", "ipv6-hop-by-hop", "fragments4", "fragments6", "multicast4", "multicast6",
        "broadcast", "dhcp-unicast", "dhcp-broadcast", "neighbour-discovery", "agent-elsewhere", "agent-other-port",
        "agent-udp", "agent-controller", "root-controller-port", "tunnel-vxlan", "inbound",
    ]
    static let container = [
        "forwarded-tcp4", "forwarded-tcp6", "forwarded-udp4", "forwarded-ping4", "forwarded-established-tcp4",
        "forwarded-established-udp4", "inbound-nat",
    ]
    static let macvlan = ["macvlan-udp4", "macvlan-packet"]
    static let late = ["late-interface"]
    static let lateSpace = ["late-namespace"]
    static let all = host + container + macvlan + late + lateSpace

    /// The agent's own way, and what the README says passes: what keeps the link alive, on that link only.
    static let documented: Set<String> = [
        "agent-controller", "dhcp-broadcast", "neighbour-discovery", "packet-arp", "packet-eapol",
    ]

    let lab: Lab
    /// The namespace of the macvlan.
    let side: String
    private let serving: Program
    private let watch: Program
    private let senders = Mutex<[Program]>([])

    init() throws {
        lab = try Lab()
        side = lab.name + "-m"
        try lab.scratch.file("leaks.py", LeakScript.text)
        serving = try lab.start(lab.peer, "serve", "7443", "4444", "53")
        watch = try Self.leaks(lab, lab.peer, "watch")
        try prepare()
        try add(lab.host, Self.host)
        try add(lab.container, Self.container)
        try add(side, Self.macvlan)
    }

    deinit { for space in [side, side + "l"] { _ = try? Program.run(["ip", "netns", "del", space]) } }

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

    func leadPortToContainer() throws {
        let port = 30_000 + (Self.all.firstIndex(of: "inbound-nat") ?? 0)
        for rule in [
            "add table ip test_nat", "add chain ip test_nat pre { type nat hook prerouting priority -100; }",
            "add rule ip test_nat pre tcp dport \(port) dnat to 10.77.0.2:\(port)",
        ] {
            try Program.must(["ip", "netns", "exec", lab.host, "nft", rule])
        }
    }

    // MARK: - Senders and the watch

    /// Starts one who sends by these ways from a namespace.
    func add(_ space: String, _ own: [String]) throws {
        let sender = try Self.leaks(lab, space, "send", own)
        senders.withLock { $0.append(sender) }
    }

    /// Tries each way once; those that were seen beyond the host.
    func round(_ title: String) throws -> Set<String> {
        _ = try said()
        let senders = senders.withLock { $0 }
        for sender in senders { sender.write("go\n") }
        for sender in senders { try #require(sender.line(within: 60_000) == "done", "\(title)") }
        return try said()
    }

    private static func leaks(_ lab: Lab, _ space: String, _ verb: String, _ own: [String] = []) throws -> Program {
        let program = try Program(
            [
                "ip", "netns", "exec", space, "python3", "-u", "-W", "ignore", lab.scratch.path + "/leaks.py", verb,
                all.joined(separator: ","), own.joined(separator: ","),
            ], environment: ["PEER=\(lab.peer)"], errorsTo: lab.scratch.path + "/leaks.log")
        guard program.line() == "ready" else { throw Program.Failure(what: "leaks.py \(verb) did not start") }
        return program
    }

    /// The ways that were seen since this was asked last.
    private func said() throws -> Set<String> {
        watch.write("?\n")
        let line = try #require(watch.line())
        return line == "-" ? [] : Set(line.split(separator: ",").map(String.init))
    }
}
