import CordonModel
import CordonOrders
import Glibc
import Testing

@testable import AgentEnforce

/// Freezing processes and letting them go on: real processes, told by what they print.
@Suite("Freeze", .enabled(if: filesObstacle == nil, "\(filesObstacle ?? "")"))
struct FreezeTests {
    private let scratch: Scratch
    private let freeze = ProcessFreeze(policy: LocalPolicy(), agentUser: 0)

    init() throws {
        scratch = try Scratch()
        try scratch.file("ticker.py", Self.script)
    }

    /// `echo`: answers each line with one of its own. `tree`: has three children, and forks for as long as it runs.
    private static let script = """
        import os, sys, time
        if sys.argv[1] == 'echo':
            print('ready', flush=True)
            for line in sys.stdin: print(line.strip(), flush=True)
        else:
            for _ in range(3):
                if os.fork() == 0:
                    while True:
                        pid = os.fork()
                        if pid == 0: time.sleep(0.02); os._exit(0)
                        os.waitpid(pid, 0)
            print('ready', flush=True)
            for line in sys.stdin: print(line.strip(), flush=True)
            os.killpg(0, 9)
        """

    private func start(_ verb: String = "echo") throws -> Program {
        let program = try Program(["setsid", "python3", "-u", scratch.path + "/ticker.py", verb])
        #expect(program.line() == "ready")
        return program
    }

    private func target(_ pid: Int32, _ scope: ProcessTarget.Scope = .process) throws -> ProcessTarget {
        let process = try #require(RunningProcess(pid: pid))
        return ProcessTarget(pid: pid, startTime: process.startTime, executable: process.executable ?? "", scope: scope)
    }

    /// Whether the program answers: a frozen one does when it goes on, and not before.
    private func isSilent(_ program: Program) -> Bool {
        program.write("are you there\n")
        return program.line(within: 100) == nil
    }

    @Test("a frozen process does nothing until it is let go on, also by an enforcer that only has the record")
    func one() throws {
        let program = try start()
        let frozen = try freeze.freeze(target(program.pid))
        #expect(frozen.members.map(\.pid) == [program.pid])
        #expect(freeze.standings(of: frozen).map(\.state) == ["T"])
        #expect(freeze.standings(of: frozen).allSatisfy { $0.isFrozen })
        #expect(isSilent(program))
        let kept = try #require(FrozenProcesses(bytes: frozen.bytes))
        #expect(kept == frozen)
        let another = ProcessFreeze(policy: LocalPolicy(), agentUser: 0)
        let report = try another.thaw(kept)
        #expect(report == ProcessFreeze.Report(resumed: 1))
        #expect(program.line() == "are you there")
        #expect(!another.standings(of: kept).contains { $0.isFrozen })
    }

    @Test("a tree that goes on forking is frozen whole, and goes on whole")
    func tree() throws {
        let program = try start("tree")
        let frozen = try freeze.freeze(target(program.pid, .tree))
        #expect(frozen.members.count >= 4)
        #expect(freeze.standings(of: frozen).allSatisfy { $0.isFrozen })
        // All that has its session: nobody was born since, and nobody runs.
        let session = try Program.run(["ps", "-o", "pid=,stat=", "--sid", "\(program.pid)"]).output
        let living = session.split(separator: "\n").filter { !$0.contains("Z") }
        #expect(living.allSatisfy { $0.contains("T") } && living.count == frozen.members.count, "\(session)")
        #expect(isSilent(program))
        let report = try freeze.thaw(frozen)
        #expect(report.resumed == frozen.members.count && report.left.isEmpty)
        #expect(program.line() == "are you there")
        kill(-program.pid, SIGKILL)
    }

    @Test("a process that was stopped before stays stopped when the others go on")
    func stoppedBefore() throws {
        let program = try start("tree")
        let child = try #require(RunningProcess.parents().first { $0.value == program.pid }?.key)
        kill(child, SIGSTOP)
        // A signal takes its time: it is not stopped when kill returns.
        for _ in 0..<500 where RunningProcess(pid: child)?.state != "T" { usleep(10_000) }
        let frozen = try freeze.freeze(target(program.pid, .tree))
        let report = try freeze.thaw(frozen)
        #expect(report.left.count == 1)
        #expect(RunningProcess(pid: child)?.state == "T")
        #expect(!isSilent(program))
        kill(-program.pid, SIGKILL)
    }

    @Test("what somebody let go on is seen, and held again")
    func resumedByAnother() throws {
        let program = try start()
        let frozen = try freeze.freeze(target(program.pid))
        kill(program.pid, SIGCONT)
        #expect(!isSilent(program))
        #expect(freeze.standings(of: frozen).map(\.isFrozen) == [false])
        #expect(freeze.hold(frozen) == 1)
        #expect(isSilent(program))
        #expect(try freeze.thaw(frozen).resumed == 1)
    }

    @Test("a process that waits in the kernel is not taken for one that was let go on")
    func waitsInTheKernel() throws {
        // After vfork(2) the parent waits, uninterruptibly, for the child, which waits for ever.
        let script = "import ctypes; l = ctypes.CDLL(None); print('ready', flush=True); l.vfork() or l.pause()"
        let program = try Program(["setsid", "python3", "-c", script])
        defer { kill(-program.pid, SIGKILL) }
        #expect(program.line() == "ready")
        #expect(becomes { RunningProcess(pid: program.pid)?.state == "D" })
        var short = freeze
        short.patience = .milliseconds(50)
        let frozen = try short.freeze(target(program.pid, .tree))
        #expect(frozen.members.count == 2)
        #expect(freeze.standings(of: frozen).map(\.state).contains("D"))
        #expect(freeze.hold(frozen) == 0)
    }

    @Test("a process whose first thread has ended is no zombie: it is frozen, thawed and killed like any other")
    func headless() throws {
        let script = """
            import ctypes, threading, time
            def tick():
                while True: time.sleep(0.01)
            threading.Thread(target=tick).start()
            print('ready', flush=True)
            ctypes.CDLL(None).syscall(\(Self.exitThread), 0)
            """
        let program = try Program(["setsid", "python3", "-u", "-c", script])
        defer { kill(program.pid, SIGKILL) }
        #expect(program.line() == "ready")
        #expect(
            becomes {
                let stat = TextFile.bytes("/proc/\(program.pid)/stat") ?? []
                return RunningProcess.parse(stat: stat)?.state == "Z"
            })
        let target = try target(program.pid)
        #expect(target.executable?.contains("python") == true)
        let frozen = try freeze.freeze(target)
        #expect(freeze.standings(of: frozen).map(\.isFrozen) == [true])
        #expect(try freeze.thaw(frozen) == ProcessFreeze.Report(resumed: 1))
        #expect(try ProcessKill(policy: LocalPolicy(), agentUser: 0).perform(target).killed == 1)
    }

    /// What a user may show as any path, in a mount namespace of their own; `nil` where users may make none.
    private static let spoof: [String]? = {
        let shown = "/usr/lib/systemd/systemd-journald"
        let command = [
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "-Urm", "sh", "-c",
            "mount --bind \"$(readlink -f /bin/sleep)\" \(shown) && exec \(shown) \"$@\"", "sh",
        ]
        return (try? Program.run(command + ["0"]).status) == 0 ? command : nil
    }()

    @Test(
        "who runs a program by the path of a part of systemd, but not as one of its users, is not protected by it",
        .enabled(if: Self.spoof != nil, "users may make no mount namespaces here, or there is no systemd"))
    func spoofed() throws {
        let program = try Program(try #require(Self.spoof) + ["600"])
        defer { kill(program.pid, SIGKILL) }
        #expect(becomes { RunningProcess(pid: program.pid)?.executable == "/usr/lib/systemd/systemd-journald" })
        let frozen = try freeze.freeze(target(program.pid))
        #expect(freeze.standings(of: frozen).map(\.isFrozen) == [true])
        #expect(try ProcessKill(policy: LocalPolicy(), agentUser: 0).perform(target(program.pid)).killed == 1)
    }

    /// The number of exit(2), which ends one thread.
    #if arch(x86_64)
    private static let exitThread = 60
    #else
    private static let exitThread = 93
    #endif

    private func becomes(_ wanted: () -> Bool) -> Bool {
        for _ in 0..<500 where !wanted() { usleep(10_000) }
        return wanted()
    }

    @Test("a frozen process, and a frozen tree, can be killed", arguments: [ProcessTarget.Scope.process, .tree])
    func killed(_ scope: ProcessTarget.Scope) throws {
        let program = try start(scope == .tree ? "tree" : "echo")
        let frozen = try freeze.freeze(target(program.pid, scope))
        let report = try ProcessKill(policy: LocalPolicy(), agentUser: 0).perform(target(program.pid, scope))
        #expect(report.killed >= frozen.members.count && report.left.isEmpty)
        #expect(program.wait() == 128 + SIGKILL)
        #expect(freeze.standings(of: frozen).allSatisfy { $0.state == nil })
        #expect(try freeze.thaw(frozen).gone == frozen.members.count)
    }

    @Test("a frozen cgroup stands still with those born in it, and can be killed or go on")
    func cgroup() throws {
        let group = try TestCgroup()
        let program = try start()
        try group.add(program.pid)
        let frozen = try freeze.freeze(target(program.pid, .cgroup))
        #expect(frozen.cgroup?.wasFrozen == false)
        #expect(freeze.standings(of: frozen).map(\.isFrozen) == [true])
        kill(program.pid, SIGCONT)
        #expect(isSilent(program))
        let kept = try #require(FrozenProcesses(bytes: frozen.bytes))
        #expect(try freeze.thaw(kept) == ProcessFreeze.Report(resumed: 1))
        #expect(program.line() == "are you there")
        let again = try freeze.freeze(target(program.pid, .cgroup))
        try Program.must(["sh", "-c", "echo 0 > \(group.folder)/cgroup.freeze"])
        #expect(freeze.hold(again) == 1)
        let report = try ProcessKill(policy: LocalPolicy(), agentUser: 0).perform(target(program.pid))
        #expect(report.killed == 1)
        #expect(program.wait() == 128 + SIGKILL)
    }

    @Test("a cgroup that somebody had frozen stays frozen, and another of the same name is left alone")
    func cgroupOfOthers() throws {
        let group = try TestCgroup()
        let program = try start()
        try group.add(program.pid)
        try Program.must(["sh", "-c", "echo 1 > \(group.folder)/cgroup.freeze"])
        var frozen = try freeze.freeze(target(program.pid, .cgroup))
        #expect(frozen.cgroup?.wasFrozen == true)
        #expect(try freeze.thaw(frozen).left.count == 1)
        #expect(isSilent(program))
        frozen.cgroup?.wasFrozen = false
        frozen.cgroup?.inode += 1
        #expect(try freeze.thaw(frozen).resumed == 0)
        #expect(TextFile.line(group.folder + "/cgroup.freeze") == "1")
    }

    @Test("what a rule protects goes on with all of its tree, and init, the enforcer and others are never frozen")
    func protected() throws {
        let program = try start("tree")
        var policy = LocalPolicy()
        let child = try #require(RunningProcess.parents().first { $0.value == program.pid }?.key)
        kill(child, SIGSTOP)
        for _ in 0..<500 where RunningProcess(pid: child)?.state != "T" { usleep(10_000) }
        policy.protectedProcesses.value = [try #require(RunningProcess(pid: program.pid)?.executableName)]
        for scope in [ProcessTarget.Scope.process, .tree] {
            let refusal = #expect(throws: Refusal.self) {
                try ProcessFreeze(policy: policy, agentUser: 0).freeze(target(program.pid, scope))
            }
            #expect(refusal?.rule.hasPrefix("protected_processes") == true)
        }
        #expect(!isSilent(program))
        #expect(RunningProcess(pid: child)?.state == "T")
        for pid in [1, getpid()] {
            #expect(throws: Refusal.self) { try freeze.freeze(target(pid, .tree)) }
        }
        kill(-program.pid, SIGKILL)
    }

    @Test("a successor with the same number, another executable and another boot are left alone")
    func others() throws {
        let program = try start()
        var wrong = try target(program.pid)
        wrong.startTime += 1
        #expect(throws: EnforceError.self) { try freeze.freeze(wrong) }
        wrong = try target(program.pid)
        wrong.executable = "/usr/bin/other"
        #expect(throws: EnforceError.self) { try freeze.freeze(wrong) }
        #expect(!isSilent(program))
        var frozen = try freeze.freeze(target(program.pid))
        frozen.members[0].startTime += 1
        #expect(try freeze.thaw(frozen) == ProcessFreeze.Report(gone: 1))
        frozen.members[0].startTime -= 1
        frozen.boot = "another"
        #expect(try freeze.thaw(frozen) == ProcessFreeze.Report(gone: 1))
        #expect(RunningProcess(pid: program.pid)?.state == "T")
    }

    @Test("only the bytes of a record are read as one")
    func record() throws {
        let member = FrozenProcesses.Member(pid: 7, startTime: 9, executable: "/bin/é", wasStopped: true)
        let whole = FrozenProcesses(
            boot: "b", members: [member], cgroup: .init(path: "/a", inode: .max, wasFrozen: true))
        #expect(FrozenProcesses(bytes: whole.bytes) == whole)
        // A record that ends after its head is one of no processes.
        for length in 0..<whole.bytes.count {
            #expect(FrozenProcesses(bytes: whole.bytes[..<length])?.members.isEmpty != false)
        }
        #expect(FrozenProcesses(bytes: [2] + whole.bytes.dropFirst()) == nil)
    }
}
