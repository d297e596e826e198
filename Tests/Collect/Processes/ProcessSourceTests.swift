import AgentDetect
import CLinux
import CordonMatch
import CordonModel
import CordonScan
import CordonSigma
import CordonTesting
import Glibc
import Testing

@testable import AgentCollect

/// The host's own clock: the kernel's times are of this boot.
private let live = Surroundings(now: { Timestamp(microseconds: clinux_realtime_us()) }, random: { 4 })

extension Deliveries {
    /// Waits until a record is as wanted.
    func first(where wanted: @Sendable (Record) -> Bool) async -> Record? {
        var seen = 0
        while !Task.isCancelled {
            if let record = records.first(where: wanted) { return record }
            seen = records.count + gaps.count
            await wait(for: seen + 1)
        }
        return nil
    }

    /// Waits until a gap says the word.
    func gap(saying word: String) async -> Gap? {
        while !Task.isCancelled {
            if let gap = gaps.first(where: { $0.message.contains(word) }) { return gap }
            await wait(for: records.count + gaps.count + 1)
        }
        return nil
    }
}

extension Record {
    fileprivate var pid: Int64? { if case .number(let pid)? = fields[.processPID] { pid } else { nil } }
    fileprivate var command: String { fields.text(.processCommandLine) ?? "" }
    fileprivate var tags: [String] { if case .texts(let tags)? = fields[.tags] { tags } else { [] } }
    fileprivate var isStart: Bool { fields[.eventType] == .texts(["start"]) }
}

/// A program that stays until it is ended.
private final class Sleeper: Sendable {
    let pid: Int64

    init(_ arguments: [String]) throws {
        var child: pid_t = 0
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe strings.forEach { unsafe free($0) } }
        // It outlives others that are being started, and must not hold their pipes open.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for descriptor in Int32(3)..<256 {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        let failure = unsafe posix_spawnp(&child, arguments[0], &actions, nil, &strings, environ)
        guard failure == 0 else { throw TestFailure("\(arguments[0]) cannot be started") }
        pid = Int64(child)
    }

    func end() {
        kill(pid_t(pid), SIGKILL)
        _ = waitpid(pid_t(pid), nil, 0)
    }
}

@Suite(
    "Processes, from the kernel", .serialized,
    .enabled(
        if: ProcessSource.obstacle == nil, "the kernel does not tell this process of others: no proc connector here"),
    .timeLimit(.minutes(2)))
struct ProcessSourceTests {
    let deliveries = Deliveries()

    private func source(bufferBytes: Int32 = 8 << 20) -> ProcessSource {
        ProcessSource(
            users: UserNames(), processes: ProcessTable(readsProc: true), surroundings: live, bufferBytes: bufferBytes)
    }

    /// Follows until the source listens.
    private func following(
        _ source: ProcessSource, from position: JSONValue? = nil, _ body: @Sendable () async throws -> Void
    ) async throws {
        try await CollectTests.following(source, from: position, into: deliveries) {
            while await deliveries.position == nil { try await Task.sleep(for: .milliseconds(10)) }
            try await body()
        }
    }

    @Test("starts and ends that follow each other closely are handed on together, and none is held back")
    func gathering() async throws {
        // Seconds to sleep, which nobody else does.
        let marker = "\(UInt32.random(in: 1_000_000 ... .max))"
        try await following(source()) {
            let sleepers = try (0..<20).map { _ in try Sleeper(["sleep", marker]) }
            defer { for sleeper in sleepers { sleeper.end() } }
            for sleeper in sleepers { _ = await deliveries.first { $0.pid == sleeper.pid && $0.isStart } }
        }
        let counts = await deliveries.batches.map { batch in
            batch.filter { $0.isStart && $0.command.contains(marker) }.count
        }
        #expect(counts.reduce(0, +) == 20)
        #expect(counts.count { $0 > 0 } < 20, "batches: \(counts)")
    }

    @Test("a program that is executed and ends is told with all that is known, and once")
    func startAndEnd() async throws {
        let marker = "cordon-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let scratch = try Scratch()
        let pipe = scratch.file("pipe")
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        let begun = live.now()
        try await following(source()) {
            // It stays until it was seen: what is gone at once may be told without its program.
            let shell = try Sleeper(["sh", "-c", "read line < \(pipe); exit 7", marker])
            defer { shell.end() }
            let start = await deliveries.first { $0.isStart && $0.command.contains(marker) }
            let pid = try #require(start?.pid)
            #expect(pid == shell.pid)
            try scratch.append("pipe", "go\n")
            _ = await deliveries.first { $0.pid == pid && !$0.isStart }
        }
        let records = await deliveries.records
        let start = try #require(
            records.first { $0.isStart && $0.command.contains(marker) })
        let event = Normalizer().normalize(start, now: live.now())
        #expect(event.texts(.eventCategory) == ["process"] && event.text(.eventAction) == "executed")
        #expect(event.text(.processName) == "sh")
        let shell = try #require(realpath("/bin/sh"))
        #expect(event.text(.processExecutable) == shell)
        #expect(event.texts(.processArguments) == ["sh", "-c", "read line < \(pipe); exit 7", marker])
        #expect(event.number(.processArgumentCount) == 4)
        #expect(event.number(.processParentPID) == Int64(getpid()))
        #expect(event.text(.processParentExecutable) == realpath("/proc/self/exe"))
        #expect(event.text(.userEffectiveID) == String(geteuid()))
        #expect(event.text(.processWorkingDirectory) != nil && event.text(.processEntityID) != nil)
        #expect(event.timestamp >= begun - .seconds(1) && event.timestamp <= live.now())
        let started = try #require(event.text(.processStart).flatMap { Timestamp(rfc3339: $0) })
        #expect(started >= begun - .seconds(1) && started <= live.now())
        let ends = records.filter { $0.pid == start.pid && !$0.isStart }
        #expect(ends.count == 1 && records.filter { $0.pid == start.pid }.count == 2)
        let end = Normalizer().normalize(try #require(ends.first), now: live.now())
        #expect(end.number(.processExitCode) == 7 && end.texts(.eventType) == ["end"])
        #expect(end.text(.processEntityID) == event.text(.processEntityID))
        #expect(end.text(.processExecutable) == shell)
        #expect(await deliveries.gaps.isEmpty || !Capability.sysPtrace.isHeld, "a first start misses nothing")
    }

    private func realpath(_ path: String) -> String? {
        guard let resolved = unsafe Glibc.realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    @Test("a death by signal has the number that shells say, and names the signal")
    func signal() async throws {
        try await following(source()) {
            let process = try Sleeper(["sleep", "300"])
            _ = await deliveries.first { $0.pid == process.pid && $0.isStart }
            process.end()
            let end = await deliveries.first { $0.pid == process.pid && !$0.isStart }
            #expect(end?.fields[.processExitCode] == .number(137))
            #expect(end?.fields[.eventReason] == .text("signal 9"))
        }
    }

    @Test("a rule of category process_creation matches an execution, and no end of one")
    func sigma() async throws {
        let rule = SigmaRule(
            id: "r1", title: "Sleeps", level: .high,
            logSource: LogSource(product: "linux", category: "process_creation"),
            condition: .all([
                .field("Image", .pattern(Wildcards([.anyRun, .literal("/sleep")]), isCased: false)),
                .field("CommandLine", .pattern(Wildcards([.anyRun, .literal("304")]), isCased: false)),
            ]))
        let detector = Detector(surroundings: live)
        try detector.install(try RulePack(name: "p", version: 1, rules: [rule]).encoded())
        let process = try await following(detector)
        let events = await deliveries.records.filter { $0.pid == process }
            .map { Normalizer().normalize($0, now: live.now()) }
        #expect(events.map { $0.texts(.eventType) } == [["start"], ["end"]])
        #expect(events.map { detector.inspect($0).count } == [1, 0])
    }

    /// Lets one process start and end.
    private func following(_ detector: Detector) async throws -> Int64 {
        let process = try await CollectTests.following(source(), into: deliveries) {
            while await deliveries.position == nil { try await Task.sleep(for: .milliseconds(10)) }
            let process = try Sleeper(["sleep", "304"])
            _ = await deliveries.first { $0.pid == process.pid && $0.isStart }
            process.end()
            _ = await deliveries.first { $0.pid == process.pid && !$0.isStart }
            return process.pid
        }
        return process
    }

    @Test("what the kernel dropped is a gap, and what of it still runs is found in /proc, each once")
    func overflow() async throws {
        let marker = "30\(UInt16.random(in: 1000...9999))"
        // Sleepers among thousands of forks, more than a queue of a few notices holds.
        let storm = """
            exec 2>/dev/null; i=0; while [ $i -lt 1500 ]; do (:) & i=$((i+1)); [ $((i % 75)) -eq 0 ] && sleep \(marker) & done; wait $!
            """
        try await following(source(bufferBytes: 2304)) {
            let shell = try Sleeper(["bash", "-c", storm])
            let gap = await deliveries.gap(saying: "dropped some")
            #expect(gap?.source == "processes")
            let sleepers = try Waiting.until("twenty sleepers") {
                let found = ProcessFolder().processes().filter {
                    ProcessFolder().arguments(of: $0) == ["sleep", marker]
                }
                return found.count >= 20 ? found : nil
            }
            for pid in sleepers { _ = await deliveries.first { $0.pid == pid && $0.isStart && isSleep($0) } }
            let records = await deliveries.records
            for pid in sleepers {
                #expect(records.filter { $0.pid == pid && $0.isStart && isSleep($0) }.count == 1, "\(pid)")
            }
            let found = records.filter { $0.fields[.eventAction] == .text("found_running") }
            #expect(found.allSatisfy { $0.tags.contains("rescan") })
            for pid in sleepers { kill(pid_t(pid), SIGKILL) }
            shell.end()
        }
    }

    private func isSleep(_ record: Record) -> Bool {
        record.command.hasPrefix("sleep ")
    }

    @Test("after a restart the time between is a gap, and what started in it and runs is found")
    func restart() async throws {
        try await following(source()) {}
        let position = try #require(await deliveries.position)
        let before = await deliveries.records.count
        usleep(50_000)
        let process = try Sleeper(["sleep", "305"])
        defer { process.end() }
        try await following(source(), from: position) {
            let gap = await deliveries.gap(saying: "not watched")
            #expect(gap?.message.contains(position["until"]?.text ?? "-") == true)
            let found = await deliveries.first { $0.pid == process.pid }
            #expect(found?.fields[.eventAction] == .text("found_running") && found?.isStart == true)
            #expect(found?.tags.contains("rescan") == true)
        }
        let again = await deliveries.records[before...].filter { $0.pid == Int64(getpid()) }
        #expect(again.isEmpty, "what ran before is not told again")
    }

    @Test("a process that is gone before it is looked at is told with what is known")
    func gone() {
        let reading = ProcessReading(
            users: UserNames(), processes: ProcessTable(readsProc: true), clock: ProcessClock(surroundings: live))
        let details = ProcessFolder().details(of: 4_194_303)
        #expect(details.absence == .gone)
        let record = reading.started(4_194_303, details, parent: Int64(getpid()), at: live.now())
        let event = Normalizer().normalize(record, now: live.now())
        #expect(event.texts(.tags) == ["process_gone"] && event.number(.processPID) == 4_194_303)
        #expect(event.text(.processParentExecutable) == realpath("/proc/self/exe"))
        let views = SigmaRecord.views(of: event)
        #expect(views.first?.logSources == [LogSource(product: "linux", category: "process_creation")])
    }
}
