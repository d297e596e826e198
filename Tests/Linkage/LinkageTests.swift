internal import Testing

/// The folder of Package.swift: three up from this file.
private let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

@Suite("Who may import whom")
struct LinkageTests {
    @Test("the package's own arrows are those that ARCHITECTURE.md allows")
    func packageKeepsTheLaw() throws {
        let manifest = try Manifest.dump(of: "/\(root)")
        #expect(manifest.targets.contains { $0.name == "CordonModel" }, "the manifest was not read")
        #expect(Law.faults(in: manifest) == [])
    }

    @Test("the sources import what their target declares, and nothing that brings ICU to an agent")
    func sourcesKeepTheLaw() throws {
        let manifest = try Manifest.dump(of: "/\(root)")
        let ours = Set(manifest.targets.map(\.name))
        var count = 0
        for target in manifest.targets where target.type != "system" {
            let files = try SourceFile.all(under: target.path, of: "/\(root)")
            count += files.count
            #expect(ImportLaw.faults(of: target, files: files, ours: ours) == [])
        }
        #expect(count > 20, "hardly any source was found under /\(root)")
    }

    @Test(
        "an arrow that the law does not allow is found",
        arguments: [
            (module("AgentUplink", "Agent/Uplink", ["ControllerFleet"]), "agents never see the controller"),
            (module("ControllerFleet", "Controller/Fleet", ["AgentSpool"]), "the controller never sees agents"),
            (module("ControllerCases", "Controller/Cases", ["ControllerFleet"]), "domain modules never see each other"),
            (module("ControllerCases", "Controller/Cases", ["ControllerStore"]), "domain modules never see each other"),
            (module("ControllerAPI", "Controller/API", ["ControllerStore"]), "it stands on the domain modules only"),
            (module("ControllerWeb", "Controller/Web", ["ControllerStore"]), "pages never see the store"),
            (module("ControllerIntake", "Controller/Intake", ["GRDB"]), "only the store sees GRDB"),
            (module("CasesTests", "Tests/Cases", ["GRDB"]), "only the store sees GRDB"),
            (module("CordonModel", "Common/Model", ["Logging"]), "the model is the standard library only"),
            (module("CordonScan", "Common/Scan", ["CordonTrust"]), "the common modules' arrows are few"),
            (module("CordonNew", "Common/New", ["CordonModel"]), "the common modules' arrows are few"),
            (module("cordon", "Controller/CommandLine", ["ControllerFleet"]), "talks to the REST API only"),
            (module("AgentCollect", "Agent/Collect", ["cordon-agent"]), "a tool is nobody's module"),
            (module("Attic", "Attic", ["CordonModel"]), "no room of the house"),
        ])
    func forbiddenArrow(_ target: Manifest.Target, _ expected: String) {
        let others = target.dependencies.filter { $0 != "GRDB" && $0 != "Logging" }.map { module($0, path(of: $0), []) }
        let faults = Law.faults(in: Manifest(targets: [target] + others))
        #expect(faults.count == 1 && faults.first?.contains(expected) == true, "\(faults)")
    }

    @Test("the arrows of the plan are allowed")
    func plan() {
        let targets = [
            module("CordonModel", "Common/Model", []), module("CordonScan", "Common/Scan", ["CordonModel"]),
            module("ControllerCases", "Controller/Cases", ["CordonModel", "Logging"]),
            module("ControllerStore", "Controller/Store", ["ControllerCases", "GRDB"]),
            module("ControllerAPI", "Controller/API", ["ControllerCases", "Hummingbird"]),
            module("ControllerWeb", "Controller/Web", ["ControllerAPI", "ControllerCases", "Mustache"]),
            module("cordon-controller", "Controller/Daemon", ["ControllerWeb", "ControllerStore"]),
            module("AgentUplink", "Agent/Uplink", ["CordonModel", "GRPCCore"]),
            module("cordon-agent", "Agent/Daemon", ["AgentUplink"]),
        ]
        #expect(Law.faults(in: Manifest(targets: targets)) == [])
    }

    @Test("what an agent or the enforcer must not link is found however far away it is")
    func closures() {
        let targets = [
            module("CordonTrust", "Common/Trust", ["Yams"]),
            module("CordonLink", "Common/Link", ["GRPCCore"]),
            module("AgentEnforce", "Agent/Enforce", ["CordonTrust", "CordonLink"]),
            module("cordon-enforcer", "Agent/Enforcer", ["AgentEnforce"]),
            module("cordon-agent", "Agent/Daemon", ["AgentEnforce"]),
        ]
        #expect(
            Law.faults(in: Manifest(targets: targets)) == [
                "cordon-agent links Yams", "cordon-enforcer, which has no network, links GRPCCore",
                "cordon-enforcer links Yams",
            ])
    }

    @Test("a circle and a target without the house's settings are found")
    func circlesAndSettings() {
        var lax = module("AgentDetect", "Agent/Detect", ["AgentCollect"])
        lax.features.remove("ExistentialAny")
        lax.languageMode = "5"
        let faults = Law.faults(in: Manifest(targets: [lax, module("AgentCollect", "Agent/Collect", ["AgentDetect"])]))
        #expect(faults.contains("a circle: AgentDetect -> AgentCollect -> AgentDetect"))
        #expect(faults.contains("AgentDetect is not in the Swift 6 language mode"))
        #expect(faults.contains("AgentDetect lacks ExistentialAny"))
    }

    @Test("imports are read whatever stands before them")
    func importLines() {
        let source = """
            import Alpha
            @testable internal import Beta
            package import struct Gamma.Thing  // why
            #if canImport(Delta)
            internal import Delta
            #endif
            // import Epsilon
            let important = 1
            """
        let found = SourceFile.imports(of: source)
        #expect(found.map(\.module) == ["Alpha", "Beta", "Gamma", "Delta"])
        #expect(found.map(\.line) == [1, 2, 3, 5])
        #expect(found.map(\.isConditional) == [false, false, false, true])
    }

    @Test(
        "an import that the law does not allow is found",
        arguments: [
            ("Agent/Spool", "import Foundation", "Foundation brings ICU"),
            ("Common/Wire", "#if os(macOS)\nimport Foundation\n#endif", "Foundation brings ICU"),
            ("Controller/Cases", "import RegexBuilder", "nothing imports RegexBuilder"),
            ("Controller/Cases", "import CordonTrust", "does not declare it"),
        ])
    func forbiddenImport(_ folder: String, _ text: String, _ expected: String) {
        let file = SourceFile(path: "\(folder)/File.swift", imports: SourceFile.imports(of: text))
        let faults = ImportLaw.faults(
            of: module("Target", folder, ["CordonModel"]), files: [file], ours: ["CordonTrust"])
        #expect(faults.count == 1 && faults.first?.contains(expected) == true, "\(faults)")
    }
}

private func module(_ name: String, _ path: String, _ uses: Set<String>) -> Manifest.Target {
    Manifest.Target(name, path: path, uses: uses, features: Law.features, languageMode: "6")
}

/// A folder that suits the name of a target, for those that only stand at the end of an arrow.
private func path(of name: String) -> String {
    if name.hasPrefix("Agent") || name.hasPrefix("cordon-") { return "Agent/\(name)" }
    return name.hasPrefix("Controller") ? "Controller/\(name)" : "Common/\(name)"
}
