import CordonModel
import CordonTesting
import Glibc
import Testing

@testable import AgentCollect

@Suite("Following files by pattern", .timeLimit(.minutes(1)))
struct FilePatternTests {
    let scratch: Scratch
    let deliveries = Deliveries()

    init() throws { scratch = try Scratch() }

    private func source(_ name: String, rotated: Bool = false) -> FileSource {
        FileSource(
            path: scratch.file(name), start: .beginning, includesRotated: rotated, surroundings: surroundings)
    }

    @Test("files of a pattern are followed together, new ones are taken up, and each is rotated for itself")
    func together() async throws {
        try scratch.append("a.log", "a1\n")
        try scratch.append("b.log", "b1\n")
        try await following(source("*.log"), into: deliveries) {
            await deliveries.wait(for: 2)
            try scratch.append("c.log", "c1\n")
            await deliveries.wait(for: 3)
            try scratch.append("a.log", "a2\n")
            try scratch.rename("a.log", to: "a.log.1")
            try scratch.append("a.log", "a3\n")
            await deliveries.wait(for: 5)
        }
        #expect(await deliveries.lines.sorted() == ["a1", "a2", "a3", "b1", "c1"])
        let paths = await deliveries.records.map { $0.fields[.logFilePath] }
        #expect(paths.contains(.text(scratch.file("c.log"))))
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test("after a restart every file goes on where it was, and one that came meanwhile is read from its beginning")
    func restart() async throws {
        try scratch.append("a.log", "a1\n")
        try scratch.append("b.log", "b1\n")
        try await following(source("*.log"), into: deliveries) { await deliveries.wait(for: 2) }
        try scratch.append("a.log", "a2\n")
        try scratch.append("d.log", "d1\nd2\n")
        let position = await deliveries.position
        try await following(source("*.log"), from: position, into: deliveries) { await deliveries.wait(for: 5) }
        #expect(await deliveries.lines.sorted() == ["a1", "a2", "b1", "d1", "d2"])
    }

    @Test("more than 600 files are followed by one thread")
    func many() async throws {
        for number in 1...600 { try scratch.append("\(number).log", "line of \(number)\n") }
        try await following(source("*.log"), into: deliveries) { await deliveries.wait(for: 600) }
        #expect(Set(await deliveries.lines).count == 600)
    }

    @Test("a start at the end keeps its place, so that a restart does not pass over what came meanwhile")
    func endIsAPlace() async throws {
        try scratch.append("a.log", "before\n")
        let ending = FileSource(path: scratch.file("a.log"), start: .end, surroundings: surroundings)
        try await following(ending, into: deliveries) {
            while await deliveries.position == nil { try await Task.sleep(for: .milliseconds(5)) }
        }
        try scratch.append("a.log", "meanwhile\n")
        let position = await deliveries.position
        try await following(ending, from: position, into: deliveries) { await deliveries.wait(for: 1) }
        #expect(await deliveries.lines == ["meanwhile"])
    }

    @Test("on a first start that asks for it, rotated and compressed files are read before, the oldest first")
    func compressed() async throws {
        try scratch.append("auth.log.2", "one\ntwo\n")
        try compress("auth.log.2")
        try age("auth.log.2.gz", seconds: 200)
        try scratch.append("auth.log.1", "three\n")
        try age("auth.log.1", seconds: 100)
        try scratch.append("auth.log", "four\n")
        try await following(source("auth.log", rotated: true), into: deliveries) { await deliveries.wait(for: 4) }
        #expect(await deliveries.lines == ["one", "two", "three", "four"])
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test("a rotated file that is compressed in a way that is not read is told, and the others are read")
    func unreadable() async throws {
        try scratch.append("auth.log.2.xz", "not ours to read\n")
        try scratch.append("auth.log.1", "one\n")
        try age("auth.log.1", seconds: 100)
        try scratch.append("auth.log", "two\n")
        try await following(source("auth.log", rotated: true), into: deliveries) { await deliveries.wait(for: 3) }
        #expect(await deliveries.lines == ["one", "two"])
        #expect(
            await deliveries.gaps.map { $0.message.contains("auth.log.2.xz the newest: they are not read") } == [true])
    }

    @Test("a log that was rotated and compressed while nobody read it is found again in the compressed file")
    func compressedMeanwhile() async throws {
        try scratch.append("auth.log", "one\ntwo\n")
        try await following(source("auth.log"), into: deliveries) { await deliveries.wait(for: 2) }
        try scratch.append("auth.log", "three\n")
        try scratch.rename("auth.log", to: "auth.log.1")
        try compress("auth.log.1")
        try scratch.append("auth.log", "four\n")
        let position = await deliveries.position
        try await following(source("auth.log"), from: position, into: deliveries) { await deliveries.wait(for: 4) }
        #expect(await deliveries.lines == ["one", "two", "three", "four"])
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test("a compressed file with a time that lies ahead is read once, however often the log is rotated after it")
    func compressedAhead() throws {
        try scratch.append("auth.log", "one\n")
        let log = FollowedLog(scratch.file("auth.log"), source: "file", surroundings: surroundings)
        log.begin(.beginning, includingRotated: false)
        var batch = FileBatch()
        _ = log.read(into: &batch)
        try scratch.append("auth.log.9", "planted\n")
        try compress("auth.log.9")
        try age("auth.log.9.gz", seconds: -100_000)
        for number in 1...50 {
            try scratch.truncate("auth.log")
            _ = log.read(into: &batch)
            try scratch.append("auth.log", "line \(number)\n")
            while log.read(into: &batch) {}
        }
        #expect(batch.records.filter { $0.text == Array("planted".utf8) }.count == 1)
        #expect(log.expanded.count == 1)
    }

    @Test(
        "UTF-16 with its mark becomes text, in either order of bytes; what is no text is tagged",
        arguments: [true, false])
    func encodings(isLittle: Bool) async throws {
        let units = Array("\u{FEFF}grün Ċ one\r\nlast\n".utf16)
        try scratch.append(
            "w.log",
            units.flatMap { isLittle ? [UInt8($0 & 255), UInt8($0 >> 8)] : [UInt8($0 >> 8), UInt8($0 & 255)] })
        try scratch.append("x.log", [0x61, 0xFF, 0x0A])
        try await following(source("?.log"), into: deliveries) { await deliveries.wait(for: 3) }
        #expect(await deliveries.lines.prefix(2) == ["grün Ċ one", "last"])
        #expect(await deliveries.records.last?.fields[.tags] == .texts(["invalid_utf8"]))
    }

    private func compress(_ name: String) throws {
        var pid = pid_t()
        let texts = ["/bin/gzip", scratch.file(name)]
        var words = unsafe texts.map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        let started = unsafe posix_spawn(&pid, "/bin/gzip", nil, nil, &words, nil)
        try #require(started == 0)
        var ending: Int32 = 0
        while unsafe waitpid(pid, &ending, 0) < 0, errno == EINTR {}
        try #require(ending == 0)
    }

    private func age(_ name: String, seconds: Int) throws {
        let then = timeval(tv_sec: Glibc.time(nil) - seconds, tv_usec: 0)
        let times = [then, then]
        let status = unsafe utimes(scratch.file(name), times)
        try #require(status == 0)
    }
}
