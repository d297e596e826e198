import CordonModel
import CordonScan
import Dispatch
import Glibc
import SystemPackage
import Testing

@testable import AgentCollect

/// Whatever rotation does to a log, in whatever order with looks at it and restarts of the agent.
@Suite("Courses of a log by chance", .serialized, .timeLimit(.minutes(5)))
struct FileCourseTests {
    @Test(
        "every line is read once, however rotation, looks and restarts follow each other",
        arguments: UInt64(0)..<UInt64(8))
    func course(block: UInt64) async throws {
        for outcome in try await Self.outcomes(block * 10..<block * 10 + 10) {
            #expect(outcome.missing.isEmpty, "\(outcome)")
            #expect(outcome.twice.isEmpty, "\(outcome)")
            #expect(outcome.gaps.isEmpty, "\(outcome)")
        }
    }

    @Test("a log that was filled and emptied unread is told, though the one before it is still being written to")
    func emptied() async throws {
        let scratch = try Scratch()
        let log = FollowedLog(scratch.file("auth.log"), source: "file", surroundings: surroundings)
        try scratch.append("auth.log", "a\n")
        log.begin(.beginning, includingRotated: false)
        var batch = FileBatch()
        _ = log.read(into: &batch)
        try scratch.rename("auth.log", to: "auth.log.1")
        try scratch.append("auth.log", "")
        while log.read(into: &batch) {}
        // The clock of a file system goes in steps.
        try await Task.sleep(for: .milliseconds(20))
        try scratch.append("auth.log.1", "b\n")
        try scratch.append("auth.log", "lost\n")
        try scratch.truncate("auth.log")
        while log.read(into: &batch) {}
        #expect(batch.records.map { String(decoding: $0.text, as: UTF8.self) } == ["a", "b"])
        #expect(log.gaps.count == 1 && log.gaps[0].message.contains("was emptied before it was read"))
    }

    @Test("a log that is filled, copied, emptied and filled again while it is read loses nothing", arguments: 0..<20)
    func raced(round: Int) async throws {
        let scratch = try Scratch()
        try scratch.append("auth.log", "")
        let log = FollowedLog(scratch.file("auth.log"), source: "file", surroundings: surroundings)
        log.begin(.beginning, includingRotated: false)
        let rotations = 90
        let writing = Task.detached { try Self.fillAndRotate(scratch, rotations) }
        var read: [Int] = []
        var isWritten = false
        // After the last line one more look is needed for certain, and not more.
        while true {
            var batch = FileBatch()
            let isBusy = log.read(into: &batch)
            read += batch.records.compactMap { Int(String(decoding: $0.text.prefix { $0 != 32 }, as: UTF8.self)) }
            if isBusy { continue }
            if isWritten { break }
            isWritten = FileTail.number(of: FilePath(scratch.file("done"))) != nil
            await Task.yield()
        }
        let written = try await writing.value
        let missing = Set(0..<written).subtracting(read).sorted()
        #expect(missing.isEmpty, "\(missing.prefix(3)) and so on, \(missing.count) of \(written)")
        #expect(read.count == Set(read).count)
        #expect(log.gaps.isEmpty, "\(log.gaps.prefix(2))")
    }

    /// Fills a log, copies it with its time, empties it and fills it again at once, many times.
    private static func fillAndRotate(_ scratch: Scratch, _ rotations: Int) throws -> Int {
        var written = 0
        for rotation in 0..<rotations {
            let lines = (written..<written + 40).map { "\($0) is the number of this line\n" }.joined()
            try scratch.append("auth.log", lines)
            written += 40
            let copy = "auth.log-\(1000 + rotation)"
            try scratch.append(copy, lines)
            try Course.keepTime(of: scratch.file("auth.log"), for: scratch.file(copy))
            try scratch.truncate("auth.log")
        }
        try scratch.append("done", "")
        return written
    }

    @Test("a log that is made of NUL bytes first, and written over them, is read once and without a gap")
    func preallocated() throws {
        let scratch = try Scratch()
        try scratch.append("auth.log", [UInt8](repeating: 0, count: 4096))
        let log = FollowedLog(scratch.file("auth.log"), source: "file", surroundings: surroundings)
        log.begin(.beginning, includingRotated: false)
        let file = try FileDescriptor.open(FilePath(scratch.file("auth.log")), .writeOnly)
        defer { try? file.close() }
        var (read, offset) = ([String](), Int64(0))
        for line in ["first", "second", "third"] {
            offset += Int64(try file.writeAll(toAbsoluteOffset: offset, "\(line)\n".utf8))
            var batch = FileBatch()
            while log.read(into: &batch) {}
            read += batch.records.map { String(decoding: $0.text, as: UTF8.self) }
        }
        #expect(read == ["first", "second", "third"])
        #expect(log.gaps.isEmpty)
    }

    struct Outcome: Sendable {
        var seed: UInt64
        var written: Int
        var missing: ArraySlice<Int>
        var twice: ArraySlice<Int>
        var gaps: ArraySlice<String>
    }

    /// On a thread of its own: reading files waits for the disk, and the other suites need the pool.
    private static func outcomes(_ seeds: Range<UInt64>) async throws -> [Outcome] {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        try seeds.map { seed in
                            let course = try Course(seed)
                            try course.run(steps: 80)
                            return Outcome(
                                seed: seed, written: course.written, missing: course.missing.prefix(5),
                                twice: course.twice.prefix(5), gaps: course.gaps.prefix(2))
                        }
                    })
            }
        }
    }
}

/// A log, what rotates it, and an agent that looks at it and is killed.
private final class Course {
    private let scratch: Scratch
    private var random: Dice
    private var log: FollowedLog
    private(set) var written = 0
    private var rotations = 0
    /// What a rotation has yet to do, one system call after another.
    private var pending: [() throws -> Void] = []
    /// Between the copy and the emptying of a log a writer's lines would be lost to everybody.
    private var isHeld = false
    private var delivered: [Int] = []
    private(set) var gaps: [String] = []
    private var position: JSONValue?

    init(_ seed: UInt64) throws {
        scratch = try Scratch()
        random = Dice(state: seed)
        log = FollowedLog(scratch.file("auth.log"), source: "file", surroundings: surroundings)
        try scratch.append("auth.log", "")
        log.begin(.beginning, includingRotated: false)
        position = FilePlaces.json([FilePlaces.json(log)])
    }

    var missing: [Int] { Set(0..<written).subtracting(delivered).sorted() }
    var twice: [Int] { Dictionary(grouping: delivered) { $0 }.filter { $1.count > 1 }.keys.sorted() }

    func run(steps: Int) throws {
        for _ in 0..<steps { try step() }
        for action in pending { try action() }
        for _ in 0..<20 { look(isKept: true) }
    }

    private func step() throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3: if !isHeld { try write() }
        case 3..<6: if pending.isEmpty { rotate() } else { try pending.removeFirst()() }
        case 6..<8: look(isKept: true)
        case 8: look(isKept: Bool.random(using: &random))
        default: restart()
        }
    }

    // MARK: - The writer

    private func write() throws {
        let count = [1, 3, 20, 2500].randomElement(using: &random) ?? 1
        let lines = (written..<(written + count)).map { "\($0) is the number of this line\n" }.joined()
        try scratch.append("auth.log", lines)
        written += count
    }

    private func rotate() {
        rotations += 1
        for older in (1..<rotations).reversed() {
            pending.append { [scratch] in try scratch.rename("auth.log.\(older)", to: "auth.log.\(older + 1)") }
        }
        if Bool.random(using: &random) {
            pending.append { [scratch] in try scratch.rename("auth.log", to: "auth.log.1") }
            pending.append { [scratch] in try scratch.append("auth.log", "") }
        } else {
            copyAndTruncate(keepingTime: Bool.random(using: &random))
        }
    }

    private func copyAndTruncate(keepingTime: Bool) {
        var content: [UInt8] = []
        pending.append { [unowned self] in
            isHeld = true
            content = try Self.bytes(scratch.file("auth.log"))
            try scratch.append("auth.log.1", Array(content.prefix(content.count / 2)))
        }
        pending.append { [scratch] in try scratch.append("auth.log.1", Array(content.dropFirst(content.count / 2))) }
        if keepingTime {
            pending.append { [scratch] in
                try Self.keepTime(of: scratch.file("auth.log"), for: scratch.file("auth.log.1"))
            }
        }
        pending.append { [unowned self] in
            try scratch.truncate("auth.log")
            isHeld = false
        }
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        return try file.closeAfter {
            let size = Int(try file.seek(offset: 0, from: .end))
            return try unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
                filled = try unsafe file.read(fromAbsoluteOffset: 0, into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
    }

    static func keepTime(of path: String, for copy: String) throws {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw Errno(rawValue: errno) }
        let times = [status.st_atim, status.st_mtim]
        guard unsafe utimensat(AT_FDCWD, copy, times, 0) == 0 else { throw Errno(rawValue: errno) }
    }

    // MARK: - The agent

    /// - Parameter isKept: Whether the agent lives until what it read is in the spool.
    private func look(isKept: Bool) {
        for _ in 0..<200 {
            var batch = FileBatch()
            let isBusy = log.read(into: &batch)
            guard isKept else { return restart() }
            delivered += batch.records.compactMap { Int(String(decoding: $0.text.prefix { $0 != 32 }, as: UTF8.self)) }
            gaps += log.gaps.map(\.message)
            log.gaps = []
            position = FilePlaces.json([FilePlaces.json(log)])
            if !isBusy { return }
        }
        gaps.append("it is busy for ever")
    }

    private func restart() {
        log = FollowedLog(scratch.file("auth.log"), source: "file", surroundings: surroundings)
        for place in FilePlaces.places(position, path: log.name) {
            log.begin(from: place.files, finished: place.finished)
        }
    }
}

/// Numbers by chance that can be had again (SplitMix64).
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
