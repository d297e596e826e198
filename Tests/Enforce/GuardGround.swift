import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Synchronization
import Testing

@testable import AgentEnforce

/// Why no start can be guarded here; `nil` when it can.
let guardObstacle: String? = {
    if let labObstacle { return labObstacle }
    return ExecutionGuard.isPossible ? nil : "the kernel lets no start be guarded here"
}()

/// A file system of a test's own, in memory: the only one that a guard is ever told of.
final class MountedDisk: Sendable {
    let path: String

    convenience init(_ path: String) throws {
        try Program.must(["mkdir", path])
        try self.init(at: path)
    }

    /// On a folder that is there.
    init(at path: String) throws {
        self.path = path
        try Program.must(["mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "tmpfs", path])
    }

    deinit { _ = try? Program.run(["umount", "--lazy", path]) }

    /// Its line of proc_pid_mountinfo(5).
    var line: String {
        get throws {
            let text = try Program.must(["cat", "/proc/self/mountinfo"])
            let lines = text.split(separator: "\n").filter { $0.contains(" \(path) ") }
            return String(try #require(lines.first))
        }
    }

    /// Copies a program here; with a tail it is another content that does the same.
    @discardableResult
    func program(_ name: String, tail: String = "") throws -> String {
        try Program.must(["cp", "/bin/true", "\(path)/\(name)"])
        if !tail.isEmpty { try Program.must(["sh", "-c", #"printf '%s' "$1" >> "$0""#, "\(path)/\(name)", tail]) }
        return "\(path)/\(name)"
    }
}

/// The real `cordon-enforcer guard`, which sees the disks of the test and no other. It is killed when the test lets go of it.
final class GuardProcess: Sendable {
    let program: Program

    init(_ fleet: Enrolled, mounts: String) throws {
        let path = fleet.scratch.path + "/guard-notify"
        let ready = try NotifySocket(path)
        program = try Program(
            [
                EnforcerProcess.binary, "guard", "--config", fleet.scratch.path + "/enforcer.toml", "--mounts", mounts,
            ], environment: ["NOTIFY_SOCKET=" + path], errorsTo: fleet.scratch.path + "/guard-log")
        guard ready.hears("READY=1") else {
            throw Program.Failure(
                what: "no guard: \(try Program.run(["cat", fleet.scratch.path + "/guard-log"]).output)")
        }
    }

    private let isKilled = Mutex(false)

    /// At once; a second time does nothing.
    func kill() {
        isKilled.withLock { isKilled in
            guard !isKilled else { return }
            isKilled = true
            Glibc.kill(program.pid, SIGKILL)
            _ = program.wait()
        }
    }

    /// Threads that hold the guard's end of the kernel.
    var holders: Int {
        let text = (try? Program.run(["sh", "-c", "ls -l /proc/\(program.pid)/task/*/fd"]).output) ?? ""
        return text.split(separator: "\n").count { $0.contains("[fanotify]") }
    }

    /// What the kernel asks it about, as proc_pid_fdinfo(5) has it: the gate's thread alone has that descriptor.
    var marks: [String] {
        let text = (try? Program.run(["sh", "-c", "cat /proc/\(program.pid)/task/*/fdinfo/*"]).output) ?? ""
        return text.split(separator: "\n").filter { $0.hasPrefix("fanotify ino:") || $0.hasPrefix("fanotify sdev:") }
            .map(String.init)
    }
}

/// A host with a disk, an enforcer and a guard.
struct GuardGround {
    let lab: Lab
    let disk: MountedDisk
    let fleet: Enrolled
    let enforcer: EnforcerProcess

    /// What the enforcer remembers, on a small disk of its own where that is wanted.
    let state: SmallDisk?

    init(policy: String = "", smallState: Bool = false) throws {
        lab = try Lab()
        state = smallState ? try SmallDisk(at: "state", of: lab.scratch) : nil
        disk = try MountedDisk(lab.scratch.path + "/disk")
        fleet = try Enrolled(lab.scratch, policy: policy)
        try lab.scratch.file("mounts", try disk.line + "\n")
        enforcer = try EnforcerProcess(fleet, in: lab.host)
    }

    var list: String { lab.scratch.path + "/state/blocked-executables" }

    func startGuard() throws -> GuardProcess { try GuardProcess(fleet, mounts: lab.scratch.path + "/mounts") }

    /// Whether a program starts: the shell's 126 says that it was there and may not.
    static func starts(_ path: String) throws -> Bool {
        let (status, output) = try Program.run(["sh", "-c", #"exec "$0""#, path])
        guard status == 0 || status == 126 else { throw Program.Failure(what: "\(path): \(status) \(output)") }
        return status == 0
    }

    func block(_ path: String, for duration: Duration = .seconds(600)) -> Action {
        .blockExecutable(ExecutableBlock(.path(path), duration: duration))
    }

    func blockContent(of path: String, for duration: Duration = .seconds(600)) throws -> Action {
        let digest = try Program.must(["sha256sum", path]).prefix(64)
        return .blockExecutable(ExecutableBlock(.digest(String(digest)), duration: duration))
    }

    /// Until it is so, at most so long.
    func becomes(_ wanted: () throws -> Bool) rethrows -> Bool { try enforcer.becomes(within: 10, wanted) }

    var report: GuardReport? { GuardReport.read(lab.scratch.path + "/guard") }

    var notices: [String] { get throws { try enforcer.status().notices.map(\.text) } }
}
