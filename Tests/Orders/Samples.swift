import CordonModel
import CordonOrders
import CordonWire
import FoundationEssentials
import Testing

/// One of each action, and orders that are made wrong.
enum Samples {
    static let now = Timestamp(microseconds: 1_795_223_340_123_456)
    static let id = UUIDv7(high: 0x018F_2C5E_7A3B_7C4D, low: 0x8E5F_0123_4567_89AB)
    static let network = Network(IPAddress.v4(0xC000_0201))

    static let order = Order(
        id: OrderID(id), fleet: "acme.example", agent: AgentID(id), action: .release, issuedAt: now,
        expiresAt: now + .seconds(60), caseID: CaseID(id), requestedBy: "ana", reason: "because")

    static let fingerprint = "SHA256:" + String(repeating: "a/+Z9b", count: 7) + "w"

    static let actions: [Action] =
        [
            .isolate(Isolation(duration: .seconds(3600))), .release,
            .blockAddress(AddressBlock(network: network, duration: .seconds(1))), .unblockAddress(network),
            .blockAddress(
                AddressBlock(
                    network: network, duration: .seconds(1), ports: PortRange.list("udp/53,tcp/22-80") ?? [],
                    direction: .inward)),
            .endBlock(OrderID(id)), .unblockAddresses(OrderID(id)),
            .restoreUserNetwork(OrderID(id)), .unsinkholeDomain(OrderID(id)),
            .cutUserNetwork(UserNetworkCut(user: 4_294_967_294, duration: .seconds(1))),
            .isolate(Isolation(duration: .seconds(1), level: .network)),
            .freezeProcess(ProcessFreezing(target: process(.cgroup), duration: .seconds(60))),
            .killProcess(ProcessTarget(pid: 2, startTime: 0, executable: nil, scope: .tree)), .thawProcess(OrderID(id)),
            .blockExecutable(ExecutableBlock(.path("/tmp/x"), duration: .seconds(60))), .unblockExecutable(OrderID(id)),
            .blockExecutable(ExecutableBlock(.digest(String(repeating: "0f", count: 32)), duration: .seconds(1))),
            .quarantineFile(FileTarget(path: "/tmp/x")),
            .restoreFile(OrderID(id)), .lockAccount(AccountLocking(user: "ana", duration: .seconds(60))),
            .unlockAccount(OrderID(id)), .stopService(ServiceStop(unit: "miner@a.timer", duration: .seconds(60))),
            .restoreService(OrderID(id)),
            .yaraScan(YaraScan(rules: "rule a { condition: true }\n", place: .tree("/tmp"))),
            .yaraScan(YaraScan(rules: "rule a { condition: true }", place: .memory(process(.process)), mostFiles: 1)),
            .triage(Triage()), .liveTable(LiveTable(name: .openFiles)),
            .liveTable(
                LiveTable(name: .sockets, condition: LiveTable.Condition(field: "local_port", value: "22"), mostRows: 1)
            ),
            .collectProcessMemory(MemoryCollection(target: process(.process))),
            .collectFile(
                FileCollection(path: "/tmp/z", digest: String(repeating: "0f", count: 32), mostBytes: 1 << 30)),
            .removeSSHKey(KeyRemoval(user: "ana", fingerprint: fingerprint)), .restoreSSHKey(OrderID(id)),
            .disableCronEntry(CronEntry(path: "/etc/cron.d/x", line: "* * * * *\troot /tmp/x \u{e9}")),
            .disableCronEntry(CronEntry(path: "/etc/cron.daily/x", line: nil)), .enableCronEntry(OrderID(id)),
            .deleteFile(
                FileTarget(path: "/tmp/y", digest: String(repeating: "0f", count: 32), evenIfLinked: true)),
        ] + ProcessTarget.Scope.allCases.map { .killProcess(process($0)) } + lists + domains

    static let lists: [Action] = ["203.0.113.7", "198.51.100.0/24, 2001:db8::/48\n# nothing\n::/0;", "0.0.0.0/0"]
        .compactMap { AddressList($0) }.map {
            .blockAddresses(AddressListBlock(name: "feed_1-x", list: $0, duration: .seconds(60)))
        }

    static let domains: [Action] = ["evil.example", "a-b_c.evil.example", "XN--E1AFMKFD.EXAMPLE.", "_x._tcp.e-x"]
        .compactMap {
            DomainName($0)
        }
        .map { .sinkholeDomain(DomainSinkhole(domain: $0, duration: .seconds(60))) }

    static func process(_ scope: ProcessTarget.Scope) -> ProcessTarget {
        ProcessTarget(pid: 4242, startTime: UInt64(Int64.max), executable: "/tmp/x", scope: scope)
    }

    /// An order that is made wrong in one way.
    struct Broken: Sendable, CustomTestStringConvertible {
        var reason: String
        var change: @Sendable (inout Cordon_V1_Order) -> Void
        var testDescription: String { reason }

        init(reason: String, _ change: @escaping @Sendable (inout Cordon_V1_Order) -> Void) {
            self.reason = reason
            self.change = change
        }

        /// Of a good action one parameter is another; `nil` leaves it out.
        init(_ action: Action, _ parameter: String, _ value: FieldValue?) {
            self.init(reason: parameter) { order in
                order.action.kind = action.kind.rawValue
                order.action.parameters = action.parameters.mapValues { Cordon_V1_Value($0) }
                order.action.parameters[parameter] = value.map { Cordon_V1_Value($0) }
            }
        }
    }

    static let brokenOrders: [Broken] = [
        Broken(reason: "order_id") { $0.orderID = Data() },
        Broken(reason: "order_id") { $0.orderID = Data(repeating: 0, count: 17) },
        Broken(reason: "agent_id") { $0.agentID = Data(repeating: 0, count: 15) },
        Broken(reason: "case_id") { $0.caseID = Data(repeating: 0, count: 3) },
        Broken(reason: "fleet") { $0.fleet = "" },
        Broken(reason: "fleet") { $0.fleet = String(repeating: "f", count: 254) },
        Broken(reason: "too long") { $0.reason = String(repeating: "r", count: 4097) },
        Broken(reason: "too long") { $0.requestedBy = String(repeating: "r", count: 4097) },
        Broken(reason: "no action") { $0.clearAction() },
        Broken(reason: "no action") { $0.action.kind = "isolate; reboot" },
        Broken(reason: "unknown kind") { $0.action.parameters["network"] = Cordon_V1_Value() },
        Broken(isolate, "duration_s", .number(0)), Broken(isolate, "duration_s", .number(-5)),
        Broken(isolate, "duration_s", .number(.max)), Broken(isolate, "duration_s", .text("60")),
        Broken(isolate, "duration_s", nil), Broken(isolate, "network", .text("10.0.0.0/8")),
        Broken(unblock, "network", .text("10.0.0.1/8")), Broken(unblock, "network", .text("10.0.0.0/8; flush ruleset")),
        Broken(unblock, "network", .texts(["10.0.0.0/8"])), Broken(unblock, "network", nil),
        Broken(unblock, "order", .text("\(id)")), Broken(.endBlock(OrderID(id)), "order", nil),
        Broken(block, "ports", .text("")), Broken(block, "ports", .text("22")),
        Broken(block, "ports", .text("tcp/80-22")),
        Broken(block, "ports", .text("tcp/65536")), Broken(block, "ports", .text("tcp/022")),
        Broken(block, "ports", .text("sctp/22")), Broken(block, "ports", .text("tcp/22,")),
        Broken(block, "ports", .text(String(repeating: "tcp/1,", count: 32) + "tcp/1")),
        Broken(block, "ports", .number(22)), Broken(block, "direction", .text("inward")),
        Broken(lists[0], "list", .text("Feed")), Broken(lists[0], "list", .text("")),
        Broken(lists[0], "list", .text(String(repeating: "x", count: 33))), Broken(lists[0], "networks", .text("")),
        Broken(lists[0], "networks", .text("# none")), Broken(lists[0], "networks", .text("203.0.113.7 evil")),
        Broken(lists[0], "networks", .text("n1:")), Broken(lists[0], "networks", .text("n1:AAAA")),
        Broken(isolate, "level", .text("raw")), Broken(isolate, "level", .number(1)),
        Broken(.cutUserNetwork(UserNetworkCut(user: 1, duration: .seconds(1))), "uid", .number(4_294_967_295)),
        Broken(.cutUserNetwork(UserNetworkCut(user: 1, duration: .seconds(1))), "uid", .text("ana")),
        Broken(domains[0], "domain", .text("example")), Broken(domains[0], "domain", .text("192.0.2.1")),
        Broken(domains[0], "domain", .text("-bad-.example")), Broken(domains[0], "domain", .text("bad-.example")),
        Broken(domains[0], "domain", .text("bad.-example")), Broken(domains[0], "domain", .text("bad.example-")),
        Broken(domains[0], "domain", .text("evil..example")), Broken(domains[0], "domain", .text("*.example")),
        Broken(domains[0], "domain", .text("ev il.example")), Broken(domains[0], "domain", .text("évil.example")),
        Broken(domains[0], "domain", .text(String(repeating: "x", count: 55) + ".example")),
        Broken(kill, "pid", .number(1)), Broken(kill, "pid", .number(-1)), Broken(kill, "pid", .number(.max)),
        Broken(kill, "start_time", .number(-1)), Broken(kill, "executable", .text("")),
        Broken(kill, "executable", .text("bin/a")), Broken(kill, "executable", .text("/bin/a\u{0}b")),
        Broken(kill, "executable", .text("/" + String(repeating: "x", count: 4096))),
        Broken(program, "path", nil), Broken(program, "path", .text("tmp/x")), Broken(program, "duration_s", nil),
        Broken(program, "sha256", .text(String(repeating: "0f", count: 32))), Broken(program, "sha256", .text("0F")),
        Broken(key, "fingerprint", .text("SHA256:" + String(repeating: "a", count: 43))),
        Broken(key, "fingerprint", .text("SHA256:" + String(repeating: "a", count: 41) + "-A")),
        Broken(key, "fingerprint", .text("MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48")),
        Broken(key, "user", .text("../ana")), Broken(stop, "unit", .text("miner")),
        Broken(stop, "unit", .text("../miner.service")),
        Broken(stop, "unit", .text("-n.service")), Broken(stop, "unit", .text("a b.service")),
        Broken(stop, "unit", .text(".service")), Broken(stop, "unit", .text("miner@.service")),
        Broken(stop, "unit", .text("@a.service")), Broken(stop, "unit", .text("..service")),
        Broken(stop, "unit", .text("a\n.service")), Broken(stop, "unit", .text("home.mount")),
        Broken(stop, "unit", .text(String(repeating: "x", count: 248) + ".service")),
        Broken(cron, "path", nil), Broken(cron, "path", .text("etc/x")), Broken(cron, "entry", .text("")),
        Broken(cron, "entry", .text("* * * * * root x\n* * * * * root y")), Broken(cron, "entry", .text("\u{1B}[2J")),
        Broken(cron, "entry", .text(String(repeating: "*", count: 2049))), Broken(cron, "entry", .number(1)),
        Broken(collect, "most_bytes", .number(0)), Broken(collect, "most_bytes", .number((1 << 30) + 1)),
        Broken(collect, "path", .text("etc/x")), Broken(collect, "sha256", .text("0F")),
        Broken(kill, "scope", .text("world")), Broken(kill, "scope", .flag(true)),
    ]

    private static let isolate = Action.isolate(Isolation(duration: .seconds(1)))
    private static let key = Action.removeSSHKey(KeyRemoval(user: "ana", fingerprint: fingerprint))
    private static let cron = Action.disableCronEntry(CronEntry(path: "/etc/cron.d/x", line: "* * * * * root x"))
    private static let program = Action.blockExecutable(ExecutableBlock(.path("/tmp/x"), duration: .seconds(1)))
    private static let stop = Action.stopService(ServiceStop(unit: "a.service", duration: .seconds(1)))
    private static let unblock = Action.unblockAddress(network)
    private static let block = Action.blockAddress(AddressBlock(network: network, duration: .seconds(1)))
    private static let collect = Action.collectFile(FileCollection(path: "/tmp/z"))
    private static let kill = Action.killProcess(process(.process))
}
