import CordonModel
import CordonScan
import Testing

@testable import AgentCollect

@Suite("Audit records")
struct AuditReadingTests {
    private static let exec = """
        type=SYSCALL msg=audit(1626611363.720:348501): arch=c000003e syscall=59 success=yes exit=0 a0=55c095deb5c0 a1=55c095dec820 ppid=722076 pid=724395 auid=1000 uid=0 gid=0 euid=0 tty=pts3 ses=3 comm="perl" exe="/usr/bin/perl" key=61016B6579
        type=EXECVE msg=audit(1626611363.720:348501): argc=4 a0="perl" a1="-e" a2_len=18 a2[0]=7573652053
        type=EXECVE msg=audit(1626611363.720:348501): a2[1]="ocket;" a3=00FF
        type=CWD msg=audit(1626611363.720:348501): cwd="/root"
        type=PROCTITLE msg=audit(1626611363.720:348501): proctitle=7065726C002D65
        """

    private func events(_ log: String, _ table: ProcessTable = ProcessTable(readsProc: false)) -> [Event] {
        let reading = AuditReading(users: UserNames(folder: nil), processes: table)
        let lines = log.split(separator: "\n").map { Array($0.utf8) }
        return reading.records(ofLines: lines).map {
            Normalizer().normalize($0, now: Timestamp(seconds: 1_790_000_000))
        }
    }

    @Test(
        "a call has the name that its number has on its architecture",
        arguments: [
            ("c000003e", 59, "execve"), ("40000003", 11, "execve"), ("c00000b7", 221, "execve"),
            ("40000028", 11, "execve"),
            ("c00000f3", 221, "execve"), ("c0000015", 11, "execve"), ("80000016", 11, "execve"),
            ("40000028", 283, "connect"), ("c0000015", 328, "connect"), ("80000016", 362, "connect"),
            ("c00000f3", 203, "connect"), ("c00000ff", 59, nil),
        ] as [(String, Int64, String?)])
    func calls(architecture: String, number: Int64, name: String?) {
        let known = AuditSyscalls.architecture(architecture)
        #expect(known.flatMap { AuditSyscalls.name(number, on: $0) } == name)
    }

    @Test(
        "numbers at the edges are kept as they are",
        arguments: ["-9223372036854775808", "9223372036854775807", "-9223372036854775809"])
    func edges(number: String) {
        let found = events(
            "type=SYSCALL msg=audit(1626611363.720:1): arch=c000003e syscall=\(number) exit=\(number) pid=\(number) mode=\(number)"
        )
        #expect(found.count == 1)
        #expect(found.first?.text(.auditExit) == (Int64(number) == nil ? nil : number))
    }

    @Test("an execution is one event, its split and encoded arguments joined, its parent known")
    func execution() throws {
        let table = ProcessTable(readsProc: false)
        table.note(.init(executable: "/usr/bin/bash", commandLine: "bash -i"), of: 722_076)
        let found = events(Self.exec, table)
        #expect(found.count == 1)
        let event = try #require(found.first)
        #expect(event.timestamp == Timestamp(microseconds: 1_626_611_363_720_000))
        #expect(event.number(.eventSequence) == 348_501)
        #expect(event.texts(.processArguments) == ["perl", "-e", "use Socket;", "\u{0}\\xff"])
        #expect(event.text(.processExecutable) == "/usr/bin/perl")
        #expect(event.text(.processParentExecutable) == "/usr/bin/bash")
        #expect(event.text(.processParentCommandLine) == "bash -i")
        #expect(event.text(.userID) == "1000")
        #expect(event.text(.userEffectiveID) == "0")
        #expect(event.text(.processTitle) == "perl -e")
        #expect(event.texts(.auditKeys) == ["a", "key"])
        #expect(event.texts(.eventType) == ["start"])
        #expect(table.entry(of: 724_395)?.executable == "/usr/bin/perl", "it is known as a parent from now on")
    }

    @Test("of many arguments and keys as many are kept as a field holds, and the count is told")
    func manyTexts() throws {
        let arguments = (0..<70).map { "a\($0)=\"-\($0)\"" }.joined(separator: " ")
        let keys = String(repeating: "6101", count: 70)
        let event = try #require(
            events(
                """
                type=SYSCALL msg=audit(1626611363.720:1): arch=c000003e syscall=59 success=yes pid=7 key=\(keys)
                type=EXECVE msg=audit(1626611363.720:1): argc=70 \(arguments)
                """
            ).first)
        #expect(event.texts(.processArguments) == (0..<FieldValue.textsLimit).map { "-\($0)" })
        #expect(event.number(.processArgumentCount) == 70)
        #expect(event.text(.processCommandLine)?.hasSuffix("-68 -69") == true)
        #expect(event.texts(.auditKeys).count == FieldValue.textsLimit)
    }

    @Test("single records stay apart for Sigma: pointers in SYSCALL, arguments in EXECVE, numbers named")
    func views() throws {
        let event = try #require(events(Self.exec).first)
        let records = try event.texts(.auditRecords).map { try JSONValue.parse($0) }
        #expect(records.map { $0["type"]?.text } == ["SYSCALL", "EXECVE", "CWD", "PROCTITLE"])
        #expect(records[0]["SYSCALL"]?.text == "execve")
        #expect(records[0]["a0"]?.text == "55c095deb5c0")
        #expect(records[0]["key"]?.texts == ["a", "key"])
        #expect(records[1]["a2"]?.text == "use Socket;")
    }

    @Test("a program that was not found did not start")
    func notStarted() throws {
        let log = Self.exec.replacing("success=yes exit=0", with: "success=no exit=-2")
        let event = try #require(events(log).first)
        #expect(event.text(.eventOutcome) == "failure")
        #expect(event.texts(.eventType) == ["info"])
        #expect(event.text(.auditExit) == "ENOENT")
    }

    @Test("interleaved events come apart, ENRICHED names win, and what is no record is kept")
    func interleaved() {
        let log = """
            node=web1 type=SYSCALL msg=audit(1.000:1): arch=c00000b7 syscall=221 success=yes pid=1 auid=4294967295 uid=7\u{1D}ARCH=aarch64 SYSCALL=execve AUID="unset" UID="bob"
            type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=42 success=yes pid=2 uid=8
            garbage
            type=SOCKADDR msg=audit(1.000:1): saddr=020001BBC0000201
            node=web1 type=CWD msg=audit(1.000:1): cwd="/"
            """
        let found = events(log)
        #expect(found.count == 3)
        let arm = found.first { $0.text(.auditArchitecture) == "aarch64" }
        #expect(arm?.text(.userName) == "bob")
        #expect(arm?.text(.auditSyscall) == "execve")
        #expect(arm?.text(.processWorkingDirectory) == "/")
        let connect = found.first { $0.text(.auditSyscall) == "connect" }
        #expect(connect?.text(.destinationIP) == "192.0.2.1")
        #expect(connect?.number(.destinationPort) == 443)
        #expect(found.contains { $0.original == "garbage" })
    }

    @Test("an event whose records come in two batches with a stop between is whole", .timeLimit(.minutes(1)))
    func acrossRestart() async throws {
        let scratch = try Scratch()
        let lines = Self.exec.split(separator: "\n").map { $0 + "\n" }
        try scratch.append("audit.log", lines[..<2].joined())
        func source() -> AuditSource {
            AuditSource(
                lines: FileSource(path: scratch.file("audit.log"), start: .beginning, surroundings: surroundings),
                reading: AuditReading(users: UserNames(folder: nil), processes: ProcessTable(readsProc: false)),
                surroundings: surroundings)
        }
        let first = Deliveries()
        try await following(source(), into: first) { await first.waitForPosition() }
        let early = await first.records.count
        #expect(early == 0, "it waits for the rest")
        try scratch.append("audit.log", lines[2...].joined())
        let second = Deliveries()
        let position = await first.position
        try await following(source(), from: position, into: second) { await second.wait(for: 1) }
        let record = try #require(await second.records.first)
        #expect(record.fields[.processCommandLine] == .text("perl -e use Socket; \u{0}\\xff"))
    }
}
