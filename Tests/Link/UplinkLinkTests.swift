import AgentSpool
import AgentUplink
import ControllerFleet
import CordonModel
import CordonOrders
import CordonTrust
import Synchronization
import Testing

@Suite("Holding the link, from the agent's side", .serialized)
struct UplinkLinkTests {
    /// A controller, an agent that is enrolled through a wire, and the wire.
    private static func scene<Value: Sendable>(
        settings: FleetSettings = FleetSettings(), clock: TestClock = TestClock(),
        answer: @escaping @Sendable (CordonOrders.Order) async -> Outcome? = { _ in .succeeded },
        _ body: @Sendable @escaping (Controller, LiveAgent, Wire) async throws -> Value
    ) async throws -> Value {
        let scratch = Scratch()
        let path = scratch.path
        let value = try await Controller.serve(in: "\(path)-c", settings: settings, clock: clock) { controller in
            var agent = try LiveAgent(in: path, clock: clock, answer: answer)
            _ = try await agent.enrol(try await controller.token())
            let wire = try await Wire(to: controller.port)
            agent.settings.controller = ControllerAddress("127.0.0.1:\(wire.port)")
            do {
                let value = try await body(controller, agent, wire)
                try await wire.close()
                return value
            } catch {
                try await wire.close()
                throw error
            }
        }
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
        return value
    }

    private static func id(_ agent: LiveAgent) throws -> AgentID {
        try AgentCredentials(file: agent.settings.identityFile).identity.agent
    }

    private static func order(_ action: Action, _ controller: Controller, _ agent: LiveAgent) throws -> OrderRequest {
        OrderRequest(
            id: controller.clock.surroundings.identifier(), agent: try id(agent), action: action, reason: "test",
            lifetime: .seconds(600))
    }

    private static let block = Action.blockAddress(
        AddressBlock(network: Network(.v4(0xC633_6407)), duration: .seconds(60)))

    @Test("an order goes to the enforcer once and its result comes back; the order keys are handed on")
    func roundTrip() async throws {
        try await Self.scene { controller, agent, _ in
            try await agent.run { uplink in
                try await uplink.connected()
                let request = try Self.order(Self.block, controller, agent)
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                let record = try await controller.order(request.id, becomes: .succeeded)
                #expect(record.result?.proof?.applied == ["table inet cordon_isolation"])
                #expect(agent.enforcer.orders == [request.id])
                _ = try await eventually("the keys are there") { agent.enforcer.keySets > 0 ? true : nil }
                _ = try await eventually("the files are gone") {
                    KeyFile.exists("\(agent.settings.ordersFolder)/\(request.id).order") ? nil : true
                }
            }
        }
    }

    @Test("an enforcer that starts after the agent is given the order keys")
    func lateEnforcer() async throws {
        try await Self.scene { _, agent, _ in
            try await agent.run(isEnforcerThere: false) { uplink in
                try await uplink.connected()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await agent.enforcer.run() }
                    _ = try await eventually("the keys are there") { agent.enforcer.keySets > 0 ? true : nil }
                    group.cancelAll()
                }
            }
        }
    }

    @Test("an order that the enforcer has no key for yet is asked for once more, when it was given the keys")
    func keysTooLate() async throws {
        let wasAsked = Atomic(false)
        let late: FakeEnforcer.Judge = { _ in
            wasAsked.exchange(true, ordering: .relaxed) ? .succeeded : .refused(rule: "key")
        }
        try await Self.scene(answer: late) { controller, agent, _ in
            try await agent.run { uplink in
                try await uplink.connected()
                let request = try Self.order(Self.block, controller, agent)
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                _ = try await controller.order(request.id, becomes: .succeeded)
                #expect(agent.enforcer.orders == [request.id, request.id])
                #expect(agent.enforcer.keySets > 1)
            }
        }
    }

    @Test("an isolation does not wait behind a file that is copied, and a thaw not before what it thaws")
    func lanes() async throws {
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let slow: FakeEnforcer.Judge = { order in
            if order.action.kind == .quarantineFile { for await _ in gate { break } }
            return .succeeded
        }
        try await Self.scene(answer: slow) { controller, agent, _ in
            try await agent.run { uplink in
                try await uplink.connected()
                let file = try Self.order(.quarantineFile(FileTarget(path: "/tmp/x")), controller, agent)
                let back = try Self.order(.restoreFile(file.id), controller, agent)
                let isolation = try Self.order(.isolate(Isolation(duration: .seconds(60))), controller, agent)
                for request in [file, back, isolation] {
                    _ = try await controller.fleet.submit(request, by: Controller.admin)
                }
                _ = try await controller.order(isolation.id, becomes: .succeeded)
                #expect(Set(agent.enforcer.orders) == [file.id, isolation.id])
                opener.yield()
                _ = try await controller.order(back.id, becomes: .succeeded)
                #expect(agent.enforcer.orders.last == back.id)
            }
        }
    }

    @Test("a refusal keeps the name of its rule")
    func refusal() async throws {
        let refusing: FakeEnforcer.Judge = { _ in .refused(rule: "never_isolate in 10-web.toml") }
        try await Self.scene(answer: refusing) { controller, agent, _ in
            try await agent.run { uplink in
                try await uplink.connected()
                let request = try Self.order(.isolate(Isolation(duration: .seconds(60))), controller, agent)
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                let record = try await controller.order(request.id, becomes: .refused)
                #expect(record.result?.outcome == .refused(rule: "never_isolate in 10-web.toml"))
            }
        }
    }

    @Test("an isolation that leaves the canary reachable has failed, whatever the rules say; one that cuts it has not")
    func canary() async throws {
        try await Self.scene { controller, agent, wire in
            let blind = agent.watching(port: wire.port)
            try await blind.run { uplink in
                try await uplink.connected()
                let request = try Self.order(.isolate(Isolation(duration: .seconds(60))), controller, blind)
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                let record = try await controller.order(request.id, becomes: .failed)
                #expect(record.result?.outcome == .failed(code: "probe.canary_unreachable"))
                let probes = try #require(record.result?.proof?.probes)
                #expect(Set(probes.map(\.name)) == ["canary_unreachable", "controller_reachable", "loopback_alive"])
                #expect(probes.filter(\.passed).count == 2)
            }
            let cut = agent.watching(port: 1)
            try await cut.run { uplink in
                try await uplink.connected()
                let request = try Self.order(.isolate(Isolation(duration: .seconds(60))), controller, cut)
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                let record = try await controller.order(request.id, becomes: .succeeded)
                #expect(record.result?.proof?.probes.allSatisfy(\.passed) == true)
            }
        }
    }

    @Test(
        "a result that was found while the controller was away is told when it is back, and the order is not done twice"
    )
    func whileAway() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let waiting: FakeEnforcer.Judge = { _ in
            for await _ in gate { break }
            return .succeeded
        }
        try await Self.scene(answer: waiting) { controller, agent, wire in
            let request = try Self.order(Self.block, controller, agent)
            try await agent.run { uplink in
                try await uplink.connected()
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                _ = try await eventually("the enforcer has it") { agent.enforcer.orders.isEmpty ? nil : true }
                wire.stop()
                wire.cut()
                open.finish()
                _ = try await eventually("the result is on disk") {
                    KeyFile.exists("\(agent.settings.ordersFolder)/\(request.id).result") ? true : nil
                }
            }
            // The agent was killed with the result unsaid.
            wire.start()
            try await agent.run { uplink in
                _ = try await controller.order(request.id, becomes: .succeeded)
            }
            #expect(agent.enforcer.orders == [request.id])
        }
    }

    @Test("an order that was on disk when the agent was killed is carried out after its start, without the controller")
    func afterKill() async throws {
        let dying: FakeEnforcer.Judge = { _ in nil }
        try await Self.scene(answer: dying) { controller, agent, wire in
            let request = try Self.order(Self.block, controller, agent)
            try await agent.run { uplink in
                try await uplink.connected()
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                _ = try await eventually("the enforcer was asked") { agent.enforcer.orders.isEmpty ? nil : true }
            }
            #expect(KeyFile.exists("\(agent.settings.ordersFolder)/\(request.id).order"))
            wire.stop()
            let enforcer = FakeEnforcer(path: agent.enforcer.path)
            let healthy = agent.with(enforcer)
            try await healthy.run { _ in
                _ = try await eventually("the enforcer was asked again") {
                    enforcer.orders == [request.id] ? true : nil
                }
            }
        }
    }

    @Test("what a rule raises while the controller is away is given to the enforcer, and nothing while it is there")
    func standing() async throws {
        try await Self.scene { controller, agent, wire in
            var hasty = agent
            hasty.settings.lostAfter = .milliseconds(50)
            let host = hasty
            let raised = Raised()
            try await host.run(alerts: raised.stream) { uplink in
                try await uplink.connected()
                let order = StandingOrder(
                    id: controller.clock.surroundings.identifier(), rule: "r", kind: .blockAddress,
                    subject: .sourceAddress, duration: .seconds(60), expiresAt: controller.clock.now + .seconds(600),
                    requestedBy: "ada", reason: "test")
                _ = try await controller.fleet.makeStanding(order, for: try Self.id(host), by: Controller.admin)
                _ = try await eventually("the enforcer has them") {
                    host.enforcer.standing.contains("version 1") ? true : nil
                }
                raised.open(1)
                _ = try await eventually("the first alert was looked at") { raised.asked == 2 ? true : nil }
                wire.lead(to: 1)
                wire.cut()
                _ = try await uplink.waiting()
                raised.open(2)
                _ = try await eventually("the enforcer hears of the second") {
                    host.enforcer.standing.contains("r 203.0.113.2 mallory") ? true : nil
                }
                #expect(!host.enforcer.standing.contains("r 203.0.113.1 mallory"))
            }
        }
    }

    /// Alerts that are raised when the test says so, and only as fast as they are looked at.
    private final class Raised: Sendable {
        private let state = Mutex((asked: 0, isOpen: 0))
        var asked: Int { state.withLock { $0.asked } }

        func open(_ number: Int) { state.withLock { $0.isOpen = number } }

        var stream: AsyncStream<Alert> {
            AsyncStream {
                let number = self.state.withLock { state in
                    state.asked += 1
                    return state.asked
                }
                while self.state.withLock({ $0.isOpen }) < number {
                    do { try await Task.sleep(for: .milliseconds(5)) } catch { return nil }
                }
                return Self.alert("203.0.113.\(number)")
            }
        }

        private static func alert(_ source: String) -> Alert {
            let now = Timestamp(seconds: 1)
            let event = Event(
                timestamp: now, created: now, original: "x",
                fields: [.sourceIP: .text(source), .userName: .text("mallory")])
            return Alert(
                id: AlertID(UUIDv7(high: 1, low: 1)), agent: nil, rule: RuleReference(id: "r", name: "R"), title: "T",
                severity: .high, firstSeen: now, lastSeen: now, count: 1, deduplicationKey: "k", observables: [],
                evidence: [event])
        }
    }

    @Test("an agent comes back each time its connection was cut")
    func reconnects() async throws {
        try await Self.scene { controller, agent, wire in
            try await agent.run { uplink in
                try await uplink.connected()
                for _ in 0..<3 {
                    let before = uplink.status
                    wire.cut()
                    _ = try await eventually("there is another connection", within: .seconds(20)) {
                        if case .connected = uplink.status, uplink.status != before { true } else { nil }
                    }
                    try await controller.host(try Self.id(agent), isOnline: true)
                }
            }
        }
    }

    @Test("an agent outlives its controller's restart at another port, and an order given meanwhile reaches it")
    func controllerRestarts() async throws {
        let scratch = Scratch()
        let path = scratch.path
        let agent = try LiveAgent(in: path)
        let wire = try await Controller.serve(in: "\(path)-c") { controller in
            _ = try await agent.enrol(try await controller.token())
            return try await Wire(to: controller.port)
        }
        try await agent.through(wire).run { uplink in
            try await Controller.serve(in: "\(path)-c") { controller in
                wire.lead(to: controller.port)
                try await uplink.connected(within: .seconds(20))
            }
            try await Controller.serve(in: "\(path)-c") { controller in
                let request = try Self.order(Self.block, controller, agent)
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                wire.lead(to: controller.port)
                _ = try await controller.order(request.id, becomes: .succeeded)
            }
        }
        try await wire.close()
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }

    @Test("a peer that is dead without a word is noticed by its silence", .timeLimit(.minutes(1)))
    func deadPeer() async throws {
        try await Self.scene { controller, agent, wire in
            var agent = agent
            agent.settings.timing.keepaliveInterval = .seconds(1)
            agent.settings.timing.keepaliveTimeout = .seconds(1)
            try await agent.run { uplink in
                try await uplink.connected()
                wire.stop()
                _ = try await eventually("the silence is noticed", within: .seconds(10)) { () -> Bool? in
                    if case .connected = uplink.status { return nil }
                    return true
                }
            }
        }
    }

    @Test("as shipped, both ends notice a dead peer within half a minute", .timeLimit(.minutes(2)))
    func deadPeerAsShipped() async throws {
        try await Self.scene { controller, agent, wire in
            let id = try Self.id(agent)
            try await agent.run { uplink in
                try await uplink.connected()
                _ = try await eventually("the host is online") { try await controller.fleet.host(id)?.isOnline }
                wire.stop()
                let end = ContinuousClock.now + .seconds(30)
                _ = try await eventually("the agent notices", within: end - .now) { () -> Bool? in
                    if case .connected = uplink.status { return nil }
                    return true
                }
                _ = try await eventually("the controller notices", within: end - .now) { () -> Bool? in
                    try await controller.fleet.host(id)?.isOnline == false ? true : nil
                }
            }
        }
    }

    @Test("a revoked agent is told so, within a second or so, and does not come back by itself")
    func revoked() async throws {
        try await Self.scene { controller, agent, _ in
            try await agent.run { uplink in
                try await uplink.connected()
                let start = ContinuousClock.now
                try await controller.fleet.revoke(try Self.id(agent), by: Controller.admin, reason: "stolen")
                let reason = try await uplink.waiting()
                #expect(ContinuousClock.now - start < .seconds(3))
                #expect(reason.contains("revoked"))
                guard case .waiting(_, let until) = uplink.status else { return }
                #expect(until - agent.clock.now > .seconds(50))
            }
        }
    }

    @Test("the copy of a machine is refused as a clone")
    func clone() async throws {
        try await Self.scene { controller, agent, _ in
            var copy = agent
            copy.settings.machineID = String(repeating: "cd", count: 16)
            try await copy.run { uplink in
                let reason = try await uplink.waiting()
                #expect(reason.contains("clone"))
            }
        }
    }

    @Test("a controller of another fleet is not believed")
    func otherFleet() async throws {
        try await Self.scene { _, agent, wire in
            let scratch = Scratch()
            let path = scratch.path
            try await Controller.serve(in: path, fleet: "other") { other in
                wire.lead(to: other.port)
                try await agent.run { uplink in
                    let reason = try await uplink.waiting()
                    #expect(reason.contains("is not trusted"))
                    #expect(reason.contains("other"))
                }
            }
            _ = try Command.run("/bin/rm", ["-rf", "\(path).root"])
        }
    }

    @Test("a certificate whose time has come is renewed over the held connection, and used afterwards")
    func renews() async throws {
        let clock = TestClock()
        try await Self.scene(clock: clock) { controller, agent, _ in
            let before = try AgentCredentials(file: agent.settings.identityFile).identity
            clock.advance(by: .seconds(21 * 86_400))
            try await agent.run { uplink in
                let after = try await eventually("the certificate is renewed") {
                    uplink.identity.fingerprint == before.fingerprint ? nil : uplink.identity
                }
                #expect(after.agent == before.agent)
                #expect(after.notAfter > before.notAfter)
                #expect(after.keyFingerprint != before.keyFingerprint)
                #expect(try AgentCredentials(file: agent.settings.identityFile).identity == after)
                try await uplink.connected()
                try await controller.host(after.agent, isOnline: true)
            }
        }
    }

    @Test("what is in force on the host is told when it changes")
    func facts() async throws {
        try await Self.scene { controller, agent, _ in
            try await agent.run { uplink in
                try await uplink.connected()
                let id = try Self.id(agent)
                _ = try await eventually("the enforcer's version is known") {
                    try await controller.fleet.host(id)?.facts?.enforcerVersion == "9.9" ? true : nil
                }
                agent.enforcer.contain(ContainmentState(isolatedUntil: Timestamp(seconds: 4_000_000_000)))
                _ = try await eventually("the isolation is known") {
                    try await controller.fleet.host(id)?.facts?.containment.isolatedUntil
                        == Timestamp(seconds: 4_000_000_000) ? true : nil
                }
            }
        }
    }

    @Test("an order whose end passes while the enforcer is away has failed, and nothing was done")
    func enforcerAway() async throws {
        let clock = TestClock()
        try await Self.scene(clock: clock) { controller, agent, _ in
            try await agent.run(isEnforcerThere: false) { uplink in
                try await uplink.connected()
                let request = try Self.order(Self.block, controller, agent)
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                _ = try await eventually("it was received") {
                    KeyFile.exists("\(agent.settings.ordersFolder)/\(request.id).order") ? true : nil
                }
                clock.advance(by: .seconds(700))
                let record = try await eventually("it is settled", within: .seconds(20)) {
                    () async throws -> OrderRecord? in
                    guard let record = try await controller.fleet.order(request.id), record.result != nil else {
                        return nil
                    }
                    return record
                }
                #expect(record.result?.outcome == .failed(code: "enforcer.unreachable"))
            }
        }
    }
}

extension LiveAgent {
    /// The same agent with another enforcer.
    func with(_ enforcer: FakeEnforcer) -> LiveAgent {
        LiveAgent(settings: settings, system: system, enforcer: enforcer, clock: clock)
    }

    /// The same agent on that wire.
    func through(_ wire: Wire) -> LiveAgent {
        var settings = settings
        settings.controller = ControllerAddress("127.0.0.1:\(wire.port)")
        return LiveAgent(settings: settings, system: system, enforcer: enforcer, clock: clock)
    }

    /// The same agent with a canary at a port of the loopback.
    func watching(port: UInt16) -> LiveAgent {
        var settings = settings
        settings.canaries = [Endpoint(.v4(0x7F00_0001), port: port)]
        return LiveAgent(settings: settings, system: system, enforcer: enforcer, clock: clock)
    }

    private init(settings: UplinkSettings, system: String, enforcer: FakeEnforcer, clock: TestClock) {
        self.settings = settings
        self.system = system
        self.enforcer = enforcer
        self.clock = clock
    }
}
