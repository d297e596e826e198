/// ARCHITECTURE.md, "who may import whom", as code. It reads a description of the package, and says each arrow that is not allowed.
enum Law {
    /// What common modules may use of ours; they may use nothing else of ours.
    private static let common: [String: Set<String>] = [
        "CordonModel": [],
        "CordonScan": ["CordonModel"],
        "CordonMatch": ["CordonModel", "CordonScan", "CPCRE2"],
        "CordonSigma": ["CordonModel", "CordonScan", "CordonMatch"],
        "CordonTrust": ["CordonModel"],
        "CordonWire": ["CordonModel"],
        "CordonOrders": ["CordonModel", "CordonScan", "CordonTrust", "CordonWire"],
        "CordonLink": ["CordonModel", "CordonWire"],
        "CordonFrames": ["CordonModel", "CLinux"],
        "CordonSettings": ["CordonModel", "CordonScan", "CLinux"],
        "CordonSignals": ["CordonModel", "CLinux"],
    ]

    /// What the responders' command line may use of the controller: what reads files without one.
    private static let commandLine: Set<String> = ["ControllerPlaybooks", "ControllerRules"]

    /// Products that no agent links: they are large, or pull ICU in, or are a server's.
    static let notInAgents: Set<String> = [
        "GRDB", "Hummingbird", "HummingbirdTLS", "HummingbirdRouter", "Mustache", "Yams", "JWTKit", "AsyncHTTPClient",
        "Configuration",
    ]

    /// Beginnings of products that the enforcer, which has no network, does not link.
    private static let networking = ["GRPC", "NIO"]

    /// Every fault of the package, in sentences.
    static func faults(in manifest: Manifest) -> [String] {
        let targets = Dictionary(manifest.targets.map { ($0.name, $0) }) { first, _ in first }
        var faults: [String] = []
        for target in manifest.targets {
            for used in target.dependencies.sorted() {
                if let reason = objection(to: used, from: target, ours: targets[used] != nil) {
                    faults.append("\(target.name) must not use \(used): \(reason)")
                }
            }
            if let path = circle(from: target.name, in: targets) { faults.append("a circle: \(path)") }
        }
        return faults + closureFaults(targets) + manifest.targets.flatMap(settingsFaults)
    }

    /// Why the arrow is not allowed; `nil` when it is.
    private static func objection(to used: String, from target: Manifest.Target, ours: Bool) -> String? {
        if target.type == "test" || target.path.hasPrefix("Tests/") {
            return used == "GRDB" && target.name != "StoreTests" ? "only the store sees GRDB" : nil
        }
        if used == "GRDB" { return target.name == "ControllerStore" ? nil : "only the store sees GRDB" }
        guard ours else { return target.name == "CordonModel" ? "the model is the standard library only" : nil }
        if used.hasPrefix("cordon") { return "a tool is nobody's module" }
        if target.path.hasPrefix("Common/") {
            return common[target.name, default: []].contains(used)
                ? nil : "the common modules' arrows are few, and fixed"
        }
        if target.path.hasPrefix("Agent/") {
            return used.hasPrefix("Controller") ? "agents never see the controller" : nil
        }
        if target.path.hasPrefix("Controller/") { return controllerObjection(to: used, from: target.name) }
        return "\(target.path) is no room of the house"
    }

    private static func controllerObjection(to used: String, from name: String) -> String? {
        if used.hasPrefix("Agent") { return "the controller never sees agents" }
        guard used.hasPrefix("Controller") else { return nil }
        let outer: Set<String> = ["ControllerStore", "ControllerAPI", "ControllerWeb"]
        switch name {
        case "cordon-controller": return nil
        case "cordon": return commandLine.contains(used) ? nil : "the command line talks to the REST API only"
        case "ControllerWeb": return used == "ControllerStore" ? "pages never see the store" : nil
        case "ControllerAPI", "ControllerStore":
            return outer.contains(used) ? "it stands on the domain modules only" : nil
        default: return "domain modules never see each other, nor what stands on them"
        }
    }

    /// What agents and the enforcer link, by way of whatever module.
    private static func closureFaults(_ targets: [String: Manifest.Target]) -> [String] {
        var faults: [String] = []
        for name in ["cordon-agent", "cordon-enforcer"] {
            for used in closure(of: name, in: targets).sorted() {
                if notInAgents.contains(used) { faults.append("\(name) links \(used)") }
                let isNetworking = networking.contains { used.hasPrefix($0) }
                if name == "cordon-enforcer", isNetworking {
                    faults.append("\(name), which has no network, links \(used)")
                }
            }
        }
        return faults
    }

    private static func closure(of name: String, in targets: [String: Manifest.Target]) -> Set<String> {
        var found: Set<String> = []
        var waiting = [name]
        while let next = waiting.popLast() {
            for used in targets[next]?.dependencies ?? [] where found.insert(used).inserted { waiting.append(used) }
        }
        return found
    }

    /// `A -> B -> A`, where the target reaches itself; `nil` where it does not.
    private static func circle(from name: String, in targets: [String: Manifest.Target]) -> String? {
        let reached = (targets[name]?.dependencies ?? []).filter { closure(of: $0, in: targets).contains(name) }
        return reached.min().map { "\(name) -> \($0) -> \(name)" }
    }

    /// The six features of STYLE.md, as swiftc spells them.
    static let features: Set<String> = [
        "ExistentialAny", "InternalImportsByDefault", "MemberImportVisibility", "InferIsolatedConformances",
        "NonisolatedNonsendingByDefault", "ImmutableWeakCaptures",
    ]

    private static func settingsFaults(_ target: Manifest.Target) -> [String] {
        // C modules have no Swift settings.
        if target.type == "system" || target.path.hasPrefix("Common/System/") { return [] }
        var faults: [String] = []
        if target.languageMode != "6" { faults.append("\(target.name) is not in the Swift 6 language mode") }
        let lacking = features.subtracting(target.features)
        if !lacking.isEmpty { faults.append("\(target.name) lacks \(lacking.sorted().joined(separator: ", "))") }
        return faults
    }
}
