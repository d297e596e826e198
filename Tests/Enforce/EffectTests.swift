import AgentEnforce
import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

/// What an order brings about is undone by naming the order, and lasts through everything else: the real enforcer.
@Suite("Effects of orders", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct EffectTests {
    private let lab: Lab
    private let fleet: Enrolled

    init() throws {
        lab = try Lab()
        fleet = try Enrolled(
            lab.scratch,
            policy: """
                protected_paths = ["\(lab.scratch.path)/keep/*"]
                longest_freeze = "1h"
                """)
    }

    private func sleeper() throws -> Program { try Program(["/bin/sleep", "600"]) }

    private func freezing(_ pid: Int32, for duration: Duration = .seconds(600)) throws -> ProcessFreezing {
        var process: RunningProcess?
        for _ in 0..<100 where process?.executable?.hasSuffix("/sleep") != true {
            process = RunningProcess(pid: pid)
            usleep(10_000)
        }
        let found = try #require(process)
        return ProcessFreezing(
            target: ProcessTarget(
                pid: pid, startTime: found.startTime, executable: found.executable ?? "", scope: .process),
            duration: duration)
    }

    @Test(
        "a frozen process is shown, is stopped again when let go on, stays frozen over kill -9, and is thawed by its order"
    )
    func freeze() throws {
        let process = try sleeper()
        defer { kill(process.pid, SIGKILL) }
        var enforcer = try EnforcerProcess(fleet, in: lab.host)
        let order = fleet.order(.freezeProcess(try freezing(process.pid)))
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.probes.map(\.name) == ["process_frozen"])
        #expect(RunningProcess(pid: process.pid)?.state == "T")
        let known = try enforcer.status().revision
        kill(process.pid, SIGCONT)
        #expect(enforcer.becomes { RunningProcess(pid: process.pid)?.state == "T" }, "it is stopped again")
        let told = try enforcer.status(after: known)
        let notice = try #require(told.notices.first)
        #expect(notice.kind == .drift && notice.text.contains("was stopped again"))
        #expect(try enforcer.status().notices.map(\.id) == [notice.id], "kept until it is heard")
        #expect(try enforcer.status(heard: [notice.id]).notices.isEmpty)
        enforcer.kill()
        enforcer = try EnforcerProcess(fleet, in: lab.host)
        let effects = try enforcer.status().containment.model().effects
        #expect(effects.map(\.order) == [order.id] && effects.first?.kind == .freezeProcess)
        #expect(effects.first?.until != nil)
        kill(process.pid, SIGCONT)
        #expect(enforcer.becomes { RunningProcess(pid: process.pid)?.state == "T" }, "after a restart too")
        let thawed = try enforcer.execute(.thawProcess(order.id))
        #expect(thawed.outcome == .succeeded, "\(thawed.message)")
        #expect(enforcer.becomes { RunningProcess(pid: process.pid)?.state == "S" }, "it goes on")
        #expect(try enforcer.status().containment.model().effects == [])
        #expect(try enforcer.execute(.thawProcess(order.id)).outcome == .succeeded, "again is no error")
    }

    @Test("a freezing ends by itself when its time is over, and a later shorter one does not cut it short")
    func term() throws {
        let process = try sleeper()
        defer { kill(process.pid, SIGKILL) }
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        #expect(try enforcer.execute(.freezeProcess(freezing(process.pid, for: .seconds(3)))).outcome == .succeeded)
        let first = try #require(try enforcer.status().containment.model().effects.first?.until)
        #expect(try enforcer.execute(.freezeProcess(freezing(process.pid, for: .seconds(1)))).outcome == .succeeded)
        let second = try #require(try enforcer.status().containment.model().effects.first?.until)
        #expect(second > first - .seconds(1))
        #expect(enforcer.becomes(within: 10) { RunningProcess(pid: process.pid)?.state == "S" })
        #expect(try enforcer.status().containment.model().effects == [])
        let long = try enforcer.execute(.freezeProcess(freezing(process.pid, for: .seconds(7200))))
        #expect(long.outcome == .refused(rule: "longest_freeze (\(lab.scratch.path)/policy.d/10.toml:2)"))
    }

    @Test("a file taken away is shown, survives kill -9, and comes back as it was by its order")
    func quarantine() throws {
        let path = lab.scratch.path + "/evil"
        try lab.scratch.file("evil", "#!/bin/sh\necho evil\n")
        try Program.must(["chmod", "4711", path])
        try Program.must(["touch", "-d", "2020-02-02T02:02:02.123456789", path])
        let before = try Program.must(["stat", "-c", "%a %u %g %y %s", path])
        var enforcer = try EnforcerProcess(fleet, in: lab.host)
        let order = fleet.order(.quarantineFile(FileTarget(path: path)))
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.applied.first?.contains("SHA-256") == true)
        #expect(unsafe access(path, F_OK) != 0)
        enforcer.kill()
        enforcer = try EnforcerProcess(fleet, in: lab.host)
        #expect(try enforcer.status().containment.model().effects.map(\.subject) == [path])
        let restored = try enforcer.execute(.restoreFile(order.id))
        #expect(restored.outcome == .succeeded, "\(restored.message)")
        #expect(try Program.must(["stat", "-c", "%a %u %g %y %s", path]) == before)
        #expect(try Program.must(["cat", path]).hasSuffix("echo evil"))
        #expect(try enforcer.status().containment.model().effects == [])
        #expect(try enforcer.execute(.restoreFile(order.id)).outcome == .failed(code: "file.not_held"))
    }

    @Test(
        "files that the system, a package or the policy stands on stay where they are, and so does another file at the path"
    )
    func refusals() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let kept = lab.scratch.path + "/keep/file"
        try Program.must(["mkdir", "-p", lab.scratch.path + "/keep"])
        try lab.scratch.file("keep/file", "x")
        try lab.scratch.file("other", "x")
        let rows: [(FileTarget, String)] = [
            (FileTarget(path: "/etc/shadow"), "built-in: system file"),
            (FileTarget(path: "/proc/1/status"), "built-in: system file"),
            (FileTarget(path: kept), "protected_paths (\(lab.scratch.path)/policy.d/10.toml:1)"),
            // Of a package, and no loss should the test fail.
            (
                FileTarget(path: "/usr/share/doc/coreutils/copyright"),
                "take_packaged_files (built-in default of take_packaged_files)"
            ),
        ]
        for (file, rule) in rows {
            #expect(try enforcer.execute(.quarantineFile(file)).outcome == .refused(rule: rule), "\(file.path)")
            #expect(try enforcer.execute(.deleteFile(file)).outcome == .refused(rule: rule), "\(file.path)")
        }
        let other = FileTarget(path: lab.scratch.path + "/other", digest: String(repeating: "0", count: 64))
        for action in [Action.quarantineFile(other), .deleteFile(other)] {
            #expect(try enforcer.execute(action).outcome == .failed(code: "file.not_the_same"))
        }
        #expect(unsafe access(other.path, F_OK) == 0 && access(kept, F_OK) == 0)
        let deleted = try enforcer.execute(.deleteFile(FileTarget(path: other.path)))
        #expect(deleted.outcome == .succeeded, "\(deleted.message)")
        #expect(unsafe access(other.path, F_OK) != 0)
    }
}
