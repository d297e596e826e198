import AgentUplink
import ControllerFleet
import CordonModel
import CordonTrust
import Synchronization
import Testing

@Suite("Rules on their way to agents", .serialized)
struct RuleDeliveryTests {
    /// What a controller offers, and what is published there.
    private final class Shelf: Sendable {
        let wanted = Mutex<UInt64>(0)
        let packs: [UInt64: [UInt8]] = [1: [1], 2: [2], 3: [0xBA, 0xD0]]

        var source: RulePackSource {
            RulePackSource(
                version: { group in group == "web" ? self.wanted.withLock { $0 } : 0 },
                rules: { self.packs[$0] })
        }
    }

    /// What the agent has in force; refuses anything longer than a byte.
    private final class Rules: Sendable {
        struct Bad: ActionableError {
            let code = "test.bad"
            let message = "The pack is bad."
            let remedy = ""
        }

        let inForce = Mutex<[UInt8]?>(nil)

        var install: @Sendable ([UInt8]?) throws -> Void {
            { bytes in
                guard (bytes?.count ?? 0) <= 1 else { throw Bad() }
                self.inForce.withLock { $0 = bytes }
            }
        }

        var current: [UInt8]? { inForce.withLock { $0 } }
    }

    private static func scene(
        _ body: @Sendable @escaping (Controller, LiveAgent, Shelf, Rules) async throws -> Void
    ) async throws {
        let scratch = Scratch()
        let path = scratch.path
        let (shelf, rules) = (Shelf(), Rules())
        try await Controller.serve(in: "\(path)-c", rulePacks: shelf.source) { controller in
            var agent = try LiveAgent(in: path)
            _ = try await agent.enrol(try await controller.token())
            agent.settings.controller = controller.address
            try await body(controller, agent, shelf, rules)
        }
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }

    /// Waits until the controller has heard that the agent runs the version.
    private static func heard(_ version: UInt64, _ controller: Controller, _ agent: LiveAgent) async throws
        -> RulePackState
    {
        let id = try AgentCredentials(file: agent.settings.identityFile).identity.agent
        return try await eventually("version \(version) is in use") {
            let state = controller.fleet.rulesInUse()[id]
            return state?.version == version ? state : nil
        }
    }

    private static func stage(_ version: UInt64, _ shelf: Shelf, _ controller: Controller) {
        shelf.wanted.withLock { $0 = version }
        controller.fleet.offerRules()
    }

    @Test("a staged pack reaches the agent, is replaced, rolled back, and taken away")
    func stages() async throws {
        try await Self.scene { controller, agent, shelf, rules in
            shelf.wanted.withLock { $0 = 1 }
            try await agent.run(rules: rules.install) { _ in
                _ = try await Self.heard(1, controller, agent)
                #expect(rules.current == [1])
                for (version, content): (UInt64, [UInt8]?) in [(2, [2]), (1, [1]), (0, nil)] {
                    Self.stage(version, shelf, controller)
                    _ = try await Self.heard(version, controller, agent)
                    #expect(rules.current == content)
                }
            }
        }
    }

    @Test("a pack that is bad is refused whole: the one before stays, and the controller hears why")
    func refuses() async throws {
        try await Self.scene { controller, agent, shelf, rules in
            shelf.wanted.withLock { $0 = 2 }
            try await agent.run(rules: rules.install) { uplink in
                _ = try await Self.heard(2, controller, agent)
                Self.stage(3, shelf, controller)
                let state = try await eventually("the fault is told") {
                    controller.fleet.rulesInUse().values.first { !$0.fault.isEmpty }
                }
                #expect(state.version == 2)
                #expect(state.fault == "The pack is bad.")
                #expect(rules.current == [2])
                #expect(uplink.rulePack.version == 2)
            }
        }
    }

    @Test("the rules are in force again after a restart, before the controller is reached; altered ones are not")
    func restores() async throws {
        try await Self.scene { controller, agent, shelf, rules in
            shelf.wanted.withLock { $0 = 2 }
            try await agent.run(rules: rules.install) { _ in _ = try await Self.heard(2, controller, agent) }
            shelf.wanted.withLock { $0 = 0 }
            let (file, keys) = (agent.settings.rulePackFile, agent.settings.keySetFile)
            let credentials = try AgentCredentials(file: agent.settings.identityFile)
            func keeper(_ rules: Rules) -> RulePackKeeper {
                RulePackKeeper(
                    file: file, identity: credentials.identity, policyRoot: credentials.policyRoot, keySetFile: keys,
                    install: rules.install)
            }
            let again = Rules()
            let keeping = keeper(again)
            keeping.restore()
            #expect(again.current == [2])
            #expect(keeping.current.version == 2)
            var bytes = try KeyFile.read(file)
            for place in [bytes.count - 1, bytes.count / 2, 4] {
                bytes[place] ^= 1
                try KeyFile.write(bytes, to: file)
                let altered = Rules()
                let refusing = keeper(altered)
                refusing.restore()
                #expect(altered.current == nil)
                #expect(refusing.current.version == 0)
                #expect(!refusing.current.fault.isEmpty)
                bytes[place] ^= 1
            }
        }
    }
}
