import CordonModel
import Testing

@testable import ControllerFleet

/// A fleet on paper: a rollout, a clock that is put forward, and hosts that do what a line of a table says.
struct PaperFleet {
    private(set) var rollout: Rollout
    private(set) var now = Timestamp(seconds: 1_000_000)
    private(set) var commands: [Rollout.Command] = []
    private(set) var verbs: [String] = []

    static let version = "2.0"
    static let had = HostPackages(architecture: "amd64", installed: "1.0")

    static func host(_ number: UInt64) -> AgentID {
        AgentID(UUIDv7(high: 0x019f_0000_0000_7000, low: 0x8000_0000_0000_0000 | number))
    }

    /// - Parameter groups: The group of each host, by its number.
    init(_ groups: [String], _ change: (inout RolloutPlan) -> Void = { _ in }) {
        var plan = RolloutPlan(version: Self.version)
        change(&plan)
        rollout = Rollout(id: RolloutID(UUIDv7(high: 7, low: 7)), plan: plan, by: "ada", at: now, seed: 42)
        for (number, group) in groups.enumerated() { enrol(number, group) }
    }

    mutating func send(_ event: Rollout.Event) {
        let outcome = rollout.apply(event, at: now)
        commands += outcome.commands
        verbs += outcome.verbs
    }

    mutating func enrol(_ number: Int, _ group: String) {
        send(.enrolled(Self.host(UInt64(number)), group: group))
    }

    mutating func come(_ number: Int, _ group: String = "", _ readiness: Readiness = .ready(had)) {
        send(.met(Self.host(UInt64(number)), group: group, readiness))
    }

    mutating func leave(_ number: Int) { send(.left(Self.host(UInt64(number)))) }

    mutating func say(_ number: Int, _ stage: UpgradeReport.Stage, has version: String = "1.0", _ fault: String = "") {
        let report = UpgradeReport(stage: stage, installed: version, fault: fault, have: 1, size: 2)
        send(.heard(Self.host(UInt64(number)), report))
    }

    mutating func succeed(_ number: Int) {
        say(number, .fetching)
        say(number, .installing)
        say(number, .done, has: Self.version)
    }

    mutating func pass(_ seconds: Int64 = 1) {
        now = now + .seconds(seconds)
        send(.clock)
    }

    func state(_ number: Int) -> RolloutHostState? { rollout.hosts[Self.host(UInt64(number))]?.state }
    func fault(_ number: Int) -> String { rollout.hosts[Self.host(UInt64(number))]?.fault ?? "" }
    var states: [RolloutHostState?] { rollout.hosts.keys.sorted().map { rollout.hosts[$0]?.state } }
    func offers(_ number: Int) -> Bool { rollout.offers(Self.host(UInt64(number))) }
}

@Suite("A rollout on paper")
struct RolloutTests {
    @Test("goes ring by ring: the next begins when the hosts of the one before were well for the soak time")
    func rings() {
        var fleet = PaperFleet(["canary", "web", "db"]) {
            $0.rings = ["canary", "web", "*"]
            $0.soak = .seconds(600)
        }
        for (number, group) in ["canary", "web", "db"].enumerated() { fleet.come(number, group) }
        fleet.pass()
        #expect(fleet.states == [.offered, .waiting, .waiting])
        #expect(fleet.commands == [.offer(PaperFleet.host(0))])
        fleet.succeed(0)
        fleet.pass(599)
        #expect(fleet.states == [.soaking, .waiting, .waiting])
        fleet.pass()
        #expect(fleet.states == [.done, .offered, .waiting])
        fleet.succeed(1)
        fleet.pass(600)
        #expect(fleet.states == [.done, .done, .offered])
        fleet.succeed(2)
        fleet.pass(600)
        #expect(fleet.rollout.state == .finished)
        #expect(fleet.verbs == ["ring_began", "ring_began", "finished"])
    }

    /// What a host of the ring does, and what becomes of it and of the whole.
    struct Line: Sendable, CustomTestStringConvertible {
        var name: String
        var act: @Sendable (inout PaperFleet) -> Void
        var state: RolloutHostState
        var whole: RolloutState
        var testDescription: String { name }
    }

    private static let version = PaperFleet.version

    @Test(
        "what one host does decides what becomes of it and of the whole",
        arguments: [
            Line(name: "goes back", act: { $0.say(0, .wentBack, "sick") }, state: .wentBack, whole: .stopped),
            Line(name: "fails", act: { $0.say(0, .failed, "sick") }, state: .failed, whole: .stopped),
            Line(name: "is silent", act: { $0.pass(3600) }, state: .lost, whole: .stopped),
            Line(
                name: "goes and does not come back",
                act: {
                    $0.say(0, .installing)
                    $0.leave(0)
                    $0.pass(3600)
                }, state: .lost, whole: .stopped),
            Line(
                name: "has it and goes for good",
                act: {
                    $0.succeed(0)
                    $0.leave(0)
                    $0.pass(3600)
                }, state: .lost, whole: .stopped),
            Line(
                name: "has the old one again while it is watched",
                act: {
                    $0.succeed(0)
                    $0.say(0, .none, has: "1.0")
                }, state: .wentBack, whole: .stopped),
            Line(name: "refuses", act: { $0.say(0, .refused, "hours") }, state: .refused, whole: .running),
            Line(
                name: "refuses what it has",
                act: { $0.say(0, .refused, has: version, "not newer") }, state: .soaking, whole: .running),
            Line(
                name: "says that it is done, and has another version",
                act: { $0.say(0, .done, has: "1.5") }, state: .offered, whole: .running),
            Line(
                name: "refuses and takes it later",
                act: {
                    $0.say(0, .refused, "hours")
                    $0.say(0, .fetching)
                }, state: .fetching, whole: .running),
            Line(
                name: "says something for as long as it fetches",
                act: { fleet in
                    for _ in 0..<10 {
                        fleet.pass(3000)
                        fleet.say(0, .fetching)
                    }
                }, state: .fetching, whole: .running),
            Line(
                name: "says other things for ever",
                act: { fleet in for number in 0..<1000 { fleet.say(0, .refused, "\(number)") } },
                state: .refused, whole: .running),
            Line(
                name: "says other things for ever, and goes back",
                act: { fleet in
                    for number in 0..<1000 { fleet.say(0, .refused, "\(number)") }
                    fleet.say(0, .wentBack)
                }, state: .wentBack, whole: .stopped),
            Line(
                name: "went back and says that it is done",
                act: {
                    $0.say(0, .wentBack)
                    $0.say(0, .done, has: version)
                }, state: .wentBack, whole: .stopped),
        ])
    func one(line: Line) {
        var fleet = PaperFleet(["", ""])
        fleet.come(0)
        fleet.pass()
        line.act(&fleet)
        #expect(fleet.state(0) == line.state)
        #expect(fleet.rollout.state == line.whole)
        #expect(fleet.rollout.hosts[PaperFleet.host(0)].map { $0.storedChanges <= Rollout.mostChanges + 1 } == true)
    }

    @Test("believes nothing of a host that was not offered it")
    func unoffered() {
        var fleet = PaperFleet(["canary", "web"]) { $0.rings = ["canary", "web"] }
        fleet.come(0, "canary")
        fleet.come(1, "web")
        fleet.pass()
        for stage in [UpgradeReport.Stage.fetching, .installing, .done, .refused, .wentBack, .failed] {
            fleet.say(1, stage, has: PaperFleet.version)
        }
        fleet.say(9, .failed)
        #expect(fleet.state(1) == .waiting)
        #expect(fleet.rollout.state == .running)
        #expect(!fleet.offers(1) && !fleet.offers(9))
    }

    @Test(
        "stops where more fail than may: the offer is taken back from those that have not begun, and one alarm is raised"
    )
    func gate() {
        var fleet = PaperFleet([String](repeating: "", count: 6)) { $0.atMostFailed = 1 }
        for number in 0..<6 { fleet.come(number) }
        fleet.pass()
        fleet.say(0, .fetching)
        fleet.say(1, .installing)
        fleet.succeed(2)
        fleet.say(3, .wentBack, "it did not start")
        #expect(fleet.rollout.state == .running)
        fleet.say(4, .failed, "dpkg")
        #expect(fleet.rollout.state == .stopped)
        #expect(fleet.rollout.why == "2 hosts have failed, gone back or been lost. The last: dpkg")
        #expect(fleet.states == [.waiting, .installing, .soaking, .wentBack, .failed, .waiting])
        let withdrawn = fleet.commands.filter { if case .withdraw = $0 { true } else { false } }
        #expect(withdrawn == [.withdraw(PaperFleet.host(0)), .withdraw(PaperFleet.host(5))])
        #expect(fleet.commands.filter { if case .alarm = $0 { true } else { false } } == [.alarm(PaperFleet.host(4))])
        #expect((0..<6).map { fleet.offers($0) } == [false, true, true, false, false, false])
        // Those that had begun are still heard.
        fleet.say(1, .done, has: PaperFleet.version)
        fleet.pass(10_000)
        #expect(fleet.state(1) == .done)
        #expect(fleet.states.filter { $0 == .offered } == [])
        // A person goes on: the failures are excused, and never offered again.
        fleet.send(.resume)
        fleet.pass()
        #expect(fleet.states == [.offered, .done, .done, .wentBack, .failed, .offered])
        fleet.say(0, .wentBack)
        #expect(fleet.rollout.state == .running, "one more may fail")
        fleet.say(5, .wentBack)
        #expect(fleet.rollout.state == .stopped)
    }

    @Test("no more hosts are at it at one time than may, in an order that the seed decides")
    func places() {
        var fleet = PaperFleet([String](repeating: "", count: 40)) {
            $0.atOnce = 5
            $0.soak = .zero
        }
        for number in 0..<40 { fleet.come(number) }
        var order: [Int] = []
        for _ in 0..<40 {
            fleet.pass()
            let at = (0..<40).filter { fleet.state($0)?.isAtIt == true }
            #expect(at.count <= 5)
            guard let next = at.first else { break }
            order.append(next)
            fleet.succeed(next)
        }
        fleet.pass()
        #expect(order.count == 40 && Set(order).count == 40)
        #expect(fleet.rollout.state == .finished)
        let first = fleet.commands.prefix(5)
        #expect(Array(first) != (0..<5).map { .offer(PaperFleet.host(UInt64($0))) }, "not by their identifiers")
    }

    @Test("hosts that are away hold their ring for a time, and are offered it when they come")
    func away() {
        var fleet = PaperFleet(["canary", "canary", "web"]) {
            $0.rings = ["canary", "web"]
            $0.soak = .zero
        }
        fleet.come(0, "canary")
        fleet.come(2, "web")
        fleet.pass()
        fleet.succeed(0)
        fleet.pass()
        #expect(fleet.states == [.done, .waiting, .waiting], "the one that is away holds the ring")
        fleet.pass(3600)
        #expect(fleet.states == [.done, .notReached, .offered])
        fleet.succeed(2)
        fleet.pass()
        #expect(fleet.rollout.state == .finished)
        fleet.come(1, "canary")
        fleet.enrol(3, "web")
        fleet.come(3, "web")
        fleet.pass()
        #expect(fleet.states == [.done, .offered, .done, .offered], "late and new hosts are offered it")
        fleet.say(1, .wentBack)
        #expect(fleet.rollout.state == .stopped, "and are watched")
    }

    @Test("a ring that nobody took stops the rollout, unless it is the last; a person can let that pass")
    func unproved() {
        var fleet = PaperFleet(["canary", "web"]) { $0.rings = ["canary", "web"] }
        fleet.come(1, "web")
        fleet.pass(3600)
        #expect(fleet.rollout.state == .stopped)
        #expect(fleet.rollout.why == "No host of ring canary has taken it.")
        fleet.send(.resume)
        fleet.pass()
        #expect(fleet.states == [.notReached, .offered])
    }

    @Test("an empty ring holds nobody up, and hosts of no ring are left out")
    func empty() {
        var fleet = PaperFleet(["web", "db"]) { $0.rings = ["canary", "web"] }
        fleet.come(0, "web")
        fleet.come(1, "db")
        fleet.pass()
        #expect(fleet.states == [.offered])
        #expect(fleet.state(1) == nil)
    }

    @Test("hosts that cannot take it are listed with the reason, and offered it once they can")
    func unready() {
        var fleet = PaperFleet(["", "", "", ""])
        fleet.come(0, "", .noWayBack(PaperFleet.had))
        fleet.come(1, "", .noRelease(architecture: "arm64"))
        fleet.come(2, "", .has)
        fleet.come(3, "", .unknown)
        fleet.pass()
        #expect(fleet.states == [.noWayBack, .noRelease, .done, .waiting])
        #expect(fleet.fault(0) == "The controller does not have the release 1.0: add it.")
        fleet.pass(3600)
        #expect(fleet.state(3) == .notReached)
        #expect(fleet.rollout.state == .finished)
        for number in [0, 1, 3] { fleet.come(number) }
        fleet.pass()
        #expect(fleet.states == [.offered, .offered, .done, .offered])
        var brave = PaperFleet([""]) { $0.isOneWay = true }
        brave.come(0, "", .noWayBack(PaperFleet.had))
        brave.pass()
        #expect(brave.states == [.offered])
    }

    @Test("a host must stay connected for the whole soak time")
    func soak() {
        var fleet = PaperFleet([""]) { $0.soak = .seconds(600) }
        fleet.come(0)
        fleet.pass()
        fleet.succeed(0)
        fleet.pass(500)
        fleet.leave(0)
        fleet.pass(60)
        fleet.come(0, "", .has)
        fleet.say(0, .done, has: PaperFleet.version)
        fleet.pass(500)
        fleet.say(0, .done, has: PaperFleet.version)
        #expect(fleet.state(0) == .soaking, "it begins anew when it comes back")
        fleet.pass(100)
        #expect(fleet.state(0) == .done, "and goes on whatever the host says again")
    }

    @Test("people hold it, go on, and end it; what is over can not be ended twice")
    func people() {
        var fleet = PaperFleet(["", ""]) { $0.atOnce = 1 }
        fleet.come(0)
        fleet.come(1)
        fleet.pass()
        let first = fleet.state(0) == .offered ? 0 : 1
        fleet.send(.pause)
        fleet.succeed(first)
        fleet.pass(3600)
        #expect(fleet.state(first) == .done)
        #expect(fleet.state(1 - first) == .waiting, "nobody further is offered it")
        fleet.send(.resume)
        fleet.pass()
        #expect(fleet.state(1 - first) == .offered)
        fleet.send(.cancel)
        #expect(!fleet.offers(1 - first) && fleet.offers(first))
        fleet.send(.cancel)
        fleet.send(.resume)
        fleet.send(.pause)
        fleet.pass(10_000)
        #expect(fleet.rollout.state == .cancelled)
        #expect(fleet.verbs == ["paused", "resumed", "cancelled"])
    }

    @Test("a host that is put out of the fleet gives its place back")
    func revoked() {
        var fleet = PaperFleet(["", ""]) { $0.atOnce = 1 }
        fleet.come(0)
        fleet.come(1)
        fleet.pass()
        let first = fleet.state(0) == .offered ? 0 : 1
        fleet.send(.revoked(PaperFleet.host(UInt64(first))))
        fleet.leave(first)
        fleet.pass()
        #expect(fleet.state(first) == .notReached)
        #expect(fleet.state(1 - first) == .offered)
    }

    @Test(
        "a plan that cannot be carried out is refused",
        arguments: [
            { $0.rings = [] }, { $0.rings = ["a", "a"] }, { $0.rings = [""] }, { $0.atOnce = 0 },
            { $0.rings = (0..<17).map { "r\($0)" } }, { $0.soak = .seconds(-1) }, { $0.patience = .zero },
            { $0.atMostFailed = -1 }, { $0.soak = .seconds(31 * 86_400) },
        ] as [@Sendable (inout RolloutPlan) -> Void])
    func plans(spoil: @Sendable (inout RolloutPlan) -> Void) {
        var plan = RolloutPlan(version: "1")
        #expect(plan.fault == nil)
        spoil(&plan)
        #expect(plan.fault != nil)
    }
}
