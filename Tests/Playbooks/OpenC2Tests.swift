import CordonModel
import CordonOrders
import CordonScan
import Testing

@testable import ControllerPlaybooks

@Suite("OpenC2")
struct OpenC2Tests {
    private static func command(_ path: String) throws -> OpenC2Command {
        try OpenC2Command(JSONValue.parse(try Vectors.bytes(path)))
    }

    @Test(
        "every good command of the public vectors is read, and what agents do not do gets 400 or 501",
        .enabled(if: Vectors.isThere, "the corpora are not beside the checkout"),
        arguments: Vectors.files("openc2") { $0.lowercased().contains("ommands/good/") || $0.contains("Good-command/") }
    )
    func good(path: String) throws {
        let command = try Self.command(path)
        do {
            let action = try command.agentAction()
            #expect(action.duration == nil, "\(path) has no duration, so it asks for nothing that must end")
        } catch {
            #expect([400, 501].contains(error.status) && !error.text.isEmpty)
        }
    }

    @Test(
        "every bad command of the public vectors is refused",
        .enabled(if: Vectors.isThere, "the corpora are not beside the checkout"),
        arguments: Vectors.files("openc2") { $0.lowercased().contains("ommands/bad/") || $0.contains("Bad-command/") })
    func bad(path: String) {
        #expect(throws: (any Error).self) { try Self.command(path) }
    }

    static let actions: [Action] =
        [
            .isolate(Isolation(duration: .seconds(60))), .release,
            .blockAddress(AddressBlock(network: Network("203.0.113.0/24") ?? Network(.v4(0)), duration: .seconds(1))),
            .blockAddress(AddressBlock(network: Network("2001:db8::7") ?? Network(.v4(0)), duration: .seconds(3600))),
            .blockAddress(
                AddressBlock(
                    network: Network(.v4(0xCB00_7107)), duration: .seconds(60),
                    ports: PortRange.list("tcp/22,udp/53") ?? [],
                    direction: .inward)),
            .blockAddress(AddressBlock(network: Network(.v4(1)), duration: .seconds(60), direction: .outward)),
            .unblockAddress(Network("203.0.113.7") ?? Network(.v4(0))), .endBlock(order),
            .unblockAddresses(order), .restoreUserNetwork(order), .unsinkholeDomain(order),
            .cutUserNetwork(UserNetworkCut(user: 1001, duration: .seconds(60))),
            .isolate(Isolation(duration: .seconds(60), level: .network)),
            .isolate(Isolation(duration: .seconds(7200), releaseWhenLost: .seconds(3600))),
        ]
        + [DomainName("evil.example")].compactMap(\.self).map {
            .sinkholeDomain(DomainSinkhole(domain: $0, duration: .seconds(60)))
        }
        + [AddressList("203.0.113.7 2001:db8::/48")].compactMap(\.self).map {
            .blockAddresses(AddressListBlock(name: "feed", list: $0, duration: .seconds(60)))
        } + others

    private static let others: [Action] = [
        .killProcess(process), .killProcess(ProcessTarget(pid: 2, startTime: 1, executable: nil, scope: .process)),
        .freezeProcess(ProcessFreezing(target: process, duration: .seconds(60))),
        .blockExecutable(ExecutableBlock(.path("/tmp/x"), duration: .seconds(60))), .unblockExecutable(order),
        .blockExecutable(ExecutableBlock(.digest(String(repeating: "0a", count: 32)), duration: .seconds(60))),
        .thawProcess(order), .quarantineFile(FileTarget(path: "/tmp/x")),
        .deleteFile(FileTarget(path: "/tmp/x", digest: String(repeating: "0a", count: 32), evenIfLinked: true)),
        .restoreFile(order), .unlockAccount(order),
        .collectFile(FileCollection(path: "/tmp/x", digest: String(repeating: "0a", count: 32), mostBytes: 5)),
        .collectFile(FileCollection(path: "/tmp/x")), .triage(Triage(mostBytes: 2 << 20, patience: .seconds(60))),
        .yaraScan(YaraScan(rules: "rule a {\n condition: true }", place: .tree("/tmp/x"), mostFiles: 9)),
        .yaraScan(
            YaraScan(
                rules: "rule a { condition: true }",
                place: .memory(ProcessTarget(pid: 4242, startTime: 99, executable: "/tmp/x", scope: .process)),
                mostFileBytes: 5, patience: .seconds(9))),
        .liveTable(
            LiveTable(
                name: .recentFiles, condition: LiveTable.Condition(field: "path", value: "/tmp/*"), mostRows: 5,
                patience: .seconds(7))),
        .collectProcessMemory(
            MemoryCollection(
                target: ProcessTarget(pid: 4242, startTime: 99, executable: "/tmp/x", scope: .process),
                mostBytes: 2 << 20, longestStill: .seconds(7))),
        .lockAccount(AccountLocking(user: "ana", duration: .seconds(60), keepsSessions: true)),
        .stopService(ServiceStop(unit: "miner.service", duration: .seconds(60))), .restoreService(order),
        .removeSSHKey(KeyRemoval(user: "ana", fingerprint: "SHA256:" + String(repeating: "a", count: 42) + "A")),
        .restoreSSHKey(order), .enableCronEntry(order),
        .disableCronEntry(CronEntry(path: "/etc/cron.d/x", line: "@daily root /tmp/x")),
        .disableCronEntry(CronEntry(path: "/etc/cron.daily/x", line: nil)),
    ]

    private static let order = OrderID(UUIDv7(high: 0x018F_2C5E_7A3B_7C4D, low: 0x8E5F_0123_4567_89AB))
    private static let process = ProcessTarget(pid: 4242, startTime: 99, executable: "/tmp/x", scope: .tree)

    @Test("every action has its OpenC2 form")
    func all() { #expect(Set(Self.actions.map(\.kind)) == Set(ActionKind.allCases)) }

    @Test("an action written as OpenC2 is read as the same action", arguments: actions)
    func roundTrip(action: Action) throws {
        let json = OpenC2Command.json(action, device: "web01")
        #expect(try OpenC2Command(json).agentAction() == action)
    }

    @Test("a whole message is read as its request")
    func message() throws {
        let message: JSONValue = [
            "headers": ["request_id": "d1ac0489-ed51-4345-9175-f3078f30afe5"],
            "body": ["openc2": ["request": OpenC2Command.json(.release, device: "web01")]],
        ]
        #expect(try OpenC2Command(message).agentAction() == .release)
    }

    @Test(
        "what cannot be done exactly as asked is refused with the status of the profile",
        arguments: [
            (["action": "deny", "target": ["ipv4_net": "203.0.113.7"]], 400),
            (["action": "deny", "target": ["ipv4_net": "203.0.113.7/24"], "args": ["duration": 5000]], 400),
            (["action": "deny", "target": ["ipv6_net": "::ffff:203.0.113.7"], "args": ["duration": 5000]], 400),
            (["action": "deny", "target": ["ipv4_net": "203.0.113.7"], "args": ["duration": 999]], 400),
            (
                [
                    "action": "deny", "target": ["ipv4_net": "203.0.113.7"],
                    "args": ["duration": 5000, "start_time": 1],
                ], 501
            ),
            (
                [
                    "action": "deny", "target": ["ipv4_net": "1.2.3.4"],
                    "args": ["duration": 5000, "slpf": ["direction": "sideways"]],
                ], 501
            ),
            (
                [
                    "action": "deny", "target": ["ipv4_net": "1.2.3.4"],
                    "args": ["duration": 5000, "x-cordon": ["ports": "tcp/0x16"]],
                ], 400
            ),
            (["action": "allow", "target": ["ipv4_net": "1.2.3.4"], "args": ["slpf": ["direction": "egress"]]], 501),
            (
                [
                    "action": "allow", "target": ["x-cordon:order": "0195c0de-7a3b-7c4d-8e5f-0123456789ab"],
                    "args": ["x-cordon": ["did": "kill_process"]],
                ], 400
            ),
            (
                [
                    "action": "deny", "target": ["ipv4_net": "1.2.3.4"],
                    "args": ["duration": 5000, "slpf": ["insert_rule": 1]],
                ], 501
            ),
            (["action": "deny", "target": ["ipv4_connection": ["protocol": "tcp"]]], 501),
            (["action": "contain", "target": ["device": ["hostname": "a"]], "args": ["duration": 5000]], 400),
            (
                [
                    "action": "contain", "target": ["device": ["hostname": "a"]],
                    "args": ["duration": 5000, "er": ["device_containment": "disable_nic"]],
                ], 501
            ),
            (
                [
                    "action": "contain", "target": ["device": ["hostname": "a"]],
                    "args": [
                        "duration": 5000,
                        "er": [
                            "device_containment": "network_isolation",
                            "permitted_addresses": ["ipv4_net": ["0.0.0.0/0"]],
                        ],
                    ],
                ], 501
            ),
            (["action": "stop", "target": ["process": ["pid": 4242]]], 400),
            (["action": "stop", "target": ["process": ["pid": 1, "executable": ["path": "/sbin/init"]]]], 400),
            (["action": "query", "target": ["features": []]], 501),
            (
                [
                    "action": "delete",
                    "target": [
                        "file": ["path": "/tmp/x", "hashes": ["md5": "0123456789abcdef0123456789abcdef"]]
                    ],
                ], 501
            ),
        ] as [(JSONValue, Int)])
    func refusals(command: JSONValue, status: Int) throws {
        let parsed = try OpenC2Command(command)
        #expect { try parsed.agentAction() } throws: { ($0 as? OpenC2Error)?.status == status }
    }
}
