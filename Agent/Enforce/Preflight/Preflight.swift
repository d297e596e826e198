internal import CordonModel

/// What isolating this host would do to it, found out before anybody needs to know.
struct Preflight {
    /// What is mounted.
    var mounts = MountTable.live
    /// Sessions of iSCSI, by name.
    var remoteDisks = TextFile.names(in: "/sys/class/iscsi_session")
    /// The kernel's release, as uname says.
    var kernel = TextFile.line("/proc/sys/kernel/osrelease") ?? ""
    /// Whether nobody else can change our tables.
    var ownsTables: Bool
    /// Whether the kernel refused to drop packets as they leave an interface.
    var isWithoutEgress: Bool
    /// Tunnels that controllers are reached through.
    var tunnels: [Tunnel] = []
    /// How many there are but loopback.
    var interfaces = 0
    /// What could not be looked at, as a sentence.
    var unseen: String?

    struct Tunnel: Hashable {
        var controller: String
        var interface: String
        var kind: String
    }

    /// Reasons that are told.
    private static let limit = 16

    /// Why this host must not be isolated. `nil`: it may be.
    var obstacle: String? { mounts.obstacle }

    /// What would not be as it should, in sentences.
    private var shortcomings: [String] {
        var said: [String] = []
        if !ownsTables {
            said.append(
                "Kernel \(kernel) has no owned tables (6.9 has): rules that somebody flushes are away for up to a second."
            )
        }
        if isWithoutEgress || !hasEgressHook {
            said.append("Kernel \(kernel) has no egress hook (5.16 has): raw sockets are not stopped.")
        }
        if interfaces > IsolationRules.mostInterfaces {
            said.append(
                "Of \(interfaces) interfaces, \(IsolationRules.mostInterfaces) are closed to raw sockets, those of hardware first."
            )
        }
        for tunnel in tunnels {
            said.append(
                """
                The controller at \(tunnel.controller) is reached through \(tunnel.interface) (\(tunnel.kind)): what \
                carries the tunnel is cut, and the host is not heard from until the isolation ends by itself.
                """)
        }
        if let unseen { said.append(unseen) }
        if mounts.mounts.isEmpty {
            said.append("What is mounted could not be read: whether it comes over the network is unknown.")
        }
        if !remoteDisks.isEmpty { said.append("Disks are used over the network (iSCSI): what uses them would wait.") }
        for mount in mounts.mounts where mount.isRemote && !MountTable.vital.contains(mount.place) {
            said.append("\(mount.place) comes over the network (\(mount.type)): what uses it would wait.")
        }
        return Array(said.prefix(Self.limit))
    }

    private var hasEgressHook: Bool {
        let numbers = kernel.split(separator: ".").prefix(2).map { $0.prefix { $0.isNumber } }.compactMap { Int($0) }
        return numbers.count < 2 || (numbers[0], numbers[1]) >= (5, 16)
    }

    /// What to tell. `refusal` is why local policy refuses an isolation, if it does.
    func report(refusal: String?) -> IsolationPreflight {
        if let reason = refusal { return IsolationPreflight(verdict: .refused, reasons: [reason]) }
        let said = shortcomings
        return IsolationPreflight(verdict: said.isEmpty ? .safe : .degraded, reasons: said)
    }
}
