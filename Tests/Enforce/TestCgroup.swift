import Glibc
import Testing

@testable import AgentEnforce

/// A cgroup of a test's own in the unified hierarchy.
final class TestCgroup: Sendable {
    let folder: String

    init() throws {
        let mount = try #require(ProcessKill.unifiedMount)
        folder = "\(mount)/cordon-t-\(String(UInt32.random(in: 0 ... .max), radix: 36))"
        try Program.must(["mkdir", folder])
    }

    func add(_ pid: Int32) throws { try Program.must(["sh", "-c", "echo \(pid) > \(folder)/cgroup.procs"]) }

    /// Programs are killed when the test lets go of them, which may be after this.
    deinit {
        _ = try? Program.run(["sh", "-c", "echo 0 > \(folder)/cgroup.freeze; echo 1 > \(folder)/cgroup.kill"])
        for _ in 0..<50 where unsafe rmdir(folder) != 0 { usleep(10_000) }
    }
}
