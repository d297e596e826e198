import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// Every action that has an undo, and then its undo, by the real enforcer on a host with a real systemd: rules, files,
/// metadata, accounts, units and processes are as they were.
@Suite("Every undo", .enabled(if: obstacle == nil, "\(obstacle ?? "")"), .serialized)
struct UndoTests {
    private let lab: Lab
    private let host: SystemdGround
    private let fleet: Enrolled
    private let process: ProcessTarget
    private static let cronLine = "* * * * * root /tmp/miner"
    private static let key = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    private static let fingerprint = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"

    init() throws {
        lab = try Lab()
        let folder = lab.scratch.path
        host = try SystemdGround(scratch: lab.scratch, space: lab.host)
        fleet = try Enrolled(lab.scratch, settings: #"accounts = "\#(folder)/accounts""#)
        try Program.must(["mkdir", "-p", folder + "/accounts", folder + "/files", folder + "/home/.ssh"])
        try lab.scratch.file(
            "accounts/passwd",
            "root:x:0:0::/root:/bin/sh\nana:x:4321:1000::\(folder)/home:/bin/sh\nben:x:4322:1000::/:/bin/sh\n")
        try lab.scratch.file("accounts/group", "sudo:x:27:ben\nana:x:1000:\n")
        try lab.scratch.file(
            "accounts/shadow", "ana:$y$a:19000:0:99999:7::40000:\nben:$y$b:19000:0:99999:7:::", mode: 0o640)
        try lab.scratch.file("accounts/.pwd.lock", "", mode: 0o600)
        try FilesGround.rich(folder + "/files/evil", locked: false)
        try lab.scratch.file("home/.ssh/authorized_keys", "# a\nssh-ed25519 \(Self.key) ana\n# b", mode: 0o600)
        try Program.must(["chown", "-R", "4321:1000", folder + "/home"])
        try Program.must(["touch", "-d", "2020-02-02", folder + "/home/.ssh/authorized_keys"])
        let table =
            "mkdir -p /etc/cron.d && echo '\(Self.cronLine)' > /etc/cron.d/job && touch -d 2020-02-02 /etc/cron.d/job"
        try Program.must(host.enter + ["sh", "-c", table])
        for unit in ["miner.service", "still.service"] {
            try host.unit(
                unit, "[Service]\nExecStart=/bin/sleep 600\nRestart=always\n[Install]\nWantedBy=cordon-test.target\n")
        }
        try host.systemctl("enable", "miner.service")
        try host.systemctl("daemon-reload")
        try host.systemctl("start", "miner.service", "still.service")
        let pid = try host.state("still.service", "MainPID")
        let status = try Program.must(host.enter + ["cat", "/proc/\(pid)/stat"]).split(separator: " ")
        process = ProcessTarget(
            pid: try #require(Int32(pid)), startTime: try #require(UInt64(status[21])), executable: nil, scope: .process
        )
    }

    /// One of each kind that can be undone.
    private func actions() throws -> [Action] {
        let hour = Duration.seconds(3600)
        let network = try #require(Network("203.0.113.9"))
        let list = try #require(AddressList(["198.51.100.0/24", "2001:db8::7"].compactMap { Network($0) }))
        return [
            .isolate(Isolation(duration: hour)), .blockAddress(AddressBlock(network: network, duration: hour)),
            .blockAddresses(AddressListBlock(name: "feed", list: list, duration: hour)),
            .cutUserNetwork(UserNetworkCut(user: 4321, duration: hour)),
            .sinkholeDomain(DomainSinkhole(domain: try #require(DomainName("evil.example")), duration: hour)),
            .freezeProcess(ProcessFreezing(target: process, duration: hour)),
            .blockExecutable(ExecutableBlock(.path(lab.scratch.path + "/files/evil"), duration: hour)),
            .quarantineFile(FileTarget(path: lab.scratch.path + "/files/evil")),
            .lockAccount(AccountLocking(user: "ana", duration: hour)),
            .stopService(ServiceStop(unit: "miner.service", duration: hour)),
            .removeSSHKey(KeyRemoval(user: "ana", fingerprint: Self.fingerprint)),
            .disableCronEntry(CronEntry(path: "/etc/cron.d/job", line: Self.cronLine)),
        ]
    }

    /// What is compared.
    private func snapshot(_ guardian: GuardProcess) throws -> [String: String] {
        let folder = lab.scratch.path
        let units = ["miner.service", "still.service"]
        return [
            "rules": try Program.must(["ip", "netns", "exec", lab.host, "nft", "-s", "list", "ruleset"]),
            "files": try FilesGround.digest(folder + "/files"), "home": try FilesGround.digest(folder + "/home"),
            "starts": guardian.marks.joined(separator: "\n"),
            // Whoever changes an account writes the file anew, at that time.
            "accounts": try Program.must([
                "sh", "-c",
                "cd \(folder)/accounts && find . -printf '%p %y %m %U %G %s\\n' | sort && sha256sum * | sort",
            ]),
            "cron": try Program.must(
                host.enter + ["sh", "-c", "cd /etc/cron.d && find job -printf '%p %y %m %U %G %s %T@\\n' && cat job"]),
            "links": try Program.must(
                host.enter + ["sh", "-c", "find /etc/systemd -mindepth 1 -printf '%p %y %l %m %U %G %s %T@\\n' | sort"]),
            "units": try units.map { unit in
                try ["ActiveState", "LoadState", "UnitFileState"].map { try host.state(unit, $0) }.joined(
                    separator: " ")
            }.joined(separator: ", "),
            "process": try Program.must(host.enter + ["cat", "/proc/\(process.pid)/stat"])
                .split(separator: " ").dropFirst(2).first.map(String.init) ?? "",
        ]
    }

    @Test("an action changes the host, and its undo, by naming the order, leaves it as it was")
    func undo() throws {
        let actions = try actions()
        #expect(
            Set(actions.map(\.kind)) == Set(ActionKind.allCases.filter { $0.undo != nil }),
            "an action that can be undone is missing from this test")
        // Of no file system: only the file and its folder are guarded.
        let guardian = try GuardProcess(fleet, mounts: lab.scratch.file("mounts", ""))
        defer { guardian.kill() }
        let enforcer = try EnforcerProcess(fleet, entering: host.enter, isChild: true)
        // The tables of blocks stay when they are empty.
        let other = try #require(Network("203.0.113.200"))
        _ = try enforcer.execute(.blockAddress(AddressBlock(network: other, duration: .seconds(60))))
        _ = try enforcer.execute(.unblockAddress(other))
        let before = try snapshot(guardian)
        for action in actions {
            let order = fleet.order(action)
            let result = try enforcer.execute(order)
            #expect(result.outcome == .succeeded, "\(action.kind): \(result.message)")
            #expect(try snapshot(guardian) != before, "\(action.kind) changed nothing")
            let undone = try enforcer.execute(try #require(action.undo(of: order.id)))
            #expect(undone.outcome == .succeeded, "\(action.kind): \(undone.message)")
            let after = try snapshot(guardian)
            for (name, text) in before { #expect(after[name] == text, "\(action.kind): \(name)") }
            #expect(try enforcer.status().containment.model().effects == [], "\(action.kind)")
        }
    }
}

/// Why this host cannot be laid out; `nil` when it can.
private let obstacle: String? = {
    if let systemdObstacle { return systemdObstacle }
    if let filesObstacle { return filesObstacle }
    return (try? Program.run(["nft", "--version"]).status) == 0 ? nil : "needs nft"
}()
