import CordonModel
import CordonOrders
import Glibc
import Testing

@testable import AgentEnforce

/// Who traces a tree that is killed, when the enforcer is killed in the middle of that.
@Suite("A tracer that is held", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"))
struct PausedTracerTests {
    @Test("a tracer that is held still while its tree is killed goes on though the enforcer is killed meanwhile")
    func killed() throws {
        let lab = try Lab()
        let fleet = try Enrolled(lab.scratch)
        let group = try TestCgroup()
        let script = try lab.scratch.file("resist.py", ResistingProcess.script)
        let program = try Program(
            ["setsid", "python3", "-u", script, "traced"], environment: ["GROUP=" + group.folder])
        let words = try #require(program.line()).split(separator: " ").map(String.init)
        let people = Dictionary(uniqueKeysWithValues: zip(words, words.dropFirst()).filter { Int32($0.1) != nil })
        let victim = try #require(people["victim"].flatMap { Int32($0) })
        let tracer = try #require(people["tracer"].flatMap { Int32($0) })
        // Who is frozen so does not hear of the signal: it is waited for.
        try group.add(victim)
        try Program.must(["sh", "-c", "echo 1 > \(group.folder)/cgroup.freeze"])
        let process = try #require(RunningProcess(pid: victim))
        let target = ProcessTarget(
            pid: victim, startTime: process.startTime, executable: process.executable, scope: .tree)
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        var state = RunningProcess(pid: tracer)?.state
        #expect(state == "S")
        let result = try MemoryGround(lab).meanwhile(fleet.order(.killProcess(target)), enforcer) {
            let isHeld = enforcer.becomes { RunningProcess(pid: tracer).map { $0.state != "S" } == true }
            state = RunningProcess(pid: tracer)?.state
            enforcer.kill()
            #expect(isHeld && state == "t", "\(state ?? "?")")
        }
        #expect(throws: (any Error).self) { try result.get() }
        #expect(enforcer.becomes { RunningProcess(pid: tracer)?.state == "S" }, "it goes on")
    }
}
