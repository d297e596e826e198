import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// Killing processes: the real enforcer and real processes.
@Suite("Kill", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct KillTests {
    private let lab: Lab
    private let enforcer: EnforcerProcess

    init() throws {
        lab = try Lab()
        enforcer = try EnforcerProcess(
            Enrolled(lab.scratch, policy: #"protected_processes = ["*/protected-*"]"#), in: lab.host)
    }

    /// A copy of a program that does nothing for ten minutes, under a name.
    private func sleeper(_ name: String) throws -> Program {
        try Program.must(["cp", "/bin/sleep", "\(lab.scratch.path)/\(name)"])
        return try Program(["\(lab.scratch.path)/\(name)", "600"])
    }

    private func target(_ pid: Int32, scope: ProcessTarget.Scope = .process) throws -> ProcessTarget {
        let process = try #require(
            eventually {
                RunningProcess(pid: pid).flatMap {
                    $0.executable?.hasPrefix("/tmp/cordon-t-") == true || scope != .process ? $0 : nil
                }
            })
        return ProcessTarget(pid: pid, startTime: process.startTime, executable: process.executable ?? "", scope: scope)
    }

    /// What is there at last, within two seconds.
    private func eventually<Value>(_ find: () -> Value?) -> Value? {
        for _ in 0..<100 {
            if let found = find() { return found }
            usleep(20_000)
        }
        return nil
    }

    @Test("a process that is meant dies")
    func one() throws {
        let victim = try sleeper("victim")
        let result = try enforcer.execute(.killProcess(target(victim.pid)))
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.probes.first?.name == "process_gone")
        #expect(victim.wait() == 128 + SIGKILL)
    }

    @Test("a successor with the same number is left alone")
    func reused() throws {
        let innocent = try sleeper("innocent")
        var target = try target(innocent.pid)
        target.startTime -= 1
        #expect(try enforcer.execute(.killProcess(target)).outcome == .failed(code: "process.gone"))
        #expect(RunningProcess(pid: innocent.pid)?.state == "S")
    }

    @Test(
        "a process whose executable was renamed or deleted is known all the same; one that runs another is left alone")
    func renamed() throws {
        let folder = lab.scratch.path
        let victim = try sleeper("first")
        let target = try target(victim.pid)
        try Program.must(["mv", "\(folder)/first", "\(folder)/second"])
        // Who runs the same file, and who comes to the old name later, is not meant.
        let same = try Program(["\(folder)/second", "600"])
        #expect(try enforcer.execute(.killProcess(target)).outcome == .succeeded)
        #expect(victim.wait() == 128 + SIGKILL)
        #expect(RunningProcess(pid: same.pid)?.state == "S")

        // A program of the host's, older than the process.
        let changed = try Program(["\(folder)/second", "600"])
        var other = try self.target(changed.pid)
        other.executable = "\(folder)/first"
        try Program.must(["touch", "\(folder)/first"])
        let refused = try enforcer.execute(.killProcess(other))
        #expect(refused.outcome == .failed(code: "process.not_the_same"), "another file has the name")
        #expect(refused.message.contains("without an executable"), "\(refused.message)")
        #expect(RunningProcess(pid: changed.pid)?.state == "S")
        other.executable = nil
        #expect(try enforcer.execute(.killProcess(other)).outcome == .succeeded)

        let shell = try Program(["bash", "-c", "echo up; read -r; exec /bin/sleep 600"])
        #expect(shell.line() == "up")
        let started = try #require(RunningProcess(pid: shell.pid))
        shell.write("go\n")
        #expect(eventually { RunningProcess(pid: shell.pid)?.executable != started.executable ? true : nil } == true)
        let gone = ProcessTarget(
            pid: shell.pid, startTime: started.startTime, executable: "\(folder)/never", scope: .process)
        #expect(try enforcer.execute(.killProcess(gone)).outcome == .failed(code: "process.not_the_same"))
        #expect(RunningProcess(pid: shell.pid)?.state == "S")

        let deleted = try sleeper("third")
        let meant = try self.target(deleted.pid)
        try Program.must(["rm", "\(lab.scratch.path)/third"])
        #expect(try enforcer.execute(.killProcess(meant)).outcome == .succeeded)
    }

    @Test("a tree that goes on forking dies whole")
    func tree() throws {
        let bomb = try Program(["python3", "-u", lab.scratch.path + "/lab.py", "bomb"])
        #expect(bomb.line() == "ready")
        let result = try enforcer.execute(.killProcess(try target(bomb.pid, scope: .tree)))
        #expect(result.outcome == .succeeded, "\(result.message)")
        let left = try Program.run(["pgrep", "-f", "\(lab.scratch.path)/lab.py bomb"]).output
        #expect(left.isEmpty, "\(left)")
    }

    @Test("a cgroup dies whole, and the enforcer's own and the root are refused")
    func cgroup() throws {
        let mounts = try Program.must(["findmnt", "-n", "-t", "cgroup2", "-o", "TARGET"])
        let mount = try #require(mounts.split(separator: "\n").first)
        let folder = "\(mount)/\(lab.name)"
        try Program.must(["mkdir", folder])
        defer { _ = try? Program.run(["rmdir", folder]) }
        let victims = try (0..<3).map { try sleeper("member\($0)") }
        let outsider = try sleeper("outsider")
        for victim in victims { try Program.must(["sh", "-c", "echo \(victim.pid) > \(folder)/cgroup.procs"]) }
        var target = try target(victims[0].pid)
        target.scope = .cgroup
        let result = try enforcer.execute(.killProcess(target))
        #expect(result.outcome == .succeeded, "\(result.message)")
        for victim in victims { #expect(RunningProcess(pid: victim.pid).map { $0.state == "Z" } ?? true) }
        var other = try self.target(outsider.pid)
        other.scope = .cgroup
        #expect(try enforcer.execute(.killProcess(other)).outcome == .refused(rule: "built-in: cgroup"))
    }

    @Test("a process that cannot die is said to be waiting where no signal reaches it", .enabled(if: Freezer.isThere))
    func unkillable() throws {
        let freezer = try Freezer(lab.name)
        let victim = try sleeper("stuck")
        let target = try target(victim.pid)
        try freezer.freeze(victim.pid)
        #expect(eventually { RunningProcess(pid: victim.pid)?.state == "D" ? true : nil } == true)
        let result = try enforcer.execute(.killProcess(target))
        #expect(result.outcome == .failed(code: "process.unkillable"))
        #expect(result.message.contains("is in state D, in uninterruptible wait at "), "\(result.message)")
        #expect(result.proof?.probes.first?.passed == false)
        // SIGKILL is pending, as the message says: it dies as soon as it can.
        try freezer.thaw()
        #expect(victim.wait() == 128 + SIGKILL)
    }

    @Test("a protected process keeps its tree alive, and running")
    func protected() throws {
        try Program.must(["cp", "/bin/sleep", "\(lab.scratch.path)/protected-db"])
        let shell = try Program(["sh", "-c", "\(lab.scratch.path)/protected-db 600 & echo up; wait"])
        #expect(shell.line() == "up")
        let database = try #require(RunningProcess.parents().first { $0.value == shell.pid }?.key)
        defer { kill(database, SIGKILL) }
        let result = try enforcer.execute(.killProcess(try target(shell.pid, scope: .tree)))
        guard case .refused(let rule) = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(rule == "protected_processes (\(lab.scratch.path)/policy.d/10.toml:1)")
        #expect(eventually { RunningProcess(pid: shell.pid)?.state == "S" ? true : nil } == true)
    }

    @Test("init, kernel threads and the enforcer itself are never killed")
    func never() throws {
        for pid in [Int32(1), 2] {
            let process = try #require(RunningProcess(pid: pid))
            let target = ProcessTarget(
                pid: pid, startTime: process.startTime, executable: process.executable ?? "", scope: .process)
            let response = try enforcer.execute(.killProcess(target))
            guard case .refused(let rule) = response.outcome else {
                Issue.record("\(response)")
                continue
            }
            #expect(rule.hasPrefix("built-in") || rule == "action")
        }
        let own = try #require(RunningProcess(pid: enforcer.program.pid))
        let target = ProcessTarget(
            pid: own.pid, startTime: own.startTime, executable: own.executable ?? "", scope: .process)
        #expect(try enforcer.execute(.killProcess(target)).outcome == .refused(rule: "built-in: enforcer"))
    }
}

/// The first kind of control groups can stop processes so that not even SIGKILL moves them: in state D, as behind a
/// disk that does not answer.
private final class Freezer: Sendable {
    /// Whether this kernel has it; the second kind lets frozen processes be killed.
    static var isThere: Bool {
        (try? Program.run(["grep", "-q", "^freezer", "/proc/cgroups"]).status) == 0
    }

    private let mount: String
    private let folder: String

    init(_ name: String) throws {
        mount = "/tmp/\(name)-freezer"
        folder = mount + "/" + name
        try Program.must(["mkdir", mount])
        try Program.must(["mount", "-t", "cgroup", "-o", "freezer", "none", mount])
        try Program.must(["mkdir", folder])
    }

    deinit {
        try? thaw()
        _ = try? Program.run(["rmdir", folder])
        _ = try? Program.run(["umount", mount])
        _ = try? Program.run(["rmdir", mount])
    }

    func freeze(_ pid: Int32) throws {
        try Program.must(["sh", "-c", "echo \(pid) > \(folder)/cgroup.procs && echo FROZEN > \(folder)/freezer.state"])
    }

    func thaw() throws { try Program.must(["sh", "-c", "echo THAWED > \(folder)/freezer.state"]) }
}
