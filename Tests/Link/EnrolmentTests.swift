import ControllerFleet
import CordonModel
import CordonTrust
import GRPCCore
import Testing

@Suite("Enrolment", .timeLimit(.minutes(2)))
struct EnrolmentTests {
    let scratch = ScratchFolder()

    @Test("a token makes a host of the fleet, with a certificate that says so and everything that the token pinned")
    func enrols() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let token = try await controller.token(group: "db")
            let agent = try await TestAgent.enrol(token, at: controller.port, machine: "m")
            let identity = try TrustAnchor(certificate: agent.authority).agent(
                certificate: agent.certificate, at: controller.clock.now)
            #expect(identity.agent == agent.id)
            #expect(identity.fleet == "test")
            #expect(Fingerprint(of: agent.authority) == token.authority)
            let host = try #require(try await controller.fleet.host(agent.id))
            #expect(host.group == "db")
            #expect(host.hostname == "web-1")
            #expect(host.token == token.id)
            #expect(try await controller.fleet.tokens().map(\.used) == [1])
            #expect(await agent.refusal() == nil)
        }
    }

    /// What is wrong with a token when it is used.
    enum Flaw: String, CaseIterable {
        case unknown = "token.unknown"
        case wrongSecret = "token.unknown "
        case expired = "token.expired"
        case usedUp = "token.used_up"
        case withdrawn = "token.withdrawn"
        case malformed = "token.malformed"

        var code: String { rawValue.filter { $0 != " " } }
    }

    @Test("a bad token gets one sentence that says what is wrong with it, and enrols nobody", arguments: Flaw.allCases)
    func refusesTokens(_ flaw: Flaw) async throws {
        try await Controller.serve(in: scratch.path) { controller in
            var token = try await controller.token()
            var secret: [UInt8]?
            switch flaw {
            case .unknown:
                token = try EnrolmentToken(
                    id: controller.clock.surroundings.identifier(), controller: controller.address,
                    authority: token.authority,
                    policyRoot: token.policyRoot)
            case .wrongSecret: secret = [UInt8](repeating: 7, count: 32)
            case .expired: controller.clock.advance(by: .seconds(3601))
            case .usedUp: _ = try await TestAgent.enrol(token, at: controller.port, machine: "first")
            case .withdrawn: try await controller.fleet.withdrawToken(token.id, by: Controller.admin)
            case .malformed: secret = [1, 2, 3]
            }
            let hosts = try await controller.fleet.hosts().count
            let (used, guessed) = (token, secret)
            let error = await #expect(throws: RPCError.self) {
                _ = try await TestAgent.enrol(used, at: controller.port, machine: "m", secret: guessed)
            }
            #expect(error?.cordonCode == flaw.code)
            #expect(error?.message.contains("token") == true)
            #expect(try await controller.fleet.hosts().count == hosts)
        }
    }

    @Test("of ten hosts that use a token for three at once, three are let in")
    func countsUses() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let token = try await controller.token(uses: 3)
            let enrolled = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<10 {
                    group.addTask {
                        (try? await TestAgent.enrol(token, at: controller.port, machine: "m\(index)")) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(enrolled == 3)
            #expect(try await controller.fleet.hosts().count == 3)
        }
    }

    @Test("an address that guesses secrets is made to wait")
    func limitsGuesses() async throws {
        try await Controller.serve(in: scratch.path, clock: TestClock(standsStill: true)) { controller in
            let token = try await controller.token(uses: 100)
            for _ in 0..<5 {
                await #expect(throws: RPCError.self) {
                    _ = try await TestAgent.enrol(
                        token, at: controller.port, machine: "m", secret: [UInt8](repeating: 1, count: 32))
                }
            }
            let error = await #expect(throws: RPCError.self) {
                _ = try await TestAgent.enrol(token, at: controller.port, machine: "m")
            }
            #expect(error?.cordonCode == "link.busy")
            controller.clock.advance(by: .seconds(10))
            _ = try await TestAgent.enrol(token, at: controller.port, machine: "m")
        }
    }
}

/// A scratch folder for a suite's value.
final class ScratchFolder: Sendable {
    let path = "/tmp/cordon-link-\(UInt64.random(in: .min ... .max))"

    deinit { _ = try? Command.run("/bin/rm", ["-rf", path, "\(path).root"]) }
}
