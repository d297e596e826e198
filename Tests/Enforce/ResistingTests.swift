import CordonModel
import CordonOrders
import Glibc
import Testing

@testable import AgentEnforce

/// Killing what does not want to die: the ones that are meant are gone, and those beside them live.
@Suite("Kill of what resists", .enabled(if: filesObstacle == nil, "\(filesObstacle ?? "")"), .serialized)
struct ResistingTests {
    private let scratch: Scratch
    private let group: TestCgroup
    private let kill = ProcessKill(policy: LocalPolicy(), agentUser: 0)

    init() throws {
        scratch = try Scratch()
        group = try TestCgroup()
        try scratch.file("resist.py", ResistingProcess.script)
    }

    /// A program that has told who is who.
    private final class Scene: Sendable {
        let program: Program
        let people: [String: Int32]

        init(_ script: String, _ way: String, _ group: TestCgroup) throws {
            program = try Program(["setsid", "python3", "-u", script, way], environment: ["GROUP=" + group.folder])
            let words = try #require(program.line()).split(separator: " ")
            try #require(words.count >= 4 && words.count.isMultiple(of: 2), "\(words)")
            people = Dictionary(
                uniqueKeysWithValues: stride(from: 0, to: words.count, by: 2).compactMap { place in
                    Int32(words[place + 1]).map { (String(words[place]), $0) }
                })
        }

        subscript(_ name: String) -> Int32 {
            get throws { try #require(people[name], "\(name)") }
        }

        func lives(_ name: String) throws -> Bool { try Self.lives(self[name]) }

        static func lives(_ pid: Int32) -> Bool { RunningProcess(pid: pid).map { $0.state != "Z" } ?? false }
    }

    private func scene(_ way: String) throws -> Scene { try Scene(scratch.path + "/resist.py", way, group) }

    private func target(_ pid: Int32, _ scope: ProcessTarget.Scope = .process) throws -> ProcessTarget {
        let process = try #require(RunningProcess(pid: pid))
        return ProcessTarget(pid: pid, startTime: process.startTime, executable: process.executable, scope: scope)
    }

    private func children(of pid: Int32) -> [Int32] { RunningProcess.parents().filter { $0.value == pid }.map(\.key) }

    private func becomes(_ wanted: () -> Bool) -> Bool {
        for _ in 0..<500 where !wanted() { usleep(10_000) }
        return wanted()
    }

    /// All that this test started and that lives, but the program itself and those named.
    private func strays(of scene: Scene, but names: String...) throws -> Set<Int32> {
        let known = try Set(names.map { try scene[$0] } + [scene.program.pid])
        let found = try Program.run(["pgrep", "-f", scratch.path + "/resist.py"]).output
        return Set(found.split(separator: "\n").compactMap { Int32($0) }.filter { Scene.lives($0) }).subtracting(known)
    }

    @Test("one of two that are alike dies, the other lives, and so does a later process of the same number")
    func alike() throws {
        let scene = try scene("idle")
        var earlier = try target(scene["bystander"])
        earlier.startTime -= 1
        #expect(throws: EnforceError.self) { try kill.perform(earlier) }
        #expect(try kill.perform(target(scene["victim"])).killed == 1)
        #expect(try !scene.lives("victim") && scene.lives("bystander"))
    }

    @Test("a worker that is brought back is another process; with who brings it back it is gone for good")
    func respawner() throws {
        let scene = try scene("respawner")
        let worker = try target(scene["worker"])
        #expect(try kill.perform(worker).killed == 1)
        let victim = try scene["victim"]
        #expect(becomes { children(of: victim).contains { $0 != worker.pid && Scene.lives($0) } })
        // What was ordered for the first worker means no other.
        #expect(throws: EnforceError.self) { try kill.perform(worker) }
        let report = try kill.perform(target(victim, .tree))
        #expect(report.killed == 2 && report.left.isEmpty, "\(report)")
        #expect(try strays(of: scene, but: "bystander") == [])
        #expect(try scene.lives("bystander"))
    }

    @Test("a daemon that has left its tree is not taken for one of it, and dies by its number or its cgroup")
    func daemon() throws {
        for scope in [ProcessTarget.Scope.process, .tree, .cgroup] {
            let scene = try scene("daemon")
            #expect(try kill.perform(target(scene["victim"], scope)).left == [])
            #expect(try !scene.lives("victim") && scene.lives("bystander"), "\(scope)")
        }
        let scene = try scene("daemon")
        #expect(try kill.perform(target(scene.program.pid, .tree)).left == [])
        #expect(try scene.lives("victim") && !scene.lives("bystander"))
    }

    @Test("who has lost its parent dies with the tree whose session it is in, and nobody of another session does")
    func adrift() throws {
        let scene = try scene("adrift")
        let victim = try scene["victim"]
        for name in ["orphan", "deeper"] {
            let orphan = try #require(RunningProcess(pid: scene[name]))
            #expect(orphan.parent != victim && !children(of: victim).contains(orphan.pid), "\(name) is nobody's child")
        }
        let before = Set(ProcessKill.members(group.folder))
        let report = try kill.perform(target(victim, .tree))
        #expect(report.killed == 4 && report.left.isEmpty, "\(report)")
        for name in ["victim", "orphan", "deeper"] { #expect(try !scene.lives(name), "\(name)") }
        // In the session of the program, which the victim does not lead; so is who leads a process group alone.
        for name in ["stranger", "bystander", "mute"] { #expect(try scene.lives(name), "\(name)") }
        #expect(try kill.perform(target(scene["mute"], .tree)).killed == 1)
        #expect(try scene.lives("stranger") && scene.lives("bystander"))
        let left = Set(ProcessKill.members(group.folder)).filter(Scene.lives)
        #expect(try left.count == 2 && left.isSubset(of: before) && left.contains(scene["stranger"]), "\(left)")
    }

    @Test("two that bring each other back die together by their cgroup, and nobody outside of it")
    func guards() throws {
        let scene = try scene("guards")
        #expect(becomes { ProcessKill.members(group.folder).count == 2 })
        let before = Set(ProcessKill.members(group.folder))
        #expect(try kill.perform(target(scene["victim"])).killed == 1)
        let isBack = becomes { ProcessKill.members(group.folder).contains { !before.contains($0) && Scene.lives($0) } }
        #expect(isBack)
        let member = try #require(ProcessKill.members(group.folder).first { Scene.lives($0) })
        #expect(try kill.perform(target(member, .cgroup)).left == [])
        #expect(try strays(of: scene, but: "bystander") == [])
        #expect(try scene.lives("bystander"))
    }

    @Test(
        "a traced process dies though its tracer never asks after it, and the tracer lives",
        arguments: [
            ProcessTarget.Scope.process, .tree,
        ])
    func traced(_ scope: ProcessTarget.Scope) throws {
        let scene = try scene("traced")
        let report = try kill.perform(target(scene["victim"], scope))
        #expect(report.killed == 1 && report.left.isEmpty, "\(report)")
        #expect(try !scene.lives("victim") && scene.lives("tracer") && scene.lives("bystander"))
    }

    @Test("a traced process of which threads run is not called frozen")
    func tracedFreeze() throws {
        let scene = try scene("traced")
        var freeze = ProcessFreeze(policy: LocalPolicy(), agentUser: 0)
        freeze.patience = .milliseconds(100)
        let frozen = try freeze.freeze(target(scene["victim"]))
        let standing = try #require(freeze.standings(of: frozen).first)
        #expect(standing.state == "t" && !standing.isFrozen)
        #expect(try Glibc.kill(scene["tracer"], SIGKILL) == 0)
        #expect(becomes { freeze.standings(of: frozen).first?.isFrozen == true }, "the stop is pending still")
    }

    @Test("a process that its tracer holds on its way out is not called gone; who holds it is named")
    func held() throws {
        let scene = try scene("held")
        var hasty = kill
        hasty.patience = .milliseconds(200)
        let report = try hasty.perform(target(scene["victim"]))
        #expect(report.killed == 0)
        let tracer = try scene["tracer"]
        #expect(report.left.first?.contains("by process \(tracer), which traces it") == true, "\(report.left)")
        #expect(try kill.perform(target(tracer)).killed == 1)
        #expect(becomes { (try? scene.lives("victim")) == false })
        #expect(try scene.lives("bystander"))
    }

    @Test(
        "a tree whose tracer lets it go on whenever it is stopped dies whole, whichever of its threads traces",
        arguments: ["unstoppable", "unstoppable by a thread"])
    func unstoppable(_ way: String) throws {
        let scene = try scene(way)
        #expect(try RunningProcess.tracers(of: scene["victim"]) == [scene["tracer"]])
        let report = try kill.perform(target(scene["victim"], .tree))
        #expect(report.left == [])
        #expect(try strays(of: scene, but: "bystander", "tracer") == [])
        #expect(try scene.lives("bystander") && scene.lives("tracer"))
        let tracer = try scene["tracer"]
        #expect(becomes { RunningProcess(pid: tracer)?.state == "S" }, "it goes on")
    }

    @Test(
        "what stands still in a cgroup that somebody froze dies alone, or with its tree",
        arguments: [
            ProcessTarget.Scope.process, .tree,
        ])
    func frozen(_ scope: ProcessTarget.Scope) throws {
        let scene = try scene("idle")
        for name in ["victim", "bystander"] { try group.add(scene[name]) }
        try Program.must(["sh", "-c", "echo 1 > \(group.folder)/cgroup.freeze"])
        #expect(try kill.perform(target(scene["victim"], scope)).left == [])
        #expect(try !scene.lives("victim") && scene.lives("bystander"))
        #expect(TextFile.line(group.folder + "/cgroup.freeze") == "1")
    }

    @Test("a process that waits in the kernel for its child dies with it")
    func waits() throws {
        let scene = try scene("waits")
        let victim = try scene["victim"]
        #expect(becomes { RunningProcess(pid: victim)?.state == "D" })
        let report = try kill.perform(target(victim, .tree))
        #expect(report.killed == 2 && report.left.isEmpty, "\(report)")
        #expect(try strays(of: scene, but: "bystander") == [])
        #expect(try scene.lives("bystander"))
    }

    @Test(
        "a process that waits for a disk that does not answer is not called gone, and is when the disk's server is",
        .enabled(if: unsafe access("/dev/fuse", R_OK) == 0, "needs /dev/fuse"))
    func stuck() throws {
        let scene = try scene("stuck")
        var hasty = kill
        hasty.patience = .milliseconds(200)
        let report = try hasty.perform(target(scene["victim"]))
        #expect(report.killed == 0)
        #expect(report.left.first?.contains("is in state D, in uninterruptible wait at ") == true, "\(report.left)")
        #expect(try scene.lives("server") && scene.lives("bystander"))
        #expect(try kill.perform(target(scene["server"])).killed == 1)
        #expect(becomes { (try? scene.lives("victim")) == false })
        #expect(try scene.lives("bystander"))
    }

    @Test("of another namespace of processes one dies by the number that it has here, or all with their first")
    func space() throws {
        let scene = try scene("space")
        let first = try scene["victim"]
        let members = children(of: first)
        try #require(members.count == 2)
        #expect(try kill.perform(target(members[0])).killed == 1)
        #expect(!Scene.lives(members[0]) && Scene.lives(members[1]) && Scene.lives(first))
        // Its number in there is 1, which here is another's.
        let start = try #require(RunningProcess(pid: first)).startTime
        let inner = ProcessTarget(pid: 1, startTime: start, executable: nil, scope: .process)
        #expect(throws: Refusal.self) { try kill.perform(inner) }
        #expect(try kill.perform(target(first)).killed == 1)
        #expect(becomes { !Scene.lives(members[1]) })
        #expect(try scene.lives("bystander"))
    }
}
