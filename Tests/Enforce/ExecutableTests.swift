import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// Programs kept from starting, by the real enforcer, the real guard and the real kernel.
@Suite("Blocked programs", .enabled(if: guardObstacle == nil, "\(guardObstacle ?? "")"), .serialized)
struct ExecutableTests {
    @Test("by its path a file starts under none of its names, nor what is put there later; all others do")
    func byPath() throws {
        let ground = try GuardGround()
        let (disk, enforcer) = (ground.disk, ground.enforcer)
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let (evil, innocent) = (try disk.program("evil"), try disk.program("innocent"))
        try Program.must(["mkdir", disk.path + "/other"])
        let away = try disk.program("other/evil")
        #expect(guardian.marks.isEmpty, "with nothing to block it asks for nothing")
        let order = ground.fleet.order(ground.block(evil))
        let blocked = try enforcer.execute(order)
        #expect(blocked.outcome == .succeeded, "\(blocked.message)")
        #expect(blocked.proof?.probes.map(\.name) == ["guard_holds_list"])
        var result = try GuardGround.starts(evil)
        #expect(!result)
        for path in [innocent, away] {
            result = try GuardGround.starts(path)
            #expect(result, "\(path)")
        }
        try Program.must(["mv", evil, disk.path + "/other/renamed"])
        try Program.must(["ln", disk.path + "/other/renamed", disk.path + "/linked"])
        for name in ["/other/renamed", "/linked"] {
            result = try GuardGround.starts(disk.path + name)
            #expect(!result, "\(name)")
        }
        try Program.must(["cp", innocent, evil])
        result = try GuardGround.starts(evil)
        #expect(!result, "whatever is put at the path")
        result = try GuardGround.starts(innocent)
        #expect(result)
        let undone = try enforcer.execute(.unblockExecutable(order.id))
        #expect(undone.outcome == .succeeded, "\(undone.message)")
        for name in ["/evil", "/other/renamed", "/linked", "/innocent", "/other/evil"] {
            result = try GuardGround.starts(disk.path + name)
            #expect(result, "\(name)")
        }
        #expect(guardian.marks.isEmpty, "its undo leaves nothing")
        #expect(try enforcer.status().containment.model().effects.isEmpty)
        #expect(try BlockedExecutables.read(ground.list).entries.isEmpty)
    }

    @Test("a file starts no more where its folder is renamed, or another is put into the folder's place")
    func renamedFolder() throws {
        let ground = try GuardGround()
        let (disk, enforcer) = (ground.disk, ground.enforcer)
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        try Program.must(["mkdir", disk.path + "/folder"])
        let evil = try disk.program("folder/evil")
        #expect(try enforcer.execute(ground.block(evil)).outcome == .succeeded)
        try Program.must(["mv", disk.path + "/folder", disk.path + "/renamed"])
        /// Another entry makes the guard look at everything again before it answers.
        func look(_ name: String) throws {
            let other = try disk.program(name, tail: name)
            #expect(try enforcer.execute(ground.block(other)).outcome == .succeeded)
        }
        for step in ["gone", "linked", "taken"] {
            if step == "linked" { try Program.must(["ln", "-s", disk.path + "/renamed", disk.path + "/folder"]) }
            if step == "taken" {
                try Program.must(["rm", disk.path + "/folder"])
                try Program.must(["mkdir", disk.path + "/folder"])
            }
            try look(step)
            let starts = try GuardGround.starts(disk.path + "/renamed/evil")
            #expect(!starts, "\(step)")
        }
        let again = try disk.program("folder/evil", tail: "another")
        let starts = try GuardGround.starts(again)
        #expect(!starts, "what is put at the path")
    }

    @Test("another name of a program that all need, put at the path, does not keep that program from starting")
    func foreignLink() throws {
        let ground = try GuardGround()
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let (evil, needed) = (try ground.disk.program("evil"), try ground.disk.program("needed"))
        let other = try ground.disk.program("third", tail: "x")
        let blocked = try ground.enforcer.execute(ground.block(evil))
        #expect(blocked.outcome == .succeeded)
        let content = try ground.enforcer.execute(try ground.blockContent(of: other))
        #expect(content.outcome == .succeeded, "so that the guard is asked about every start on the disk")
        try Program.must(["ln", "-f", needed, evil])
        let starts = try (GuardGround.starts(evil), GuardGround.starts(needed))
        #expect(!starts.0 && starts.1)
    }

    @Test("by its hash a content starts nowhere, not on a disk that is mounted later either; another content does")
    func byHash() throws {
        let ground = try GuardGround()
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let (evil, innocent) = (try ground.disk.program("evil", tail: "x"), try ground.disk.program("innocent"))
        let order = ground.fleet.order(try ground.blockContent(of: evil))
        let blocked = try ground.enforcer.execute(order)
        #expect(blocked.outcome == .succeeded, "\(blocked.message)")
        #expect(guardian.marks.count == 1)
        try Program.must(["cp", evil, ground.disk.path + "/copy"])
        for path in [evil, ground.disk.path + "/copy"] {
            let starts = try GuardGround.starts(path)
            #expect(!starts, "\(path)")
        }
        try Program.must(["sh", "-c", #"printf y >> "$0""#, ground.disk.path + "/copy"])
        for path in [innocent, ground.disk.path + "/copy", innocent] {
            let starts = try GuardGround.starts(path)
            #expect(starts, "\(path)")
        }
        let later = try MountedDisk(ground.lab.scratch.path + "/later")
        try ground.lab.scratch.file("mounts", try "\(ground.disk.line)\n\(later.line)\n")
        let again = try later.program("again", tail: "x")
        #expect(try ground.becomes { try !GuardGround.starts(again) })
        _ = try ground.enforcer.execute(.unblockExecutable(order.id))
        for path in [evil, again] {
            let starts = try GuardGround.starts(path)
            #expect(starts, "\(path)")
        }
        #expect(guardian.marks.isEmpty)
    }

    @Test("it holds without the enforcer, comes back with the guard, and ends in time though the enforcer is dead")
    func killed() throws {
        let ground = try GuardGround()
        let first = try ground.startGuard()
        defer { first.kill() }
        let (evil, short) = (try ground.disk.program("evil"), try ground.disk.program("short", tail: "s"))
        for action in [ground.block(evil), try ground.blockContent(of: short, for: .seconds(12))] {
            let result = try ground.enforcer.execute(action)
            #expect(result.outcome == .succeeded, "\(result.message)")
        }
        let renamed = ground.disk.path + "/renamed"
        try Program.must(["mv", evil, renamed])
        ground.enforcer.kill()
        for path in [renamed, short] {
            let starts = try GuardGround.starts(path)
            #expect(!starts, "\(path)")
        }
        first.kill()
        let free = try GuardGround.starts(renamed)
        #expect(free, "the kernel asks nobody any more")
        let second = try ground.startGuard()
        defer { second.kill() }
        #expect(try ground.becomes { try !GuardGround.starts(renamed) })
        let ended = try ground.enforcer.becomes(within: 20) { try GuardGround.starts(short) }
        #expect(ended, "its time is over, and nobody said so")
        let held = try GuardGround.starts(renamed)
        #expect(!held)
    }

    @Test("where no guard runs the order fails, says what to do, and leaves nothing behind")
    func absent() throws {
        let ground = try GuardGround()
        let evil = try ground.disk.program("evil")
        let result = try ground.enforcer.execute(ground.block(evil))
        #expect(result.outcome == .failed(code: "guard.absent") && result.message.contains("systemctl"))
        #expect(try ground.enforcer.status().containment.model().effects.isEmpty)
        #expect(try BlockedExecutables.read(ground.list).entries.isEmpty)
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        #expect(ground.becomes { ground.report?.pid == Int64(guardian.program.pid) })
        let starts = try GuardGround.starts(evil)
        #expect(starts && guardian.marks.isEmpty)
    }

    @Test("an undo that a full disk keeps from the guard fails, and is done when it is ordered again with room")
    func fullDisk() throws {
        let ground = try GuardGround(smallState: true)
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let evil = try ground.disk.program("evil")
        let order = ground.fleet.order(ground.block(evil))
        #expect(try ground.enforcer.execute(order).outcome == .succeeded)
        let state = try #require(ground.state)
        try state.fill()
        let failed = try ground.enforcer.execute(.unblockExecutable(order.id))
        #expect(failed.outcome == .failed(code: "file.disk_full"), "\(failed.outcome) \(failed.message)")
        var starts = try GuardGround.starts(evil)
        #expect(!starts, "the guard was told nothing")
        try Program.must(["rm", state.path + "/filler"])
        let done = try ground.enforcer.execute(.unblockExecutable(order.id))
        #expect(done.outcome == .succeeded, "\(done.message)")
        starts = try GuardGround.starts(evil)
        #expect(try starts && BlockedExecutables.read(ground.list).entries.isEmpty)
        #expect(try ground.enforcer.status().containment.model().effects.isEmpty && guardian.marks.isEmpty)
    }

    @Test("a list that is damaged or gone changes nothing: what was said before holds, and the guard says what ails it")
    func damaged() throws {
        let ground = try GuardGround()
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let evil = try ground.disk.program("evil")
        _ = try ground.enforcer.execute(ground.block(evil))
        ground.enforcer.kill()
        try ground.lab.scratch.file("state/blocked-executables", "nothing")
        #expect(ground.becomes { ground.report?.faults.contains { $0.text.contains("damaged") } == true })
        var starts = try GuardGround.starts(evil)
        #expect(!starts)
        try Program.must(["rm", ground.list])
        #expect(ground.becomes { ground.report?.faults.contains { !$0.text.contains("damaged") } == true })
        starts = try GuardGround.starts(evil)
        #expect(!starts)
    }

    @Test("a list changed by hand is written anew, a guard that is gone is told, and so is what was denied, by whom")
    func told() throws {
        let ground = try GuardGround()
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let evil = try ground.disk.program("evil")
        let result = try ground.enforcer.execute(ground.block(evil))
        #expect(result.outcome == .succeeded)
        let starts = try GuardGround.starts(evil)
        #expect(!starts)
        let isTold = try ground.becomes {
            try ground.notices.contains {
                $0.hasPrefix("\(evil) was kept from starting: process ") && $0.contains("root")
            }
        }
        #expect(isTold)
        try BlockedExecutables(revision: 1, entries: []).write(to: ground.list)
        #expect(try ground.becomes { try ground.notices.contains { $0.contains("changed by hand") } })
        #expect(try ground.becomes { try !GuardGround.starts(evil) })
        guardian.kill()
        #expect(try ground.enforcer.becomes(within: 15) { try ground.notices.contains { $0.contains("does not run") } })
    }

    @Test("hundreds of starts at a time pass while contents are looked at")
    func parallel() throws {
        let ground = try GuardGround()
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let evil = try ground.disk.program("evil", tail: "x")
        for number in 0..<20 { try ground.disk.program("innocent\(number)", tail: "\(number)") }
        let result = try ground.enforcer.execute(try ground.blockContent(of: evil))
        #expect(result.outcome == .succeeded)
        let output = try Program.must([
            "sh", "-c",
            #"seq 400 | xargs -P 16 -I{} sh -c 'n=$(({} % 20)); "$0/innocent$n" && echo ok' "$0""#, ground.disk.path,
        ])
        #expect(output.split(separator: "\n").count { $0 == "ok" } == 400)
        let starts = try GuardGround.starts(evil)
        #expect(!starts)
    }

    @Test(
        "a disk that does not answer holds up no start elsewhere, its own only for a time, and no end of the guard",
        .enabled(if: HangingDisk.obstacle == nil, "\(HangingDisk.obstacle ?? "")"))
    func hanging() throws {
        let ground = try GuardGround()
        let names = (0..<20).map { "slow\($0)" }
        let hanging = try HangingDisk(at: "hanging", of: ground.lab.scratch, programs: names)
        try ground.lab.scratch.file("mounts", "\(try ground.disk.line)\n\(try hanging.line)\n")
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        #expect(guardian.holders == 1, "nobody else who could hang")
        let (evil, innocent) = (try ground.disk.program("evil", tail: "x"), try ground.disk.program("innocent"))
        let result = try ground.enforcer.execute(try ground.blockContent(of: evil))
        #expect(result.outcome == .succeeded && guardian.marks.count == 2)
        try hanging.hang()
        let starting = try names.prefix(3).map { try Program(["sh", "-c", #"exec "$0""#, "\(hanging.path)/\($0)"]) }
        defer { starting.forEach { Glibc.kill($0.pid, SIGKILL) } }
        for _ in 0..<20 {
            let starts = try (GuardGround.starts(innocent), GuardGround.starts(evil))
            #expect(starts.0 && !starts.1)
        }
        #expect(ground.enforcer.becomes(within: 30) { (ground.report?.unread ?? 0) >= 3 }, "their time is over")
        #expect(try ground.enforcer.becomes(within: 30) { try ground.notices.contains { $0.contains("start unread") } })
        // As many more as there are judges: whoever is left is answered without one.
        let more = try names.dropFirst(3).map { try Program(["sh", "-c", #"exec "$0""#, "\(hanging.path)/\($0)"]) }
        defer { more.forEach { Glibc.kill($0.pid, SIGKILL) } }
        let starts = try GuardGround.starts(innocent)
        #expect(starts)
        Glibc.kill(guardian.program.pid, SIGKILL)
        #expect(try ground.becomes { try GuardGround.starts(evil) }, "the kernel asks nobody any more")
        hanging.end()
    }

    @Test("a program that is too large to be read starts, and that is told; so it is in the next proof")
    func unread() throws {
        let ground = try GuardGround()
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let (evil, large) = (try ground.disk.program("evil", tail: "x"), try ground.disk.program("large"))
        try Program.must(["truncate", "-s", "\(ContentDigests.largest + 1)", large])
        _ = try ground.enforcer.execute(try ground.blockContent(of: evil))
        let starts = try GuardGround.starts(large)
        #expect(starts)
        let words = "cordon-guard let a program start unread, too large or too slow to be read; the last is \(large)."
        #expect(try ground.becomes { try ground.notices.contains(words) })
        let result = try ground.enforcer.execute(ground.block(evil))
        #expect(result.proof?.applied.contains(words) == true, "\(result.proof?.applied ?? [])")
    }

    @Test("a script does not start by its own name; given to its interpreter or loader a file is read, not started")
    func interpreted() throws {
        let ground = try GuardGround()
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let (script, evil) = (ground.disk.path + "/script", try ground.disk.program("evil"))
        try Program.must(["sh", "-c", #"printf '#!/bin/sh\nexit 0\n' > "$0" && chmod 755 "$0""#, script])
        for action in [ground.block(script), ground.block(evil)] {
            let result = try ground.enforcer.execute(action)
            #expect(result.outcome == .succeeded)
        }
        for path in [script, evil] {
            let starts = try GuardGround.starts(path)
            #expect(!starts, "\(path)")
        }
        #expect(try Program.run(["sh", script]).status == 0, "as the documentation says")
        let loader = try Program.must(["sh", "-c", "ls /lib64/ld-linux-* /lib/ld-linux-* 2>/dev/null | head -1"])
        let path = String(loader.prefix { $0 != "\n" })
        #expect(try Program.run([path, evil]).status == 0, "as the documentation says")
    }

    @Test("when the host is left nothing is blocked any more")
    func left() throws {
        let ground = try GuardGround()
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let evil = try ground.disk.program("evil")
        _ = try ground.enforcer.execute(ground.block(evil))
        ground.enforcer.kill()
        let said = try Program.run([
            "nsenter", "--net=/run/netns/\(ground.lab.host)", EnforcerProcess.binary, "leave", "--config",
            ground.lab.scratch.path + "/enforcer.toml",
        ])
        #expect(said.status == 0 && said.output.contains("Programs that were blocked can start."), "\(said.output)")
        #expect(try ground.becomes { try GuardGround.starts(evil) })
        #expect(guardian.marks.isEmpty)
        #expect(try BlockedExecutables.read(ground.list).entries.isEmpty)
    }

    @Test("a content is kept from starting where it can be, and its order fails while a disk cannot be guarded")
    func partial() throws {
        let ground = try GuardGround()
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        // Another lies over it: programs of it start by a working directory, and the guard does not find it.
        let covered = try MountedDisk(ground.lab.scratch.path + "/covered")
        let line = try covered.line
        let cover = try MountedDisk(at: covered.path)
        defer { withExtendedLifetime((covered, cover)) {} }
        let evil = try ground.disk.program("evil", tail: "x")
        try ground.lab.scratch.file("mounts", try "\(ground.disk.line)\n\(line)\n")
        #expect(ground.becomes { ground.report?.pid == Int64(guardian.program.pid) })
        let order = ground.fleet.order(try ground.blockContent(of: evil))
        let partial = try ground.enforcer.execute(order)
        #expect(partial.outcome == .failed(code: "proof.all_disks_guarded"), "\(partial.message)")
        #expect(partial.message.contains("\(covered.path) (tmpfs) cannot be guarded"), "\(partial.message)")
        #expect(partial.proof?.probes.map(\.name) == ["guard_holds_list", "all_disks_guarded"])
        var starts = try GuardGround.starts(evil)
        #expect(!starts, "it stays in force where it can be")
        #expect(try ground.enforcer.status().containment.model().effects.map(\.order) == [order.id])
        // By path nothing else is meant, and where no program starts there is nothing to guard.
        #expect(try ground.enforcer.execute(ground.block(ground.disk.path + "/other")).outcome == .succeeded)
        let fields = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let noexec = (fields[..<5] + [fields[5] + ",noexec"] + fields[6...]).joined(separator: " ")
        try ground.lab.scratch.file("mounts", try "\(ground.disk.line)\n\(noexec)\n")
        #expect(ground.becomes { ground.report?.faults == [] })
        let whole = try ground.enforcer.execute(try ground.blockContent(of: evil))
        #expect(whole.outcome == .succeeded, "\(whole.message)")
        #expect(try ground.enforcer.execute(.unblockExecutable(order.id)).outcome == .succeeded)
        starts = try GuardGround.starts(evil)
        #expect(starts)
    }

    @Test("a content that a program of the policy's patterns holds is refused, whether it runs or is installed")
    func protectedContent() throws {
        let own = "/usr/local/bin/cordon-t-\(UInt32.random(in: 0 ... .max))"
        defer { _ = unsafe unlink(own) }
        let ground = try GuardGround(
            policy: #"protected_processes = ["*/keep-*", "\#(own)?", "cordon-t-own-*"]"#)
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        let running = ground.disk.path + "/keep-running"
        try Program.must(["sh", "-c", #"cp /bin/sleep "$0" && printf run >> "$0""#, running])
        let program = try Program([running, "600"])
        defer { withExtendedLifetime(program) {} }
        #expect(ground.becomes { RunningProcess(pid: program.pid)?.executable == running })
        try ground.disk.program("installed", tail: "own")
        try Program.must(["cp", ground.disk.path + "/installed", own + "1"])
        defer { _ = unsafe unlink(own + "1") }
        for path in [running, ground.disk.path + "/installed"] {
            let result = try ground.enforcer.execute(try ground.blockContent(of: path))
            guard case .refused(let rule) = result.outcome else {
                Issue.record("\(path): \(result.outcome) \(result.message)")
                continue
            }
            #expect(rule.hasPrefix("protected_processes"), "\(rule): \(result.message)")
        }
        // What anybody else may have put there is no such program, though it runs and is called so.
        let named = ground.disk.path + "/keep-foreign-runs"
        try Program.must(["sh", "-c", #"cp /bin/sleep "$0" && printf foreign >> "$0" && chown 4321 "$0""#, named])
        let content = try ground.blockContent(of: named)
        let impostor = try Program([named, "600"])
        defer { withExtendedLifetime(impostor) {} }
        #expect(ground.becomes { RunningProcess(pid: impostor.pid)?.executable == named })
        let taken = try ground.enforcer.execute(content)
        #expect(taken.outcome == .succeeded, "\(taken.message)")
        // What is neither, and comes to be so later, starts where only root can have put it.
        let evil = try ground.disk.program("evil", tail: "later")
        let blocked = try ground.enforcer.execute(try ground.blockContent(of: evil))
        #expect(blocked.outcome == .succeeded, "\(blocked.message)")
        let upgraded = ground.disk.path + "/keep-upgraded"
        try Program.must(["cp", evil, upgraded])
        let foreign = ground.disk.path + "/keep-foreign"
        try Program.must(["cp", evil, foreign])
        try Program.must(["chown", "4321", foreign])
        for (path, expected) in [(upgraded, true), (foreign, false), (evil, false)] {
            let starts = try GuardGround.starts(path)
            #expect(starts == expected, "\(path)")
        }
    }

    @Test("what the host, sign-in or Cordon stands on is refused, with the rule")
    func refused() throws {
        let ground = try GuardGround(policy: #"protected_processes = ["/opt/own/*", "keeper"]"#)
        let guardian = try ground.startGuard()
        defer { guardian.kill() }
        try Program.must(["ln", "-s", "true", ground.disk.path + "/link"])
        try Program.must(["cp", "/bin/true", ground.disk.path + "/keeper"])
        // Where this process may look at the first one.
        let first = (try? ground.blockContent(of: "/proc/1/exe")).map { [($0, "built-in: needed program")] } ?? []
        let refusals: [(Action, String)] =
            first + [
                (ground.block("/usr/bin/env"), "take_packaged_files"),
                (ground.block("/opt/own/x"), "protected_processes"),
                (ground.block(ground.disk.path + "/keeper"), "protected_processes"),
                (ground.block(ground.disk.path + "/link"), "built-in: link"),
                (ground.block(ground.lab.scratch.path + "/state/x"), "built-in: own file"),
                (ground.block("/etc/cordon/x"), "built-in: system file"),
                (ground.block("/tmp/../x"), "built-in: path"),
                (try ground.blockContent(of: "/bin/sh"), "built-in: needed program"),
                (try ground.blockContent(of: EnforcerProcess.binary), "built-in: needed program"),
                (ground.block(ground.disk.path + "/x", for: .seconds(31 * 86_400)), "longest_executable_block"),
            ]
        for (action, rule) in refusals {
            let result = try ground.enforcer.execute(action)
            guard case .refused(let found) = result.outcome else {
                Issue.record("\(rule): \(result.outcome) \(result.message)")
                continue
            }
            #expect(found.hasPrefix(rule), "\(found): \(result.message)")
        }
        #expect(try ground.enforcer.status().containment.model().effects.isEmpty && guardian.marks.isEmpty)
    }
}

@Suite("What the guard is told and says")
struct GuardFilesTests {
    private let clock = BootClock.live

    @Test("a list and a report are read as they were written, and nothing that is cut short or longer is")
    func bytes() throws {
        let subject = try #require(ExecutableBlock.Subject("/tmp/x"))
        let digest = try #require(ExecutableBlock.Subject(String(repeating: "0f", count: 32)))
        let list = BlockedExecutables(
            revision: 7,
            entries: [
                .init(subject: subject, term: clock.term(.seconds(5)), handles: [[1, 2, 3], [4]]),
                .init(subject: digest, term: clock.term(.seconds(6))),
            ], protected: ["/opt/*", "keeper"])
        #expect(BlockedExecutables(bytes: list.bytes) == list)
        var report = GuardReport()
        (report.revision, report.boot, report.pid) = (7, "boot", 3)
        (report.unread, report.unreadPath) = (2, "/tmp/z")
        report.faults = [.init(subject: "/tmp/x", text: "gone")]
        report.denials = [.init(subject: "/tmp/x", count: 3, path: "/tmp/y", pid: 9, program: "sh", user: 0)]
        #expect(GuardReport(bytes: report.bytes) == report)
        for count in 0..<list.bytes.count { #expect(BlockedExecutables(bytes: Array(list.bytes.prefix(count))) == nil) }
        for count in 0..<report.bytes.count { #expect(GuardReport(bytes: Array(report.bytes.prefix(count))) == nil) }
        #expect(BlockedExecutables(bytes: list.bytes + [0]) == nil && GuardReport(bytes: report.bytes + [0]) == nil)
        #expect(ExecutableBlock.Subject("tmp/x") == nil && ExecutableBlock.Subject("0f") == nil)
    }

    @Test("of more faults than are told, each program's first is among them, and that of no program")
    func faults() {
        let most = BlockedExecutables.most
        let many = (0..<4 * most).map { GuardReport.Fault(subject: "/\($0 % most)", text: "\($0)") }
        let told = GuardReport.bounded(many + [.init(subject: "", text: "a disk")])
        #expect(told.count == GuardReport.mostFaults && Set(told.map(\.subject)).count == most + 1)
        #expect(GuardReport.bounded(Array(many.prefix(3))) == Array(many.prefix(3)))
    }

    @Test("a content is read once while the file is as it was, and one that is too large not at all")
    func digests() throws {
        let scratch = try Scratch()
        let path = try scratch.file("a", "abc")
        let file = try Descriptor(unsafe open(path, O_RDWR | O_CLOEXEC)) { EnforceError.file("open", path, $0) }
        let digests = ContentDigests()
        let now = Int64(time(nil))
        let expected = try Program.must(["sha256sum", path]).prefix(64)
        let status = try FileStatus(of: file, path)
        let value = digests.digest(of: file.number, status, now: now + 10)
        #expect(value.map { HexDigit.text($0) } == String(expected))
        #expect(ftruncate(file.number, Int(ContentDigests.largest) + 1) == 0)
        let large = try FileStatus(of: file, path)
        #expect(digests.digest(of: file.number, large, now: now + 10) == nil)
        #expect(digests.digest(of: file.number, status, now: now + 10) == value, "remembered by what the file was")
    }

    @Test("file systems of other machines, of programs and of the kernel are not guarded; disks and memory are")
    func mounts() {
        let types = ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "vfat", "squashfs", "devtmpfs", "ramfs"]
        let others = [
            "nfs4", "cifs", "fuse", "fuseblk", "fuse.sshfs", "9p", "proc", "sysfs", "cgroup2", "bpf", "autofs",
        ]
        for (types, isGuarded) in [(types, true), (others, false)] {
            for type in types {
                let table = MountTable("36 25 8:1 / /mnt rw,relatime - \(type) source rw")
                #expect(table.mounts.map(\.isGuarded) == [isGuarded], "\(type)")
                #expect(table.mounts.first?.device == "8:1" && table.mounts.first?.number == 36)
            }
        }
    }
}

@Suite("Starts that wait")
struct WaitingStartsTests {
    private let begun = ContinuousClock.now

    private func start(_ file: Int32, after: Duration = .zero) -> WaitingStarts.Start {
        .init(file: file, pid: 1, since: begun + after)
    }

    @Test("few are judged at a time, in their order; what is judged is answered once")
    func order() {
        var waiting = WaitingStarts()
        for file in 0..<6 { waiting.came(start(Int32(file))) }
        var given: [(number: Int64, start: WaitingStarts.Start)] = []
        while let next = waiting.next() { given.append(next) }
        #expect(given.map(\.start.file) == [0, 1, 2, 3] && given.count == WaitingStarts.busiest)
        let answers = [given[1].number, given[1].number, 99].map { waiting.judged($0)?.file }
        #expect(answers == [1, nil, nil])
        let (next, none) = (waiting.next(), waiting.next())
        #expect(next?.start.file == 4 && none == nil)
    }

    @Test("who waits too long is let pass, at a judge or not; a judge who comes back late judges others")
    func late() throws {
        var waiting = WaitingStarts()
        for file in 0..<5 { waiting.came(start(Int32(file))) }
        let given = waiting.next()
        let first = try #require(given)
        waiting.came(start(9, after: .seconds(5)))
        let early = waiting.overdue(at: begun + .seconds(9))
        #expect(early.isEmpty)
        let passed = waiting.overdue(at: begun + WaitingStarts.patience)
        #expect(Set(passed.map(\.file)) == [0, 1, 2, 3, 4] && waiting.stuckCount == 1)
        let answered = waiting.judged(first.number)
        #expect(answered == nil && waiting.stuckCount == 0)
        let next = waiting.next()
        #expect(next?.start.file == 9)
    }

    @Test("with all judges stuck everybody is let pass at once, and no more are taken than can wait")
    func lost() {
        var waiting = WaitingStarts()
        var taken = 0
        while waiting.hasRoom {
            waiting.came(start(Int32(taken)))
            taken += 1
        }
        #expect(taken == WaitingStarts.most)
        var now = begun
        while waiting.stuckCount < WaitingStarts.judges {
            while waiting.next() != nil {}
            now += WaitingStarts.patience
            _ = waiting.overdue(at: now)
            for file in 0..<4 { waiting.came(.init(file: Int32(file), pid: 1, since: now)) }
        }
        waiting.came(.init(file: 7, pid: 1, since: now))
        let given = waiting.next()
        let passed = waiting.overdue(at: now)
        let after = waiting.next()
        #expect(given == nil && passed.contains { $0.file == 7 } && after == nil)
    }
}
