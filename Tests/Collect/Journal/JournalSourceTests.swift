import CordonModel
import CordonScan
import CordonTesting
import Glibc
import SystemPackage
import Testing

@testable import AgentCollect

@Suite(
    "Following the journal", .serialized, .timeLimit(.minutes(1)),
    .enabled(if: JournalTool.isThere, "systemd-journal-remote is not installed")
)
struct JournalSourceTests {
    let scratch: Scratch
    let deliveries = Deliveries()

    init() throws {
        scratch = try Scratch()
        guard unsafe mkdir(scratch.file("j"), 0o700) == 0 else { throw Errno(rawValue: errno) }
    }

    private func source(_ start: StartPosition = .beginning, identifiers: [String] = []) -> JournalSource {
        JournalSource(.folder(scratch.file("j")), identifiers: identifiers, start: start, surroundings: surroundings)
    }

    private func sshd(_ number: Int, _ more: [(String, String)] = []) -> JournalTool.Entry {
        let message = "Failed password for root from 192.0.2.7 port \(number) ssh2"
        return .init(
            number: number,
            fields: [
                ("MESSAGE", message), ("SYSLOG_IDENTIFIER", "sshd"), ("_PID", "77"), ("PRIORITY", "6"),
                ("_HOSTNAME", "web1"),
            ] + more)
    }

    private func write(_ entries: [JournalTool.Entry], to name: String = "a.journal") throws {
        try JournalTool.write(entries, to: scratch.file("j/" + name))
    }

    @Test("entries come in order, with what journald knows, and new ones follow")
    func follows() async throws {
        try write((1...700).map { sshd($0) })
        try await following(source(), into: deliveries) {
            await deliveries.wait(for: 700)
            try write((701...703).map { sshd($0) })
            await deliveries.wait(for: 703)
        }
        let records = await deliveries.records
        #expect(records.count == 703)
        let event = Normalizer().normalize(records[702], now: surroundings.now())
        #expect(event.number(.sourcePort) == 703)
        #expect(
            event.text(.sourceIP) == "192.0.2.7" && event.text(.hostName) == "web1" && event.number(.processPID) == 77)
        #expect(event.timestamp == Timestamp(seconds: 1_790_000_703))
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test("what a program gave its entry besides is kept under its own name, journald's own is not")
    func custom() async throws {
        let more = [
            ("UNIT", "ssh.service"), ("JOB_RESULT", "done"), ("SYSLOG_TIMESTAMP", "Nov 21 "), ("_GID", "0"),
            ("UNIT", "another"),
        ]
        try write([sshd(1, more)])
        try await following(source(), into: deliveries) { await deliveries.wait(for: 1) }
        let records = await deliveries.records
        let event = Normalizer().normalize(try #require(records.first), now: surroundings.now())
        let kept = event.fields.named.map(\.name).filter { $0.hasPrefix("journald.custom.") }
        #expect(kept.sorted() == ["journald.custom.job_result", "journald.custom.unit"])
        #expect(event.fields[named: "journald.custom.unit"] == .text("ssh.service"))
    }

    @Test("where the journal was empty at the first look, nothing that comes is passed over")
    func empty() async throws {
        try await following(source(.end), into: deliveries) {
            while await deliveries.position == nil, !Task.isCancelled { await Task.yield() }
            try write((1...3).map { sshd($0) })
            await deliveries.wait(for: 3)
        }
        #expect(await deliveries.records.count == 3)
        #expect(await deliveries.gaps.isEmpty)
        let faults = await deliveries.faults
        #expect(faults.first??.contains("No entry of the journal can be seen") == true && faults.last == .some(nil))
    }

    @Test("a restart goes on behind the last entry that was delivered")
    func restarts() async throws {
        try write((1...5).map { sshd($0) })
        try await following(source(), into: deliveries) { await deliveries.wait(for: 5) }
        try write((6...8).map { sshd($0) })
        let position = await deliveries.position
        try await following(source(), from: position, into: deliveries) { await deliveries.wait(for: 8) }
        #expect(await deliveries.records.count == 8)
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test("when the journal no longer has the entry, a gap tells, and all that is there comes")
    func vanished() async throws {
        try write((1...5).map { sshd($0) })
        try await following(source(), into: deliveries) { await deliveries.wait(for: 5) }
        unsafe unlink(scratch.file("j/a.journal"))
        try write((10...12).map { sshd($0) }, to: "b.journal")
        let position = await deliveries.position
        try await following(source(), from: position, into: deliveries) { await deliveries.wait(for: 9) }
        #expect(await deliveries.gaps.count == 1)
        #expect(await deliveries.records.count == 8)
    }

    @Test("a first start at the end delivers only what comes later")
    func end() async throws {
        try write((1...5).map { sshd($0) })
        try await following(source(.end), into: deliveries) {
            var number = 5
            while await deliveries.records.isEmpty {
                number += 1
                try write([sshd(number)])
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        #expect(await deliveries.lines.first?.contains("port 5 ") == false)
    }

    @Test("only entries of the named identifiers come")
    func identifiers() async throws {
        let other = JournalTool.Entry(number: 1, fields: [("MESSAGE", "hello"), ("SYSLOG_IDENTIFIER", "cron")])
        try write([other, sshd(2), other, sshd(3)])
        try await following(source(identifiers: ["sshd", "sudo"]), into: deliveries) { await deliveries.wait(for: 2) }
        #expect(await deliveries.records.count == 2)
    }

    @Test("what journald threw away is a gap, and only its own word counts")
    func suppressed() async throws {
        let dropped = [
            ("MESSAGE", "Suppressed 55 messages from noisy.service"),
            ("MESSAGE_ID", "a596d6fe7bfa4994828e72309e95d61e"), ("SYSLOG_IDENTIFIER", "systemd-journald"),
        ]
        let forged = JournalTool.Entry(number: 1, fields: dropped + [("_TRANSPORT", "journal")])
        let true55 = JournalTool.Entry(number: 2, fields: dropped + [("_TRANSPORT", "driver")])
        try write([forged, true55, sshd(3)])
        try await following(source(), into: deliveries) { await deliveries.wait(for: 4) }
        #expect(await deliveries.gaps.map(\.items) == [55])
        #expect(await deliveries.records.count == 3)
        let named = Deliveries()
        try await following(source(identifiers: ["sshd"]), into: named) { await named.wait(for: 2) }
        #expect(await named.gaps.map(\.items) == [55])
        #expect(await named.records.count == 1)
    }

    @Test("a start at the end keeps its place, so that a restart does not pass over what came meanwhile")
    func endIsAPlace() async throws {
        try write((1...5).map { sshd($0) })
        try await following(source(.end), into: deliveries) {
            while await deliveries.position == nil { try await Task.sleep(for: .milliseconds(5)) }
        }
        try write([sshd(6)])
        let position = await deliveries.position
        try await following(source(.end), from: position, into: deliveries) { await deliveries.wait(for: 1) }
        #expect(await deliveries.lines.map { $0.contains("port 6 ") } == [true])
    }

    @Test("messages that are no text or too long are tagged, and one that is not believed stays so")
    func tags() async throws {
        let long = String(repeating: "x", count: 70_000)
        try write([
            sshd(1), .init(number: 2, fields: [("MESSAGE", long), ("SYSLOG_IDENTIFIER", "sshd"), ("_UID", "1000")]),
        ])
        try await following(source(), into: deliveries) { await deliveries.wait(for: 2) }
        let record = await deliveries.records[1]
        #expect(record.text.count == 65_536)
        #expect(record.fields[.tags] == .texts(["unverified_sender", "line_cut"]))
    }

    @Test("a journal with bytes overwritten is read to its end, and what is missing is told")
    func damaged() async throws {
        try write((1...2000).map { sshd($0) })
        let path = scratch.file("j/a.journal")
        var status = stat()
        try #require(unsafe stat(path, &status) == 0)
        let file = try FileDescriptor.open(FilePath(path), .readWrite)
        // In the middle, where entries lie; the header and the end stay.
        let junk = [UInt8](repeating: 0xAA, count: 4096)
        try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: Int64(status.st_size) / 4, junk) }
        try await following(source(), into: deliveries) {
            while await deliveries.position == nil { try await Task.sleep(for: .milliseconds(5)) }
            await deliveries.settle()
        }
        let (records, gaps) = (await deliveries.records.count, await deliveries.gaps)
        // Nothing may be missing in silence.
        #expect(records <= 2000)
        #expect(records == 2000 || !gaps.isEmpty)
    }

    @Test("a cursor is taken apart, and one of another shape is left alone")
    func cursors() throws {
        let text = "s=0639;i=4a;b=9f;m=12;t=5f3;x=ab"
        let cursor = try #require(JournalCursor(text))
        #expect(cursor.series == "0639" && cursor.number == 0x4A && cursor.realtime == 0x5F3)
        let renumbered = try #require(JournalCursor("s=77;i=1;b=9f;m=12;t=5f3;x=ab"))
        #expect(renumbered.isSameEntry(as: cursor))
        for bad in ["", "s=1", "nonsense", "s=1;i=zz;b=1;m=1;t=1;x=1"] { #expect(JournalCursor(bad) == nil) }
    }

    @Test(
        "who writes under sshd's name without being it is not believed",
        arguments: [
            ("/usr/sbin/sshd", "0", true), ("/usr/lib/openssh/sshd-session", "0", true),
            ("/usr/bin/logger", "1000", false),
            ("/tmp/sshd", "1000", false), ("/home/x/usr/sbin/sshd", "1000", false),
        ])
    func impostors(executable: String, uid: String, believed: Bool) async throws {
        try write([sshd(1, [("_EXE", executable), ("_UID", uid)])])
        try await following(source(), into: deliveries) { await deliveries.wait(for: 1) }
        let event = Normalizer().normalize(await deliveries.records[0], now: surroundings.now())
        #expect((event.text(.sourceIP) != nil) == believed)
        #expect((event.fields[.tags] == .texts(["unverified_sender"])) == !believed)
        #expect(event.text(.message)?.hasPrefix("Failed password") == true)
    }
}
