import CordonModel
import CordonWire
import Dispatch
import Glibc
import Synchronization
import SystemPackage

@testable import AgentSpool
@testable import CordonFrames

/// Files of frames and the spool: what is written, closed, damaged and read again.
extension FuzzEntry {
    static let spool: [FuzzEntry] = [
        FuzzEntry(name: "frames", made: frameSeeds) { bytes in
            var choices = Choices(bytes)
            let folder = try WorkFolder()
            let path = FilePath(folder.path + "/frames")
            let written = try write(&choices, to: path)
            let damage = try folder.damage("frames", &choices)
            guard let found = try? read(path) else {
                try hold(damage != .none, "a sound file is read")
                return
            }
            try hold(isPart(found, of: written), "what is read was written, in order")
            if damage == .none { try same(found, written, "a sound file is read whole") }
            // Whatever the damage, what is appended now is there.
            do {
                var file = try FrameFile(path, random: five) { _ in }
                try file.append([[0x2A]])
            }
            try same(try read(path).last, [0x2A], "what is appended after damage is read")
        },
        FuzzEntry(name: "frames-raw") { bytes in
            let folder = try WorkFolder()
            let header = FileHeader(epoch: [UInt8](repeating: 9, count: 16), first: 1)
            // With a sound beginning, and without.
            for content in [header.bytes + bytes, bytes] {
                try SeedFiles.write(content, to: folder.path + "/raw")
                guard let found = try? read(FilePath(folder.path + "/raw")) else { continue }
                try hold(found.reduce(0) { $0 + $1.count } <= content.count, "no more is read than there is")
            }
            _ = Commit(bytes[...]).map { commit in Commit(commit.bytes[...]) }
            if let commit = Commit(bytes[...]) {
                try same(Commit(commit.bytes[...]), commit, "a commit is read as it was written")
            }
        },
        FuzzEntry(name: "spool", made: spoolSeeds) { bytes in
            try waiting {
                var story = try SpoolStory(bytes)
                try await story.play()
            }
        },
    ]

    private static let frameSeeds: [[UInt8]] = [
        [3, 2, 20] + Array("hello frames, hello ".utf8) + [4, 5, 6, 7, 8, 1, 9, 0, 0, 40], [3, 1, 9, 0, 0, 40],
    ]

    private static let spoolSeeds: [[UInt8]] = [
        [0, 5, 20, 0, 9, 200, 3, 3, 1, 2, 4, 0, 7, 30, 3],
        [0, 5, 20, 0, 9, 200, 0, 255, 255, 1, 3, 3, 4, 1, 0, 40],
        [0, 5, 20, 0, 9, 200, 1, 7, 9, 2, 8, 9, 4, 2, 0, 40, 3, 3, 3],
    ]

    private static func write(_ choices: inout Choices, to path: FilePath) throws -> [[UInt8]] {
        var file = try FrameFile(path, random: five) { _ in }
        var written: [[UInt8]] = []
        for _ in 0..<(choices.byte() % 8) {
            let contents = (0..<Int(choices.byte() % 4)).map { _ in choices.bytes(Int(choices.byte())) }
            try file.append(contents, durably: false)
            written += contents
        }
        return written
    }

    private static func five() -> UInt64 { 5 }

    private static func read(_ path: FilePath) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        _ = try FrameFile(path, random: five) { found.append(Array($0)) }
        return found
    }

    /// Whether the one is the other with some left out.
    static func isPart(_ part: [[UInt8]], of whole: [[UInt8]]) -> Bool {
        var rest = whole[...]
        for element in part {
            guard let place = rest.firstIndex(of: element) else { return false }
            rest = rest[(place + 1)...]
        }
        return true
    }

    /// Runs it to its end, on other threads than this one.
    private static func waiting(_ work: @escaping @Sendable () async throws -> Void) throws {
        let isDone = DispatchSemaphore(value: 0)
        let failure = Mutex<(any Error)?>(nil)
        let keeper = Keeper(failure)
        Task.detached {
            do { try await work() } catch { keeper.failure.withLock { $0 = error } }
            isDone.signal()
        }
        isDone.wait()
        if let error = keeper.failure.withLock({ $0 }) { throw error }
    }

    private final class Keeper: Sendable {
        let failure: Mutex<(any Error)?>
        init(_ failure: consuming Mutex<(any Error)?>) { self.failure = failure }
    }
}
