internal import CordonModel
internal import CordonScan

/// Actions as the API takes and shows them: told apart by `kind`.
enum ActionView {
    static let schema = Schema.named(
        "Action",
        .variants(
            tag: "kind",
            [
                (ActionKind.isolate.rawValue, [duration("The host releases itself afterwards.")]),
                (ActionKind.release.rawValue, []),
                (ActionKind.blockAddress.rawValue, [network, duration("The kernel ends the block afterwards.")]),
                (ActionKind.unblockAddress.rawValue, [network]),
                (ActionKind.killProcess.rawValue, process),
            ]
        )
    )

    private static let network = Schema.Property.required("network", .network, "An address, or a network in CIDR form.")

    private static func duration(_ summary: String) -> Schema.Property {
        .required("duration_s", .integer(1...2_592_000), "Seconds. \(summary)")
    }

    private static let process: [Schema.Property] = [
        .required("pid", .integer(2...4_194_304)),
        .required("start_time", .integer(0...Int64.max), "Field 22 of /proc/PID/stat: tells it from a later process."),
        .required("executable", .sentence(4096), "The target of /proc/PID/exe."),
        .required("scope", .choice(of: ProcessTarget.Scope.self)),
    ]

    static func json(_ action: Action) -> JSONValue {
        let kind = JSONValue.text(action.kind.rawValue)
        return switch action {
        case .isolate(let isolation): ["kind": kind, "duration_s": .integer(isolation.duration.wholeSeconds)]
        case .release: ["kind": kind]
        case .blockAddress(let block):
            ["kind": kind, "network": .text("\(block.network)"), "duration_s": .integer(block.duration.wholeSeconds)]
        case .unblockAddress(let network): ["kind": kind, "network": .text("\(network)")]
        case .killProcess(let target):
            [
                "kind": kind, "pid": .integer(Int64(target.pid)),
                "start_time": .integer(Int64(clamping: target.startTime)),
                "executable": .text(target.executable), "scope": .text(target.scope.rawValue),
            ]
        }
    }

    /// The action that a checked value means; `nil` for a value that was not checked.
    static func action(_ value: JSONValue) -> Action? {
        let duration = value["duration_s"]?.integer.map { Duration.seconds($0) } ?? .zero
        let network = value["network"]?.text.flatMap { Network($0) }
        switch value["kind"]?.text.flatMap({ ActionKind(rawValue: $0) }) {
        case .isolate: return .isolate(Isolation(duration: duration))
        case .release: return .release
        case .blockAddress: return network.map { .blockAddress(AddressBlock(network: $0, duration: duration)) }
        case .unblockAddress: return network.map { .unblockAddress($0) }
        case .killProcess:
            guard let pid = value["pid"]?.integer, let start = value["start_time"]?.integer,
                let executable = value["executable"]?.text,
                let scope = value["scope"]?.text.flatMap({ ProcessTarget.Scope(rawValue: $0) })
            else { return nil }
            return .killProcess(
                ProcessTarget(
                    pid: Int32(clamping: pid), startTime: UInt64(clamping: start), executable: executable, scope: scope
                )
            )
        case nil: return nil
        }
    }
}
