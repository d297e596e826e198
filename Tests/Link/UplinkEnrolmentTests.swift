import AgentUplink
import ControllerFleet
import CordonModel
import CordonTrust
import Testing

@Suite("Enrolling, from the agent's side")
struct UplinkEnrolmentTests {
    @Test(
        "an agent enrols: its identity is one private file, and root's files tell the enforcer who it is and whom to believe"
    )
    func enrols() async throws {
        let scratch = Scratch()
        let path = scratch.path
        try await Controller.serve(in: "\(path)-c") { controller in
            let agent = try LiveAgent(in: path)
            let credentials = try await agent.enrol(try await controller.token())
            let host = try #require(try await controller.fleet.host(credentials.identity.agent))
            #expect(host.machine == .machine(machineID: LiveAgent.machineID))
            let read = try AgentCredentials(file: agent.settings.identityFile)
            #expect(read.identity == credentials.identity)
            #expect(read.controller == controller.address)
            #expect(try KeyFile.verifyingKey(at: "\(agent.system)/policy-root.pub") == controller.keys.policyRoot)
            let identity = String(
                decoding: try KeyFile.read("\(agent.system)/identity.toml", secret: false), as: UTF8.self)
            #expect(identity.contains("fleet = \"test\""))
            #expect(identity.contains("agent = \"\(credentials.identity.agent)\""))
            #expect(identity.contains("controllers = [\"127.0.0.1:\(controller.port)\"]"))
        }
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }

    @Test("an enrolled agent refuses to enrol again and keeps its token, unless it is told to")
    func again() async throws {
        let scratch = Scratch()
        let path = scratch.path
        try await Controller.serve(in: "\(path)-c") { controller in
            let agent = try LiveAgent(in: path)
            let first = try await agent.enrol(try await controller.token())
            let token = try await controller.token()
            await #expect(throws: UplinkError.self) { _ = try await agent.enrol(token) }
            #expect(try AgentCredentials(file: agent.settings.identityFile).identity == first.identity)
            let second = try await agent.enrol(token, isForced: true)
            #expect(second.identity.agent != first.identity.agent)
        }
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }

    enum Fault: CaseIterable {
        case authority, policyRoot, secret, usedUp, expired, readOnly
    }

    @Test("a token that does not fit leaves no identity behind and says why", arguments: Fault.allCases)
    func faults(_ fault: Fault) async throws {
        let scratch = Scratch()
        let path = scratch.path
        let (code, hasIdentity) = try await Controller.serve(in: "\(path)-c") { controller -> (String, Bool) in
            var agent = try LiveAgent(in: path)
            let good = try await controller.token()
            var token = good
            switch fault {
            case .authority:
                token = try EnrolmentToken(
                    id: good.id, controller: good.controller, authority: Fingerprint(of: [1]),
                    policyRoot: good.policyRoot, secret: good.secret)
            case .policyRoot:
                token = try EnrolmentToken(
                    id: good.id, controller: good.controller, authority: good.authority,
                    policyRoot: Fingerprint(of: [1]), secret: good.secret)
            case .secret:
                token = try EnrolmentToken(
                    id: good.id, controller: good.controller, authority: good.authority, policyRoot: good.policyRoot)
            case .usedUp: _ = try await TestAgent.enrol(good, at: controller.port, machine: "another")
            case .expired: controller.clock.advance(by: .seconds(4000))
            case .readOnly: agent.settings.stateFolder = "/proc/self"
            }
            var code = ""
            do { _ = try await agent.enrol(token) } catch { code = (error as? any ActionableError)?.code ?? "\(error)" }
            if fault == .authority || fault == .readOnly {
                // The token was not used: it works for who may.
                _ = try await TestAgent.enrol(good, at: controller.port, machine: "another")
            }
            return (code, KeyFile.exists("\(path)/state/identity.pem"))
        }
        #expect(!hasIdentity)
        let expected: [Fault: [String]] = [
            .authority: ["trust.wrong_authority"], .policyRoot: ["enrol.bad_answer"], .secret: ["token."],
            .usedUp: ["token."],
            .expired: ["token."], .readOnly: ["trust.file_"],
        ]
        #expect(expected[fault]?.contains { code.hasPrefix($0) } == true, "\(code)")
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }

    @Test("a controller that is not there is named, with what to do")
    func absent() async throws {
        let scratch = Scratch()
        let agent = try LiveAgent(in: scratch.path)
        let token = try EnrolmentToken(
            id: TokenID(UUIDv7(high: 1, low: 1)), controller: try #require(ControllerAddress("127.0.0.1:1")),
            authority: Fingerprint(of: []), policyRoot: Fingerprint(of: []))
        let error = await #expect(throws: UplinkError.self) { _ = try await agent.enrol(token) }
        #expect(error?.code == "uplink.unreachable")
        #expect(error?.message.contains("127.0.0.1:1") == true)
        #expect(error?.message.contains("Connection refused") == true)
    }
}
