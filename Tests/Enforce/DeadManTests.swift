import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Logging
import Synchronization
import Testing

@testable import AgentEnforce

/// What becomes of an isolation when the controller is lost: the parts of the real enforcer in a network namespace, by a
/// clock that the test puts forward.
@Suite("When the controller is lost", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct DeadManTests {
    private let lab: Lab
    private let fleet: Enrolled
    private let keys: Cordon_V1_SignedOrderKeySet
    private let time = MovedClock()
    private let stays = Action.isolate(Isolation(duration: .seconds(86_400)))
    private let releases = Action.isolate(Isolation(duration: .seconds(86_400), releaseWhenLost: .seconds(600)))

    /// Two clocks that go when they are put forward, and boots that are told apart.
    private final class MovedClock: Sendable {
        private let state = Mutex((offset: Duration.zero, boot: "first", bootedAt: Duration.zero))

        func advance(_ seconds: Int64) { state.withLock { $0.offset += .seconds(seconds) } }
        func reboot() { state.withLock { ($0.boot, $0.bootedAt) = ("\($0.boot)'", $0.offset) } }

        var clock: BootClock {
            BootClock(
                now: { Timestamp(seconds: Int64(Glibc.time(nil))) + self.state.withLock { $0.offset } },
                sinceBoot: {
                    let (whole, parts) = self.state.withLock { $0.offset - $0.bootedAt }.components
                    return 60_000_000_000 + whole * 1_000_000_000 + parts / 1_000_000_000
                }, boot: state.withLock { $0.boot })
        }
    }

    init() throws {
        lab = try Lab()
        fleet = try Enrolled(lab.scratch)
        keys = try fleet.keySet()
    }

    private func enforcer() throws -> Enforcer {
        let settings = try EnforcerSettings.load(lab.scratch.path + "/enforcer.toml")
        _ = unsafe mkdir(settings.stateDirectory, 0o700)
        let enforcer = try NamespaceThread.run(in: lab.host) { [time] in
            try Enforcer(settings.configuration(version: "test"), clock: time.clock, log: Logger(label: "test"))
        }
        _ = try enforcer.accept(keys)
        return enforcer
    }

    private func execute(_ action: Action, by enforcer: Enforcer) throws -> OrderResult {
        let signed = try fleet.sign(fleet.order(action, life: .seconds(2_000_000)))
        return try NamespaceThread.run(in: lab.host) { try enforcer.execute(signed) }.model()
    }

    private func isIsolated(_ enforcer: Enforcer) throws -> Bool {
        try NamespaceThread.run(in: lab.host) { enforcer.tick(thorough: false) }
        return enforcer.status().containment.isolatedUntilUs > 0
    }

    private func isolateAndStop() throws { _ = try execute(releases, by: try enforcer()) }

    /// Of an enforcer that is started, looks once, and is let go of.
    private func isIsolatedAfterStart() throws -> Bool { try isIsolated(try enforcer()) }

    private func hear(_ enforcer: Enforcer) {
        var request = Cordon_V1_StatusRequest()
        request.controllerHeard = true
        _ = enforcer.status(request)
    }

    @Test("one that is to end when the controller is lost ends then, and says so; one that is to stay stays")
    func ends() throws {
        let enforcer = try enforcer()
        let result = try execute(releases, by: enforcer)
        #expect(result.outcome == .succeeded && result.message.contains("not heard for 10m"), "\(result.message)")
        time.advance(601)
        #expect(try isIsolated(enforcer) == false)
        let notice = try #require(enforcer.status().notices.first)
        #expect(notice.kind == .lost && notice.text.contains("was not heard"))
        _ = try execute(stays, by: enforcer)
        time.advance(7200)
        #expect(try isIsolated(enforcer))
    }

    @Test("a controller that comes and goes is not lost, and neither silence before nor a forward wall clock counts")
    func flaps() throws {
        let enforcer = try enforcer()
        time.advance(10_000)
        _ = try execute(releases, by: enforcer)
        for _ in 0..<20 {
            time.advance(599)
            #expect(try isIsolated(enforcer))
            hear(enforcer)
        }
        time.advance(601)
        #expect(try isIsolated(enforcer) == false)
    }

    @Test("silence is reckoned across restarts of the enforcer, and begins anew with a boot")
    func restarts() throws {
        try isolateAndStop()
        for _ in 0..<3 {
            time.advance(190)
            #expect(try isIsolatedAfterStart())
        }
        time.advance(190)
        #expect(try isIsolatedAfterStart() == false, "restarting the enforcer does not put the end off")

        try isolateAndStop()
        time.advance(500)
        time.reboot()
        time.advance(500)
        #expect(try isIsolatedAfterStart())
        time.advance(590)
        #expect(try isIsolatedAfterStart(), "loss begins anew with a boot, once")
        time.advance(20)
        #expect(try isIsolatedAfterStart() == false)
    }

    @Test("a later isolation never makes an earlier one end sooner")
    func later() throws {
        let enforcer = try enforcer()
        _ = try execute(stays, by: enforcer)
        _ = try execute(releases, by: enforcer)
        time.advance(601)
        #expect(try isIsolated(enforcer), "the first was to stay")
        _ = try execute(.release, by: enforcer)
        _ = try execute(releases, by: enforcer)
        let longer = Action.isolate(Isolation(duration: .seconds(3600), releaseWhenLost: .seconds(900)))
        _ = try execute(longer, by: enforcer)
        _ = try execute(releases, by: enforcer)
        time.advance(700)
        #expect(try isIsolated(enforcer), "the longer silence counts")
        time.advance(201)
        #expect(try isIsolated(enforcer) == false)
    }
}
