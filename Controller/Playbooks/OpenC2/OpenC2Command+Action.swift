internal import CordonModel
package import CordonOrders
internal import CordonScan

/// What Cordon's agents do, in OpenC2: SLPF (`deny`, `allow` of networks) and the ER working draft (`contain`,
/// `allow` of a device, `stop` of a process, `contain` and `delete` of a file), and for what neither has, their verbs with
/// our own targets and arguments. Every containment carries `args.duration`, since nothing is contained
/// without end.
extension OpenC2Command {
    /// Our own arguments: `{"x-cordon": {"start_time": TICKS, "scope": "process|tree|cgroup"}}` for `stop`.
    package static let ownProfile = "x-cordon"

    /// The action that the command asks for.
    /// - Throws: ``OpenC2Error`` with 400 for what is missing and 501 for what agents do not do.
    package func agentAction() throws(OpenC2Error) -> Action {
        try checkCommonArguments()
        switch (action, target) {
        case (.deny, .network(let target)):
            let direction = try checkFilterArguments()
            var parameters = try lasting(["network": .text("\(try target.network())")])
            parameters["direction"] = .text(direction.rawValue)
            if let ports = arguments.profiles[Self.ownProfile]?["ports"] {
                parameters["ports"] = .text(ports.text ?? "")
            }
            return try action(.blockAddress, parameters)
        case (.allow, .network(let target)):
            guard try checkFilterArguments() == .both else { throw .unsupported("Option not supported") }
            return .unblockAddress(try target.network())
        case (.deny, .networks(let list, let networks)):
            guard try checkFilterArguments() == .both else { throw .unsupported("Option not supported") }
            return try action(.blockAddresses, lasting(["list": .text(list), "networks": .text(networks)]))
        case (.deny, .user(let uid)): return try action(.cutUserNetwork, lasting(["uid": .number(uid)]))
        case (.deny, .domain(let name)):
            guard try checkFilterArguments() == .both else { throw .unsupported("Option not supported") }
            return try action(.sinkholeDomain, lasting(["domain": .text(name)]))
        case (.contain, .device):
            guard try containment() != nil else { throw .bad("Containment type argument not populated") }
            return try action(.isolate, isolation())
        case (.allow, .device):
            _ = try containment()
            return .release
        case (.stop, .process(let target)): return .killProcess(try process(target))
        case (.contain, .process(let target)):
            return .freezeProcess(ProcessFreezing(target: try process(target), duration: try duration()))
        case (.deny, .file(let target)): return try action(.blockExecutable, lasting(program(target)))
        case (.contain, .file(let target)): return .quarantineFile(try file(target, of: .quarantineFile))
        case (.delete, .file(let target)): return .deleteFile(try file(target, of: .deleteFile))
        case (.investigate, .device):
            var parameters: [String: FieldValue] = [:]
            for name in ["most_bytes", "time_s"] {
                if let number = arguments.profiles[Self.ownProfile]?[name]?.integer {
                    parameters[name] = .number(number)
                }
            }
            return try action(.triage, parameters)
        case (.copy, .file(let target)): return try action(.collectFile, parameters(of: target))
        case (.scan, .file(let target)):
            return try action(.yaraScan, yara(try named(target).filter { $0.key == "path" }))
        case (.scan, .process(let target)): return try action(.yaraScan, yara(try memory(of: target)))
        case (.query, .table(let parameters)): return try action(.liveTable, table(parameters))
        case (.copy, .process(let target)): return try action(.collectProcessMemory, memory(of: target))
        case (.set, .account(let name)):
            guard accountStatus == "disabled" else { throw .unsupported("Option not supported") }
            var parameters = try lasting(["user": .text(name)])
            if arguments.profiles[Self.ownProfile]?["keep_sessions"] == true {
                parameters["keep_sessions"] = .flag(true)
            }
            return try action(.lockAccount, parameters)
        case (.set, .order(let order)):
            guard accountStatus == "enabled" else { throw .unsupported("Option not supported") }
            return try action(.unlockAccount, ["order": .text(order)])
        case (.allow, .order(let order)): return try action(try undoing(), ["order": .text(order)])
        case (.deny, .account(let name)):
            guard let key = arguments.profiles[Self.ownProfile]?["ssh_key"]?.text else {
                throw .unsupported("Target type not supported")
            }
            return try action(.removeSSHKey, ["user": .text(name), "fingerprint": .text(key)])
        case (.stop, .service(let unit)):
            return try action(
                .stopService, ["unit": .text(unit), "duration_s": .number(try duration().wholeSeconds)])
        case (.stop, .cron(let path, let entry)):
            var parameters: [String: FieldValue] = ["path": .text(path)]
            if let entry { parameters["entry"] = .text(entry) }
            return try action(.disableCronEntry, parameters)
        case (.start, .order(let order)): return try action(.restoreService, ["order": .text(order)])
        case (.restore, .order(let order)): return try action(.restoreFile, ["order": .text(order)])
        case (.deny, _), (.allow, _), (.contain, _), (.stop, _), (.delete, _), (.restore, _), (.set, _), (.start, _),
            (.copy, _), (.investigate, _), (.scan, _), (.query, _):
            throw .unsupported("Target type not supported")
        default: throw .unsupported("Action “\(action.rawValue)” not supported")
        }
    }

    private var accountStatus: String? { arguments.profiles["er"]?["account_status"]?.text }

    /// The device that the command itself names, which must be the step's target.
    var namedDevice: String? {
        if case .device(let hostname, let id) = target { id ?? hostname } else { nil }
    }

    private func checkCommonArguments() throws(OpenC2Error) {
        guard arguments.startTime == nil, arguments.stopTime == nil,
            arguments.responseRequested ?? "complete" == "complete",
            arguments.profiles.keys.allSatisfy({ ["slpf", "er", Self.ownProfile].contains($0) })
        else { throw .unsupported("Option not supported") }
    }

    /// What undoes the kind that `args.x-cordon.did` names: a process is thawed where it names none.
    private func undoing() throws(OpenC2Error) -> ActionKind {
        guard let did = arguments.profiles[Self.ownProfile]?["did"] else { return .thawProcess }
        guard let undo = did.text.flatMap({ ActionKind(rawValue: $0) })?.undo else {
            throw .bad("args.x-cordon.did names no action that can be undone")
        }
        return undo
    }

    /// The parameters, and how long.
    private func lasting(_ parameters: [String: FieldValue]) throws(OpenC2Error) -> [String: FieldValue] {
        var parameters = parameters
        parameters["duration_s"] = .number(try duration().wholeSeconds)
        return parameters
    }

    /// Only what our rules really do: dropped in silence, across restarts. Returns the direction.
    private func checkFilterArguments() throws(OpenC2Error) -> AddressBlock.Direction {
        var direction = AddressBlock.Direction.both
        for (name, value) in arguments.profiles["slpf"] ?? JSONObject() {
            switch (name, value) {
            case ("drop_process", "none"), ("direction", "both"), ("persistent", true): break
            case ("direction", "ingress"): direction = .inward
            case ("direction", "egress"): direction = .outward
            default: throw .unsupported("Option not supported")
            }
        }
        return direction
    }

    private func containment() throws(OpenC2Error) -> String? {
        let arguments = arguments.profiles["er"] ?? JSONObject()
        // Addresses that stay reachable are the host's local policy to say, not the controller's.
        guard arguments["permitted_addresses"] == nil else { throw .unsupported("Option not supported") }
        guard let kind = arguments["device_containment"] else { return nil }
        guard kind == "network_isolation" else { throw .unsupported("Option not supported") }
        return kind.text
    }

    /// What the standard has no arguments for is said by ours.
    private func isolation() throws(OpenC2Error) -> [String: FieldValue] {
        var parameters = try lasting([:])
        let own = arguments.profiles[Self.ownProfile]
        if let level = own?["level"] { parameters["level"] = .text(level.text ?? "") }
        if let loss = own?["release_when_lost_s"] {
            guard let seconds = loss.integer else { throw .bad("release_when_lost_s is a number of whole seconds") }
            parameters["release_when_lost_s"] = .number(seconds)
        }
        return parameters
    }

    private func duration() throws(OpenC2Error) -> Duration {
        guard let milliseconds = arguments.duration, milliseconds >= 1000 else {
            throw .bad("Duration argument not populated: milliseconds, at least 1000")
        }
        guard milliseconds <= 365 * 86_400_000 else { throw .bad("A duration is at most a year") }
        return .seconds((milliseconds + 999) / 1000)
    }

    /// The action of parameters that the command gives; what is wrong with them is the command's fault.
    private func action(_ kind: ActionKind, _ parameters: [String: FieldValue]) throws(OpenC2Error) -> Action {
        do { return try Action(kind: kind.rawValue, parameters: parameters) } catch { throw .bad(error.message) }
    }

    /// `args.x-cordon.even_if_linked` takes a file that has other names.
    private func file(
        _ target: OpenC2Target.FileDescription, of kind: ActionKind
    ) throws(OpenC2Error) -> FileTarget {
        var parameters = try named(target)
        if arguments.profiles[Self.ownProfile]?["even_if_linked"] == true { parameters["even_if_linked"] = .flag(true) }
        switch try action(kind, parameters) {
        case .quarantineFile(let file), .deleteFile(let file): return file
        default: throw .unsupported("Target type not supported")
        }
    }

    /// The file that is meant: by its path, and by what it holds where the command says that.
    private func named(_ target: OpenC2Target.FileDescription) throws(OpenC2Error) -> [String: FieldValue] {
        guard let path = target.path else { throw .bad("file.path not populated") }
        // To ignore it would be to take a file that the command does not mean.
        guard !target.hasOtherHashesOnly else { throw .unsupported("Of a file's hashes, only sha256 is supported") }
        var parameters: [String: FieldValue] = ["path": .text(path)]
        // The text of the specification has upper case, its examples lower case: both are taken.
        if let digest = target.sha256 { parameters["sha256"] = .text(digest.lowercased()) }
        return parameters
    }

    /// The program that is meant: by its path or by what it holds, and not by both, of which one would be ignored.
    private func program(_ target: OpenC2Target.FileDescription) throws(OpenC2Error) -> [String: FieldValue] {
        guard !target.hasOtherHashesOnly else { throw .unsupported("Of a file's hashes, only sha256 is supported") }
        guard (target.path == nil) != (target.sha256 == nil) else {
            throw .bad("A program is denied by file.path or by file.hashes.sha256, one of them")
        }
        if let path = target.path { return ["path": .text(path)] }
        return ["sha256": .text(target.sha256?.lowercased() ?? "")]
    }

    /// `args.x-cordon.most_bytes` bounds what is copied.
    private func parameters(of target: OpenC2Target.FileDescription) throws(OpenC2Error) -> [String: FieldValue] {
        var parameters = try named(target)
        if let most = arguments.profiles[Self.ownProfile]?["most_bytes"]?.integer {
            parameters["most_bytes"] = .number(most)
        }
        return parameters
    }

    /// `args.x-cordon.rules`, and what bounds the look.
    private func yara(_ named: [String: FieldValue]) -> [String: FieldValue] {
        let own = arguments.profiles[Self.ownProfile]
        var parameters = named
        for name in ["most_bytes", "still_s"] { parameters[name] = nil }
        if let rules = own?["rules"]?.text { parameters["rules"] = .text(rules) }
        for name in ["most_files", "most_file_bytes", "time_s"] {
            if let number = own?[name]?.integer { parameters[name] = .number(number) }
        }
        return parameters
    }

    /// `args.x-cordon.most_rows` and `time_s` bound what is told.
    private func table(_ named: [String: FieldValue]) -> [String: FieldValue] {
        var parameters = named
        for name in ["most_rows", "time_s"] {
            if let number = arguments.profiles[Self.ownProfile]?[name]?.integer { parameters[name] = .number(number) }
        }
        return parameters
    }

    /// `args.x-cordon.most_bytes` and `still_s` bound what is copied, and how long the process stands still for it.
    private func memory(of target: OpenC2Target.ProcessDescription) throws(OpenC2Error) -> [String: FieldValue] {
        let process = try process(target)
        guard process.scope == .process else { throw .unsupported("Option not supported") }
        var parameters: [String: FieldValue] = [
            "pid": .number(Int64(process.pid)), "start_time": .number(Int64(clamping: process.startTime)),
        ]
        if let executable = process.executable { parameters["executable"] = .text(executable) }
        for name in ["most_bytes", "still_s"] {
            if let number = arguments.profiles[Self.ownProfile]?[name]?.integer { parameters[name] = .number(number) }
        }
        return parameters
    }

    private func process(_ target: OpenC2Target.ProcessDescription) throws(OpenC2Error) -> ProcessTarget {
        let own = arguments.profiles[Self.ownProfile]
        guard let number = target.pid, let pid = Int32(exactly: number), pid > 1 else {
            throw .bad("process.pid must be a number above 1")
        }
        guard target.executable?.hasPrefix("/") != false else {
            throw .bad("process.executable.path must be an absolute path")
        }
        guard let ticks = own?["start_time"]?.integer, let startTime = UInt64(exactly: ticks) else {
            throw .bad("args.x-cordon.start_time not populated: without it another process may have the number")
        }
        guard let scope = ProcessTarget.Scope(rawValue: own?["scope"]?.text ?? "process") else {
            throw .bad("args.x-cordon.scope is process, tree or cgroup")
        }
        return ProcessTarget(pid: pid, startTime: startTime, executable: target.executable, scope: scope)
    }
}
