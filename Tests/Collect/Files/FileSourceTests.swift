import CordonModel
import CordonScan
import Glibc
import Testing

@testable import AgentCollect

@Suite("Following a file", .timeLimit(.minutes(1)))
struct FileSourceTests {
    let scratch: Scratch
    let deliveries = Deliveries()

    init() throws { scratch = try Scratch() }

    func source(_ start: StartPosition = .beginning) -> FileSource {
        FileSource(path: scratch.file("auth.log"), start: start, surroundings: surroundings)
    }

    func numbered(_ range: ClosedRange<Int>) -> [String] { range.map { "line \($0) of the log" } }

    func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

    @Test("lines come as they are written, and the file need not be there at first")
    func follows() async throws {
        try await following(source(), into: deliveries) {
            try scratch.append("auth.log", text(numbered(1...3)))
            await deliveries.wait(for: 3)
            try scratch.append("auth.log", "line 4 of")
            try scratch.append("auth.log", " the log\nline 5 of the log\n")
            await deliveries.wait(for: 5)
        }
        #expect(await deliveries.lines == numbered(1...5))
        #expect(await deliveries.records[3].fields[.logFileOffset] == .number(54))
    }

    @Test(
        "a first start at the end passes over what is there, at the beginning it does not",
        arguments: StartPosition.allCases)
    func starts(start: StartPosition) async throws {
        try scratch.append("auth.log", text(numbered(1...3)))
        let first = start == .end ? 4 : 1
        try await following(source(start), into: deliveries) {
            // Nothing tells when a source that starts at the end has begun: it is written to until something comes.
            while await deliveries.records.isEmpty {
                try scratch.append("auth.log", text(["line 4 of the log"]))
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        #expect(await deliveries.lines.first == "line \(first) of the log")
    }

    @Test("a restart goes on where the last batch ended, even when the file was renamed meanwhile")
    func restarts() async throws {
        try scratch.append("auth.log", text(numbered(1...3)))
        try await following(source(), into: deliveries) { await deliveries.wait(for: 3) }
        try scratch.append("auth.log", text(numbered(4...5)))
        try scratch.rename("auth.log", to: "auth.log.1")
        try scratch.append("auth.log", text(numbered(6...7)))
        let position = await deliveries.position
        try await following(source(), from: position, into: deliveries) { await deliveries.wait(for: 7) }
        #expect(await deliveries.lines == numbered(1...7))
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test("a file that was replaced while nobody read it is read from its beginning, and a gap tells")
    func replaced() async throws {
        try scratch.append("auth.log", text(numbered(1...3)))
        try await following(source(), into: deliveries) { await deliveries.wait(for: 3) }
        try scratch.truncate("auth.log")
        try scratch.append(
            "auth.log", text(["another log altogether, longer than the one that stood here before, by far", "x"]))
        let position = await deliveries.position
        try await following(source(), from: position, into: deliveries) { await deliveries.wait(for: 6) }
        #expect(await deliveries.lines.suffix(2).last == "x")
        #expect(await deliveries.gaps.count == 1)
    }

    @Test("renaming under a writer loses no line and doubles none")
    func renaming() async throws {
        try await following(source(), into: deliveries) {
            try scratch.append("auth.log", text(["line 1 of the log"]))
            await deliveries.wait(for: 1)
            var number = 1
            for round in 1...5 {
                for _ in 1...200 {
                    number += 1
                    try scratch.append("auth.log", text(["line \(number) of the log"]))
                }
                try scratch.rename("auth.log", to: "auth.log.\(round)")
                // The writer has not noticed yet.
                try scratch.append("auth.log.\(round)", text(["line \(number + 1) of the log"]))
                number += 1
            }
            try scratch.append("auth.log", text(["line \(number + 1) of the log"]))
            await deliveries.wait(for: number + 1)
        }
        let lines = await deliveries.lines
        #expect(lines.count == 1007)
        #expect(Set(lines) == Set(numbered(1...1007)))
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test("copying and truncating under a writer loses no line and doubles none")
    func copyTruncate() async throws {
        try await following(source(), into: deliveries) {
            var number = 0
            for round in 1...5 {
                let first = number + 1
                for _ in 1...200 {
                    number += 1
                    try scratch.append("auth.log", text(["line \(number) of the log"]))
                }
                // The source has seen this round's file; how far it got is its own affair.
                await deliveries.wait(for: first)
                try scratch.append("auth.log.\(round)", text(numbered(first...number)))
                try scratch.truncate("auth.log")
            }
            await deliveries.wait(for: number)
        }
        let lines = await deliveries.lines
        #expect(lines.count == 1000)
        #expect(Set(lines) == Set(numbered(1...1000)))
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test(
        "a hole that truncation left under a writer costs no line and no time, whatever its length",
        arguments: [1000, 300_000, 1_000_000, 1 << 40] as [Int64])
    func hole(length: Int64) async throws {
        try scratch.append("auth.log", text(numbered(1...2)))
        try await following(source(), into: deliveries) {
            await deliveries.wait(for: 2)
            try scratch.write(text(numbered(3...4)), at: length, of: "auth.log")
            await deliveries.wait(for: 4)
            try scratch.append("auth.log", text(numbered(5...5)))
            await deliveries.wait(for: 5)
        }
        #expect(await deliveries.lines == numbered(1...5))
        #expect(await deliveries.gaps.isEmpty)
    }

    @Test(
        "a link is followed when root or the file's owner made it, and no other",
        .enabled(if: geteuid() == 0, "only root can make files of other users"))
    func links() throws {
        try scratch.append("secret", "not yours\n")
        try #require(unsafe chown(scratch.file("secret"), 4001, 4001) == 0)
        for (name, target, maker) in [
            ("root.log", scratch.file("secret"), 0), ("own.log", "secret", 4001), ("other.log", "secret", 4002),
            ("to-root.log", "root.log", 4002), ("to-own.log", "./own.log", 0), ("lost.log", "nowhere", 4002),
            ("loop.log", "loop.log", 0),
        ] {
            try #require(unsafe symlink(target, scratch.file(name)) == 0)
            try #require(unsafe lchown(scratch.file(name), uid_t(maker), 0) == 0)
        }
        func read(_ name: String) -> [String] {
            let log = FollowedLog(scratch.file(name), source: "file", surroundings: surroundings)
            log.begin(.beginning, includingRotated: false)
            var batch = FileBatch()
            _ = log.read(into: &batch)
            return batch.records.map { String(decoding: $0.text, as: UTF8.self) }
        }
        for name in ["secret", "root.log", "own.log", "to-own.log"] { #expect(read(name) == ["not yours"], "\(name)") }
        for name in ["other.log", "to-root.log", "lost.log", "loop.log"] { #expect(read(name) == [], "\(name)") }
    }

    @Test("neither what is no file in a log's place nor beside it holds anything up")
    func noFiles() throws {
        try scratch.append("auth.log", text(numbered(1...2)))
        let log = FollowedLog(scratch.file("auth.log"), source: "file", surroundings: surroundings)
        log.begin(.beginning, includingRotated: false)
        var batch = FileBatch()
        _ = log.read(into: &batch)
        try #require(unsafe mkfifo(scratch.file("auth.log.1"), 0o644) == 0)
        try #require(unsafe mkfifo(scratch.file("auth.log.2.gz"), 0o644) == 0)
        try #require(unsafe mkdir(scratch.file("auth.log.3"), 0o755) == 0)
        try #require(unsafe symlink("/dev/zero", scratch.file("auth.log.4")) == 0)
        try #require(unsafe symlink("/dev/zero", scratch.file("auth.log.5.gz")) == 0)
        try scratch.rename("auth.log", to: "auth.log-6")
        try #require(unsafe mkfifo(scratch.file("auth.log"), 0o644) == 0)
        for _ in 0..<3 { _ = log.read(into: &batch) }
        try #require(unsafe unlink(scratch.file("auth.log")) == 0)
        try scratch.append("auth.log", text(numbered(3...3)))
        _ = log.read(into: &batch)
        #expect(batch.records.map { String(decoding: $0.text, as: UTF8.self) } == numbered(1...3))
    }

    @Test("a line that is too long is cut and tagged, and the next one is whole")
    func longLines() async throws {
        let long = String(repeating: "x", count: 300_000)
        try scratch.append("auth.log", text(["first", long, "last"]))
        try await following(source(), into: deliveries) { await deliveries.wait(for: 3) }
        let records = await deliveries.records
        #expect(records.map(\.text.count) == [5, 65_536, 4])
        #expect(records[1].fields[.tags] == .texts(["line_cut"]))
    }

    @Test("bytes that are no text, empty lines and line ends of other systems do no harm")
    func strangeBytes() async throws {
        try scratch.append("auth.log", [0, 0, 0, 0x61, 0xFF, 0x62, 0x0A, 0x0A, 0x0D, 0x0A, 0x63, 0x0D, 0x0A])
        try await following(source(), into: deliveries) { await deliveries.wait(for: 2) }
        #expect(await deliveries.records.map(\.text) == [[0x61, 0xFF, 0x62], [0x63]])
        let event = Normalizer().normalize(await deliveries.records[0], now: surroundings.now())
        #expect(event.original == "a\u{FFFD}b")
    }

    @Test("what could not be delivered is delivered again after a restart")
    func refusedDelivery() async throws {
        struct Refusal: Error {}
        try scratch.append("auth.log", text(numbered(1...3)))
        await #expect(throws: Refusal.self) {
            try await source().run(from: nil) { _ in throw Refusal() }
        }
        try await following(source(), into: deliveries) { await deliveries.wait(for: 3) }
        #expect(await deliveries.lines == numbered(1...3))
    }
}
