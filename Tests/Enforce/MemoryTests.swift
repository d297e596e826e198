import CordonModel
import CordonOrders
import Glibc
import Testing

@testable import AgentEnforce

/// The memory of real processes, collected by the real enforcer.
@Suite("Process memory", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct MemoryTests {
    private let lab: Lab
    private let fleet: Enrolled
    private let ground: MemoryGround

    init() throws {
        lab = try Lab()
        ground = try MemoryGround(lab)
        fleet = try Enrolled(
            lab.scratch, policy: "collect_memory = true\nprotected_processes = [\"*/protected-*\"]\n")
    }

    private static let hasReadelf = (try? Program.run(["readelf", "--version"]).status) == 0
    private static let hasGDB = (try? Program.run(["gdb", "--version"]).status) == 0

    @Test("what lies on the stack, in the heap, in maps and in pages that may not be read is in the core file")
    func whole() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper(megabytes: 200)
        let order = fleet.order(.collectProcessMemory(MemoryCollection(target: try keeper.target)))
        let before = try peak(enforcer)
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(
            result.message.hasPrefix("The memory of process \(keeper.program.pid) is collected: "), "\(result.message)")
        #expect(result.proof?.probes.map(\.name) == ["evidence_kept", "process_goes_on"])
        #expect(result.proof?.probes.allSatisfy(\.passed) == true)
        #expect(keeper.answers("one"), "it runs on")
        #expect(try peak(enforcer) - before < 48 << 10, "KiB: nothing large is held")
        let evidence = try #require(result.evidence)
        #expect(evidence.name.hasPrefix("core.python3") && evidence.size > 200 << 20 && evidence.size < 256 << 20)
        for name in ["heap", "map", "hidden"] {
            #expect(try ground.text(order.id, at: keeper.places[name]) == "marker-in-\(name)")
        }
        #expect(try ground.text(order.id, at: keeper.places["nothing"]) == "-", "a terabyte that was never touched")
        #expect((try Program.run(["grep", "-qF", MemoryGround.onStack, ground.core(order.id)])).status == 0)
        let applied = result.proof?.applied ?? []
        #expect(applied.first?.hasPrefix("registers of 3 threads; it stood still for ") == true, "\(applied)")
        #expect(applied.contains { $0.contains(" [vvar]: a device") }, "\(applied)")
        if keeper.places["secret"] != nil {
            // Memory that not even root reads: the kernel keeps it so.
            #expect(applied.contains("pages that could not be read, and are zeros: 1"), "\(applied)")
        }
    }

    /// The most memory that a process has had, in KiB.
    private func peak(_ enforcer: EnforcerProcess) throws -> Int {
        let status = try #require(TextFile.text("/proc/\(enforcer.program.pid)/status"))
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return try #require(line?.split(separator: " ").dropLast().last.flatMap { Int($0) })
    }

    @Test("readelf reads the file to its end", .enabled(if: hasReadelf, "needs readelf"))
    func readelf() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper()
        let order = fleet.order(.collectProcessMemory(MemoryCollection(target: try keeper.target)))
        #expect(try enforcer.execute(order).outcome == .succeeded)
        let (status, segments) = try Program.run(["readelf", "-lW", ground.core(order.id)])
        #expect(status == 0 && !segments.contains("Warning") && !segments.contains("Error"), "\(segments)")
        #expect(segments.contains("CORE (Core file)") && segments.contains(" LOAD "))
        let (_, notes) = try Program.run(["readelf", "-nW", ground.core(order.id)])
        for kind in ["NT_PRPSINFO", "NT_AUXV", "NT_FILE", "NT_PRSTATUS", "NT_FPREGSET", "Cordon"] {
            #expect(notes.contains(kind), "\(kind): \(notes)")
        }
    }

    @Test("gdb finds the words, the threads and where each of them is", .enabled(if: hasGDB, "needs gdb"))
    func debugger() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper()
        let target = try keeper.target
        let order = fleet.order(.collectProcessMemory(MemoryCollection(target: target)))
        #expect(try enforcer.execute(order).outcome == .succeeded)
        let place = try #require(keeper.places["map"])
        let said = try Program.run([
            "gdb", "-nx", "-batch", "-ex", "x/s 0x\(place)", "-ex", "info threads", "-ex", "thread apply all bt 3",
            "-ex", "info proc mappings",
            target.executable ?? "", ground.core(order.id),
        ]).output
        #expect(said.contains("\"marker-in-map\""), "\(said)")
        #expect(said.contains("/libc"), "files are named: \(said)")
        #expect(said.contains("LWP \(keeper.program.pid)"), "\(said)")
        #expect(said.contains("#1 "), "a frame above the first: registers, stack and libraries fit together. \(said)")
        #expect(!said.contains("truncated"), "\(said)")
    }

    @Test("of more than may be brought, what is the process's own and small comes first, and the rest is named")
    func cap() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper(megabytes: 64)
        let collection = MemoryCollection(target: try keeper.target, mostBytes: 8 << 20)
        let order = fleet.order(.collectProcessMemory(collection))
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded)
        let size = try #require(result.evidence?.size)
        #expect(size <= 8 << 20 && size > 7 << 20)
        #expect(result.message.contains("not all is there"), "\(result.message)")
        #expect(result.proof?.applied.contains { $0.contains("cut: there was no room") } == true)
        #expect(try ground.text(order.id, at: keeper.places["hidden"]) == "marker-in-hidden")
        let (_, notes) = try Program.run(["strings", "-n", "20", ground.core(order.id)])
        #expect(notes.contains("cut: there was no room"), "the file says it too")
    }

    @Test("a signal that comes meanwhile is handed on, and the process goes on")
    func signal() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper(megabytes: 300)
        let order = fleet.order(
            .collectProcessMemory(MemoryCollection(target: try keeper.target, mostBytes: 1 << 30)))
        let result = try ground.during(order, enforcer) {
            #expect(RunningProcess(pid: keeper.program.pid)?.state == "t", "it stands still")
            kill(keeper.program.pid, SIGUSR1)
        }
        #expect(try result.get().outcome == .succeeded)
        // Which of its threads takes the signal is the kernel's affair, and so which line comes first.
        keeper.program.write("two\n")
        #expect(Set([keeper.program.line(), keeper.program.line()]) == ["signal", "heard two"])
    }

    @Test("a process that ends meanwhile leaves what was copied, and that is said")
    func ends() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper(megabytes: 300)
        let order = fleet.order(
            .collectProcessMemory(MemoryCollection(target: try keeper.target, mostBytes: 1 << 30)))
        let result = try ground.during(order, enforcer) { kill(keeper.program.pid, SIGKILL) }.get()
        #expect(result.outcome == .succeeded)
        #expect(result.message.contains("the process ended meanwhile"), "\(result.message)")
        #expect(try #require(result.evidence?.size) < 300 << 20)
        #expect(keeper.program.wait() == 128 + SIGKILL, "its parent is told")
        #expect(try ground.text(order.id, at: keeper.places["heap"]) == "marker-in-heap")
    }

    @Test("an enforcer that is killed meanwhile leaves the process running, and nothing half done")
    func killed() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper(megabytes: 300)
        let order = fleet.order(
            .collectProcessMemory(MemoryCollection(target: try keeper.target, mostBytes: 1 << 30)))
        let signed = try fleet.sign(order)
        let result = try ground.during(order, enforcer, as: signed) {
            #expect(RunningProcess(pid: keeper.program.pid)?.state == "t")
            enforcer.kill()
        }
        #expect(throws: (any Error).self) { try result.get() }
        #expect(keeper.answers("three"))
        let next = try EnforcerProcess(fleet, in: lab.host)
        #expect(try next.execute(signed).outcome == .succeeded, "the same order is done again")
    }

    @Test("a process that was stopped before stays stopped, and one that is not to be stopped is not")
    func stopped() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper()
        let target = try keeper.target
        kill(target.pid, SIGSTOP)
        let isStopped = enforcer.becomes { RunningProcess(pid: target.pid)?.state == "T" }
        #expect(isStopped)
        let result = try enforcer.execute(.collectProcessMemory(MemoryCollection(target: target)))
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.applied.first?.hasPrefix("registers of 3 threads") == true)
        #expect(RunningProcess(pid: target.pid)?.state == "T")
        kill(target.pid, SIGCONT)
        #expect(keeper.answers("four"))
        let running = fleet.order(
            .collectProcessMemory(MemoryCollection(target: target, longestStill: .zero)))
        let second = try enforcer.execute(running)
        #expect(second.outcome == .succeeded)
        #expect(second.message.contains("it ran meanwhile, as it was ordered"), "\(second.message)")
        #expect(try ground.text(running.id, at: keeper.places["heap"]) == "marker-in-heap")
        #expect(keeper.answers("five"))
    }

    @Test("a process that another one traces is copied as it runs, and who traces it is named")
    func traced() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper()
        let tracer = try Program([
            "python3", "-u", "-c",
            """
            import ctypes, sys, time
            libc = ctypes.CDLL(None)
            print(libc.ptrace(0x4206, int(sys.argv[1]), 0, 0))
            time.sleep(600)
            """, "\(keeper.program.pid)",
        ])
        #expect(tracer.line() == "0")
        let order = fleet.order(.collectProcessMemory(MemoryCollection(target: try keeper.target)))
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded)
        #expect(result.message.contains("it ran meanwhile, process \(tracer.pid) traces it"), "\(result.message)")
        #expect(try ground.text(order.id, at: keeper.places["map"]) == "marker-in-map")
        #expect(keeper.answers("six"))
    }

    @Test("the host's owner must have allowed it; Cordon's own, the protected and the wrong one are left alone")
    func refusals() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let keeper = try ground.keeper()
        let target = try keeper.target
        func outcome(_ target: ProcessTarget) throws -> Outcome {
            try enforcer.execute(.collectProcessMemory(MemoryCollection(target: target))).outcome
        }
        func rule(_ pid: pid_t) throws -> String? {
            let process = try #require(RunningProcess(pid: pid))
            let target = ProcessTarget(pid: pid, startTime: process.startTime, executable: nil, scope: .process)
            if case .refused(let rule) = try outcome(target) { return rule }
            return nil
        }
        #expect(try rule(enforcer.program.pid) == "built-in: enforcer")
        try Program.must(["cp", "/bin/sleep", "\(lab.scratch.path)/protected-sleep"])
        try Program.must(["cp", "/bin/sleep", "\(lab.scratch.path)/cordon-controller"])
        for (name, expected) in [
            ("protected-sleep", "protected_processes"), ("cordon-controller", "built-in: own process"),
        ] {
            let program = try Program(["\(lab.scratch.path)/\(name)", "600"])
            let runs = enforcer.becomes { RunningProcess(pid: program.pid)?.executableName == name }
            #expect(runs)
            #expect(try rule(program.pid)?.hasPrefix(expected) == true)
        }
        var other = target
        other.startTime += 1
        #expect(try outcome(other) == .failed(code: "process.gone"))
        other = target
        other.executable = "/bin/true"
        #expect(try outcome(other) == .failed(code: "process.not_the_same"))
        enforcer.kill()

        let usual = try Enrolled(lab.scratch)
        let second = try EnforcerProcess(usual, in: lab.host)
        let refused = try second.execute(.collectProcessMemory(MemoryCollection(target: target)))
        #expect(refused.outcome == .refused(rule: "collect_memory (built-in default of collect_memory)"))
        #expect(keeper.answers("seven"))
    }

    @Test(
        "of a file whose server does not answer only what the process changed is copied, and that is said",
        .enabled(if: HangingDisk.obstacle == nil, "\(HangingDisk.obstacle ?? "")"))
    func hangingFile() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let disk = try HangingDisk(at: "disk", of: lab.scratch, programs: ["x"])
        let program = try Program(["python3", "-u", "-c", Self.mapper, disk.path + ".work/served/image"])
        let words = try #require(program.line()).split(separator: " ").map(String.init)
        try #require(words.count == 3, "\(words)")
        try disk.hang()
        let process = try #require(RunningProcess(pid: program.pid))
        let target = ProcessTarget(
            pid: program.pid, startTime: process.startTime, executable: process.executable, scope: .process)
        let order = fleet.order(.collectProcessMemory(MemoryCollection(target: target)))
        let result = try enforcer.execute(order)
        let applied = result.proof?.applied ?? []
        #expect(result.outcome == .succeeded, "\(result.message)")
        let line = applied.first { $0.contains("/served/image") }
        #expect(
            line?.hasSuffix(" bytes of a file that may not answer (fuse); what it changed of it is there") == true,
            "\(applied)")
        #expect(
            result.message.contains(" bytes of files of network and FUSE file systems are left out"),
            "\(result.message)")
        #expect(try ground.text(order.id, at: words[0]) == "-", "a page of the file")
        #expect(try ground.text(order.id, at: words[1]) == "marker-of-its-own")
        #expect(try ground.text(order.id, at: words[2]) == "marker-in-memory", "a file of memory is no other's")
        #expect(try enforcer.execute(.liveTable(LiveTable(name: .modules))).outcome == .succeeded, "the next look")
        disk.end()
    }

    /// Maps a file, of which it reads pages and changes one; and a page of memory alone.
    private static let mapper = #"""
        import ctypes, mmap, os, sys
        file = os.open(sys.argv[1], os.O_RDONLY)
        piece = mmap.mmap(file, 5 << 12, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(piece))
        read = piece[0], piece[4096]
        piece[4 << 12:(4 << 12) + 18] = b'marker-of-its-own\0'
        other = os.memfd_create('other'); os.truncate(other, 4096)
        words = mmap.mmap(other, 4096); words[:17] = b'marker-in-memory\0'
        place = ctypes.addressof(ctypes.c_char.from_buffer(words))
        print('%x %x %x' % (start, start + (4 << 12), place), flush=True)
        sys.stdin.readline()
        """#

    @Test("a map's lines are read as the kernel writes them, whatever a file is called")
    func map() {
        let map = MemoryMap(
            """
            00400000-00452000 r-xp 00001000 08:02 173521      /usr/bin/a b (deleted)
            Rss:                  16 kB
            Swap:                  4 kB
            VmFlags: rd ex mr mw me dw
            7f0000000000-7f0000001000 ---p 00000000 00:00 0 
            Rss:                   0 kB
            7f0000002000-7f0000003000 rw-s 00000000 00:05 7       /dev/x
            VmFlags: rd wr sh io pf
            7ffe00000000-7ffe00004000 r--p 00000000 00:00 0                          [vvar]
            ffff-0 r--p 00000000 00:00 0
            nonsense
            """)
        #expect(map.mappings.count == 4)
        #expect(map.mappings.map { map.name(of: $0) } == ["/usr/bin/a b (deleted)", "", "/dev/x", "[vvar]"])
        #expect(map.mappings.map(\.rights) == [5, 0, 6, 4] && map.mappings[0].used == 20 << 10)
        #expect(map.mappings.map(\.isDevice) == [false, false, true, true])
        #expect(map.mappings.map(\.device) == ["8:2", "", "0:5", ""])
        #expect(map.mappings[0].offset == 4096 && map.mappings[2].isShared)
    }
}
