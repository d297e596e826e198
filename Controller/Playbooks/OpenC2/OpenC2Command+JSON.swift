internal import CordonModel
package import CordonOrders
package import CordonScan

extension OpenC2Command {
    /// The command that asks for an action on the device, as ``agentAction()`` reads it.
    package static func json(_ action: Action, device: String) -> JSONValue {
        switch action {
        case .isolate(let isolation): command(isolation, device)
        case .release:
            [
                "action": "allow", "target": ["device": ["device_id": .text(device)]],
                "args": ["er": ["device_containment": "network_isolation"]], "actuator": ["er": [:]],
            ]
        case .blockAddress(let block): command(block)
        case .endBlock(let order): undo(order, of: .blockAddress)
        case .unblockAddress(let network): ["action": "allow", "target": target(network), "actuator": ["slpf": [:]]]
        case .blockAddresses(let block):
            [
                "action": "deny",
                "target": ["x-cordon:networks": ["list": .text(block.name), "networks": .text(block.list.text)]],
                "args": ["duration": .integer(block.duration.milliseconds)], "actuator": ["slpf": [:]],
            ]
        case .unblockAddresses(let order): undo(order, of: .blockAddresses)
        case .cutUserNetwork(let cut):
            [
                "action": "deny", "target": ["x-cordon:user": ["uid": .integer(Int64(cut.user))]],
                "args": ["duration": .integer(cut.duration.milliseconds)], "actuator": ["er": [:]],
            ]
        case .sinkholeDomain(let sinkhole):
            [
                "action": "deny", "target": ["domain_name": .text("\(sinkhole.domain)")],
                "args": ["duration": .integer(sinkhole.duration.milliseconds)], "actuator": ["slpf": [:]],
            ]
        case .restoreUserNetwork(let order): undo(order, of: .cutUserNetwork)
        case .unsinkholeDomain(let order): undo(order, of: .sinkholeDomain)
        case .killProcess(let process):
            ["action": "stop", "target": target(process), "args": arguments(process), "actuator": ["er": [:]]]
        case .freezeProcess(let freezing):
            [
                "action": "contain", "target": target(freezing.target),
                "args": arguments(freezing.target, lasting: freezing.duration), "actuator": ["er": [:]],
            ]
        case .blockExecutable(let block): command(block)
        case .unblockExecutable(let order): undo(order, of: .blockExecutable)
        case .quarantineFile(let file): command("contain", file)
        case .deleteFile(let file): command("delete", file)
        case .collectFile(let collection): command(collection)
        case .triage(let triage):
            [
                "action": "investigate", "target": ["device": ["device_id": .text(device)]],
                "args": [
                    "x-cordon": [
                        "most_bytes": .integer(triage.mostBytes), "time_s": .integer(triage.patience.wholeSeconds),
                    ]
                ], "actuator": ["er": [:]],
            ]
        case .yaraScan(let scan): command(scan)
        case .liveTable(let table): command(table)
        case .collectProcessMemory(let collection):
            [
                "action": "copy", "target": target(collection.target),
                "args": [
                    "x-cordon": [
                        "start_time": .integer(Int64(clamping: collection.target.startTime)),
                        "most_bytes": .integer(collection.mostBytes),
                        "still_s": .integer(collection.longestStill.wholeSeconds),
                    ]
                ], "actuator": ["er": [:]],
            ]
        case .lockAccount(let locking): command(locking)
        case .unlockAccount(let order):
            [
                "action": "set", "target": ["x-cordon:order": .text("\(order)")],
                "args": ["er": ["account_status": "enabled"]], "actuator": ["er": [:]],
            ]
        case .thawProcess(let order):
            ["action": "allow", "target": ["x-cordon:order": .text("\(order)")], "actuator": ["er": [:]]]
        case .stopService(let stop):
            [
                "action": "stop", "target": ["er:service": ["name": .text(stop.unit)]],
                "args": ["duration": .integer(stop.duration.milliseconds)], "actuator": ["er": [:]],
            ]
        case .removeSSHKey(let removal):
            [
                "action": "deny", "target": ["er:account": ["account_name": .text(removal.user)]],
                "args": ["x-cordon": ["ssh_key": .text(removal.fingerprint)]], "actuator": ["er": [:]],
            ]
        case .disableCronEntry(let entry): command(entry)
        case .enableCronEntry(let order): undo(order, of: .disableCronEntry)
        case .restoreSSHKey(let order):
            [
                "action": "allow", "target": ["x-cordon:order": .text("\(order)")],
                "args": ["x-cordon": ["did": "remove_ssh_key"]], "actuator": ["er": [:]],
            ]
        case .restoreService(let order):
            ["action": "start", "target": ["x-cordon:order": .text("\(order)")], "actuator": ["er": [:]]]
        case .restoreFile(let order):
            ["action": "restore", "target": ["x-cordon:order": .text("\(order)")], "actuator": ["er": [:]]]
        }
    }

    /// What an order of a kind did is over; `thaw_process`, `restore_file` and `unlock_account` have forms of their own.
    private static func undo(_ order: OrderID, of kind: ActionKind) -> JSONValue {
        [
            "action": "allow", "target": ["x-cordon:order": .text("\(order)")],
            "args": ["x-cordon": ["did": .text(kind.rawValue)]], "actuator": ["slpf": [:]],
        ]
    }

    private static func command(_ entry: CronEntry) -> JSONValue {
        var target = JSONObject()
        target["path"] = .text(entry.path)
        if let line = entry.line { target["entry"] = .text(line) }
        return ["action": "stop", "target": ["x-cordon:cron_entry": .object(target)], "actuator": ["er": [:]]]
    }

    private static func command(_ block: ExecutableBlock) -> JSONValue {
        let file: JSONValue =
            switch block.subject {
            case .path(let path): ["path": .text(path)]
            case .digest(let digest): ["hashes": ["sha256": .text(digest)]]
            }
        return [
            "action": "deny", "target": ["file": file],
            "args": ["duration": .integer(block.duration.milliseconds)], "actuator": ["er": [:]],
        ]
    }

    private static func command(_ isolation: Isolation, _ device: String) -> JSONValue {
        var arguments = JSONObject()
        arguments["duration"] = .integer(isolation.duration.milliseconds)
        arguments["er"] = ["device_containment": "network_isolation"]
        var own = JSONObject()
        if isolation.level != .networkAndRaw { own["level"] = .text(isolation.level.rawValue) }
        if let loss = isolation.releaseWhenLost { own["release_when_lost_s"] = .integer(loss.wholeSeconds) }
        if !own.isEmpty { arguments["x-cordon"] = .object(own) }
        return [
            "action": "contain", "target": ["device": ["device_id": .text(device)]], "args": .object(arguments),
            "actuator": ["er": [:]],
        ]
    }

    private static func command(_ block: AddressBlock) -> JSONValue {
        let direction: JSONValue =
            switch block.direction {
            case .inward: "ingress"
            case .outward: "egress"
            case .both: "both"
            }
        var arguments = JSONObject()
        arguments["duration"] = .integer(block.duration.milliseconds)
        arguments["slpf"] = ["drop_process": "none", "direction": direction]
        if !block.ports.isEmpty { arguments["x-cordon"] = ["ports": .text(PortRange.text(block.ports))] }
        return [
            "action": "deny", "target": target(block.network), "args": .object(arguments), "actuator": ["slpf": [:]],
        ]
    }

    private static func command(_ locking: AccountLocking) -> JSONValue {
        var arguments = JSONObject()
        arguments["duration"] = .integer(locking.duration.milliseconds)
        arguments["er"] = ["account_status": "disabled"]
        if locking.keepsSessions { arguments["x-cordon"] = ["keep_sessions": true] }
        return [
            "action": "set", "target": ["er:account": ["account_name": .text(locking.user)]],
            "args": .object(arguments), "actuator": ["er": [:]],
        ]
    }

    private static func command(_ verb: JSONValue, _ file: FileTarget) -> JSONValue {
        var target = JSONObject()
        target["path"] = .text(file.path)
        if let digest = file.digest { target["hashes"] = ["sha256": .text(digest)] }
        var command = JSONObject()
        (command["action"], command["target"], command["actuator"]) = (verb, ["file": .object(target)], ["er": [:]])
        if file.evenIfLinked { command["args"] = ["x-cordon": ["even_if_linked": true]] }
        return .object(command)
    }

    private static func command(_ collection: FileCollection) -> JSONValue {
        var target = JSONObject()
        target["path"] = .text(collection.path)
        if let digest = collection.digest { target["hashes"] = ["sha256": .text(digest)] }
        return [
            "action": "copy", "target": ["file": .object(target)],
            "args": ["x-cordon": ["most_bytes": .integer(collection.mostBytes)]], "actuator": ["er": [:]],
        ]
    }

    private static func command(_ scan: YaraScan) -> JSONValue {
        var own = JSONObject()
        own["rules"] = .text(scan.rules)
        own["most_files"] = .integer(scan.mostFiles)
        own["most_file_bytes"] = .integer(scan.mostFileBytes)
        own["time_s"] = .integer(scan.patience.wholeSeconds)
        let what: JSONValue
        switch scan.place {
        case .tree(let path): what = ["file": ["path": .text(path)]]
        case .memory(let process):
            own["start_time"] = .integer(Int64(clamping: process.startTime))
            what = target(process)
        }
        return [
            "action": "scan", "target": what, "args": ["x-cordon": .object(own)], "actuator": ["er": [:]],
        ]
    }

    private static func command(_ table: LiveTable) -> JSONValue {
        var target = JSONObject()
        target["table"] = .text(table.name.rawValue)
        if let condition = table.condition {
            target["field"] = .text(condition.field)
            target["value"] = .text(condition.value)
        }
        return [
            "action": "query", "target": ["x-cordon:table": .object(target)],
            "args": [
                "x-cordon": ["most_rows": .integer(table.mostRows), "time_s": .integer(table.patience.wholeSeconds)]
            ], "actuator": ["er": [:]],
        ]
    }

    private static func target(_ process: ProcessTarget) -> JSONValue {
        var target = JSONObject()
        target["pid"] = .integer(Int64(process.pid))
        if let executable = process.executable { target["executable"] = ["path": .text(executable)] }
        return ["process": .object(target)]
    }

    private static func arguments(_ process: ProcessTarget, lasting duration: Duration? = nil) -> JSONValue {
        var arguments = JSONObject()
        arguments["x-cordon"] = [
            "start_time": .integer(Int64(clamping: process.startTime)), "scope": .text(process.scope.rawValue),
        ]
        if let duration { arguments["duration"] = .integer(duration.milliseconds) }
        return .object(arguments)
    }

    private static func target(_ network: Network) -> JSONValue {
        network.address.width == 32 ? ["ipv4_net": .text("\(network)")] : ["ipv6_net": .text("\(network)")]
    }
}
