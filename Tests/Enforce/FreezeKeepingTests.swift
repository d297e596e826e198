import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// What is frozen stays so exactly as long as somebody knows of it: over crashes, wider orders and the package's end.
@Suite("Keeping frozen", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct FreezeKeepingTests {
    private let lab: Lab
    private let fleet: Enrolled
    private let parent: Program

    init() throws {
        lab = try Lab()
        fleet = try Enrolled(lab.scratch)
        parent = try Program(["setsid", "sh", "-c", "sleep 600 & echo ready; wait"])
        #expect(parent.line() == "ready")
    }

    private func freezing(_ scope: ProcessTarget.Scope) throws -> ProcessFreezing {
        let start = try #require(RunningProcess(pid: parent.pid)?.startTime)
        return ProcessFreezing(
            target: ProcessTarget(pid: parent.pid, startTime: start, executable: nil, scope: scope),
            duration: .seconds(600))
    }

    private var states: Set<Character> {
        let tree = [parent.pid] + RunningProcess.parents().filter { $0.value == parent.pid }.keys
        return Set(tree.compactMap { RunningProcess(pid: $0)?.state })
    }

    @Test("to freeze a tree after its root freezes the rest too, and each is thawed by its own order")
    func wider() throws {
        defer { kill(-parent.pid, SIGKILL) }
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let root = fleet.order(.freezeProcess(try freezing(.process)))
        #expect(try enforcer.execute(root).outcome == .succeeded)
        #expect(states == ["T", "S"])
        let tree = fleet.order(.freezeProcess(try freezing(.tree)))
        #expect(try enforcer.execute(tree).outcome == .succeeded)
        #expect(states == ["T"])
        #expect(try enforcer.status().containment.model().effects.count == 2)
        #expect(try enforcer.execute(.thawProcess(root.id)).outcome == .succeeded)
        #expect(enforcer.becomes { states == ["T"] }, "the tree's order holds the root still")
        #expect(try enforcer.execute(.thawProcess(tree.id)).outcome == .succeeded)
        #expect(enforcer.becomes { states == ["S"] })
    }

    @Test("what a crash left stopped before it was written down is known again, and goes on when it is thawed")
    func interrupted() throws {
        defer { kill(-parent.pid, SIGKILL) }
        let order = fleet.order(.freezeProcess(try freezing(.tree)))
        let start = try #require(RunningProcess(pid: parent.pid)?.startTime)
        let clock = BootClock.live
        do {
            _ = unsafe mkdir(lab.scratch.path + "/state", 0o700)
            var journal = try OrderJournal(folder: lab.scratch.path + "/state", clock: clock)
            let effect = HeldEffect(
                key: HeldEffect.Key(kind: .freezeProcess, subject: "\(parent.pid)/\(start)/tree"), orders: [order.id],
                title: "", term: clock.term(.seconds(600)), undo: FrozenProcesses.begun(boot: clock.boot).bytes)
            try journal.append([.held(effect)])
        }
        kill(-parent.pid, SIGSTOP)
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        #expect(try enforcer.execute(.thawProcess(order.id)).outcome == .succeeded)
        #expect(enforcer.becomes { states == ["S"] })
        #expect(try enforcer.status().containment.model().effects == [])
    }

    @Test("what is frozen goes on when the host is left: nobody would let it go on at its term")
    func leaving() throws {
        defer { kill(-parent.pid, SIGKILL) }
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        #expect(try enforcer.execute(.freezeProcess(freezing(.tree))).outcome == .succeeded)
        enforcer.kill()
        #expect(states == ["T"])
        let said = try Program.run([
            "nsenter", "--net=/run/netns/\(lab.host)", EnforcerProcess.binary, "leave", "--config",
            lab.scratch.path + "/enforcer.toml",
        ])
        #expect(said.status == 0 && said.output.contains("2 frozen processes go on"), "\(said.output)")
        let again = try EnforcerProcess(fleet, in: lab.host)
        #expect(try again.status().containment.model().effects == [])
        #expect(again.becomes { states == ["S"] })
    }

    @Test("a tree that is frozen and thawed again and again always goes on")
    func often() throws {
        defer { kill(-parent.pid, SIGKILL) }
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        for _ in 0..<40 {
            let order = fleet.order(.freezeProcess(try freezing(.tree)))
            #expect(try enforcer.execute(order).outcome == .succeeded)
            #expect(try enforcer.execute(.thawProcess(order.id)).outcome == .succeeded)
            #expect(enforcer.becomes { states == ["S"] })
        }
    }
}
