import AgentSpool
import CordonModel
import CordonWire
import Glibc
import Testing

@Suite("The spool after a crash", .timeLimit(.minutes(2)))
struct SpoolDamageTests {
    let surroundings = fixedSurroundings()

    /// A folder with ten items of 100 bytes in one segment, closed.
    func prepared() async throws -> (scratch: Scratch, segment: String) {
        let scratch = try Scratch()
        let spool = try Spool(folder: scratch.path, surroundings: surroundings)
        for number in 1...10 { try await spool.append([item(number, size: 100)]) }
        let copy = try scratch.crashCopy()
        return (copy, try #require(copy.bulk.first))
    }

    private let header = 36
    private let frame = 124
    /// An entry of `commits` without positions.
    private let commit = 88

    func open(_ scratch: Scratch, _ limits: Spool.Limits = .init(share: 1)) throws -> Spool {
        try Spool(folder: scratch.path, limits: limits, surroundings: surroundings)
    }

    @Test("an append that was cut off anywhere is as if it had not been, and is no gap")
    func torn() async throws {
        let (whole, _) = try await prepared()
        let bytes = try whole.read("commits")
        for cut in stride(from: bytes.count - 2 * commit, through: bytes.count, by: 7) {
            let copy = try whole.crashCopy()
            try copy.write("commits", Array(bytes[..<cut]))
            let spool = try open(copy)
            let complete = (cut - header) / commit
            #expect(
                try await spool.drained().map(\.item) == (1...complete).map { item($0, size: 100) }, "cut at \(cut)")
            #expect(try await spool.append([item(99)]) == UInt64(complete + 1))
            #expect(try await spool.drained().last?.item == item(99))
            #expect(try await spool.gaps().isEmpty)
        }
    }

    @Test("a segment that lost its end keeps the rest, and a gap says exactly what is missing")
    func shortened() async throws {
        let (whole, segment) = try await prepared()
        let bytes = try whole.read(segment)
        for cut in stride(from: header, to: bytes.count, by: 31) {
            let copy = try whole.crashCopy()
            try copy.write(segment, Array(bytes[..<cut]))
            let spool = try open(copy)
            let kept = (cut - header) / frame
            #expect(try await spool.drained().map(\.sequence) == (0..<kept).map { UInt64($0 + 1) }, "cut at \(cut)")
            #expect(try await spool.append([item(99)]) == 11, "no number is given twice")
            #expect(try await spool.drained().last?.sequence == 11)
            let ranges = try await spool.gaps().compactMap(\.range)
            #expect(ranges == [Gap.Range(itemClass: "bulk", first: UInt64(kept + 1), last: 10)], "cut at \(cut)")
        }
    }

    @Test("a segment that is gone, wherever it stood, is a gap of exactly its items")
    func missing() async throws {
        let limits = Spool.Limits(bytes: 1 << 20, share: 1, segment: 16 << 10)
        let scratch = try Scratch()
        let spool = try open(scratch, limits)
        for number in 1...60 { try await spool.append([item(number, size: 2000)]) }
        let names = scratch.bulk
        #expect(names.count > 5)
        for (index, name) in names.enumerated() {
            let copy = try scratch.crashCopy()
            _ = unsafe unlink(copy.path + "/" + name)
            let reopened = try open(copy, limits)
            let kept = try await reopened.drained().map(\.sequence)
            #expect(try await reopened.append([item(99)]) == 61)
            _ = try await reopened.drained()
            let said = try await reopened.gaps().compactMap(\.range).flatMap { $0.first...$0.last }
            #expect((kept + said).sorted() == Array(1...60), "without segment \(index)")
        }
    }

    @Test("a list of what counts that is old, damaged or gone loses nothing, is said, and gives no number twice")
    func staleCommits() async throws {
        let limits = Spool.Limits(bytes: 1 << 20, share: 1, segment: 16 << 10)
        let scratch = try Scratch()
        let spool = try open(scratch, limits)
        try await spool.append([item(1, size: 2000)])
        let old = try scratch.read("commits")
        for number in 2...60 { try await spool.append([item(number, size: 2000)]) }
        var flipped = try scratch.read("commits")
        flipped[flipped.count - 20] ^= 4
        for (name, bytes) in [
            ("old", old), ("damaged", flipped), ("gone", nil), ("foreign", [UInt8](repeating: 1, count: 99)),
        ] {
            let copy = try scratch.crashCopy()
            _ = unsafe unlink(copy.path + "/commits")
            if let bytes { try copy.write("commits", bytes) }
            let reopened = try open(copy, limits)
            #expect(try await reopened.append([item(99)]) > 60, "\(name)")
            #expect(
                try await reopened.drained().map(\.item).dropLast() == (1...60).map { item($0, size: 2000) }[...],
                "\(name)")
            #expect(try await !reopened.gaps().isEmpty, "\(name)")
        }
    }

    @Test("items of all classes and the position of their source are there together, or none is")
    func atomic() async throws {
        let scratch = try Scratch()
        let spool = try open(scratch)
        func line(_ number: Int) -> [Telemetry] {
            SpoolClass.allCases.map { event("\(number)", $0) }
        }
        var lengths: [Int] = []
        for number in 1...5 {
            try await spool.append(line(number), position: Array("\(number)".utf8), of: "file:/x")
            lengths.append(try scratch.read("commits").count)
        }
        let whole = try scratch.read("commits")
        for cut in try #require(lengths.first)...whole.count {
            let copy = try scratch.crashCopy()
            try copy.write("commits", Array(whole[..<cut]))
            let complete = lengths.count { $0 <= cut }
            let reopened = try open(copy)
            #expect(await reopened.position(of: "file:/x") == Array("\(complete)".utf8))
            for itemClass in SpoolClass.allCases {
                let lines = try await reopened.drained(itemClass).compactMap { original($0.item) }
                #expect(lines == (1...complete).map { "\($0)" }, "\(itemClass), cut at \(cut)")
            }
            // The reader goes on from the position: nothing comes twice, and nothing is missing.
            for number in (complete..<5).map({ $0 + 1 }) {
                try await reopened.append(line(number), position: Array("\(number)".utf8), of: "file:/x")
            }
            #expect(try await reopened.drained(.security).compactMap { original($0.item) } == (1...5).map { "\($0)" })
        }
    }

    @Test("zeros at the end, as power cuts leave them, are no items")
    func zeros() async throws {
        let (whole, segment) = try await prepared()
        try whole.write(segment, try whole.read(segment) + [UInt8](repeating: 0, count: 5000))
        let spool = try Spool(folder: whole.path, surroundings: surroundings)
        #expect(try await spool.append([item(11)]) == 11)
        #expect(try await spool.drained().count == 11)
    }

    @Test("a flipped bit costs one item, which a gap tells, and no number is given twice")
    func flipped() async throws {
        let (whole, segment) = try await prepared()
        let bytes = try whole.read(segment)
        for place in stride(from: header, to: bytes.count, by: 17) {
            let copy = try whole.crashCopy()
            var damaged = bytes
            damaged[place] ^= 0x10
            try copy.write(segment, damaged)
            let spool = try Spool(folder: copy.path, surroundings: surroundings)
            let hit = (place - header) / frame + 1
            let last = try await spool.append([item(99)])
            _ = try await spool.drained()
            let all = try await spool.drained()
            #expect(last > 10, "flipped at \(place)")
            let kept = all.filter { $0.sequence <= 10 }
            #expect(kept.map(\.sequence) == (1...10).filter { $0 != hit }.map(UInt64.init), "flipped at \(place)")
            #expect(kept.allSatisfy { $0.item == item(Int($0.sequence), size: 100) })
            let said = try await spool.gaps().compactMap(\.range).flatMap { $0.first...$0.last }
            #expect(said == [UInt64(hit)], "flipped at \(place)")
        }
    }

    @Test("a segment without a readable header is kept aside, and said")
    func header() async throws {
        let (scratch, segment) = try await prepared()
        var bytes = try scratch.read(segment)
        bytes[3] ^= 1
        try scratch.write(segment, bytes)
        let spool = try Spool(folder: scratch.path, surroundings: fixedSurroundings(seed: 99))
        #expect(scratch.names().contains(segment + ".damaged"))
        try await spool.append([item(1)])
        let ranges = try await spool.gaps().compactMap(\.range)
        #expect(ranges == [Gap.Range(itemClass: "bulk", first: 1, last: 10)])
    }

    @Test("a log line that holds a whole frame is not taken for one when the frame around it is damaged")
    func forged() async throws {
        let (scratch, _) = try await prepared()
        // The bytes of a frame of another spool: the attacker knows the format, and not this spool's epoch.
        let foreign = try Scratch()
        let other = try Spool(folder: foreign.path, surroundings: fixedSurroundings(seed: 12345))
        try await other.append([item(666)])
        let forged = Array(try foreign.read(try #require(foreign.bulk.first))[header...])
        let target = try Scratch()
        let spool = try Spool(folder: target.path, surroundings: surroundings)
        try await spool.append([item(1) + forged + item(2)])
        try await spool.append([item(3)])
        let copy = try target.crashCopy()
        let segment = try #require(copy.bulk.first)
        var bytes = try copy.read(segment)
        bytes[header + 5] ^= 1
        try copy.write(segment, bytes)
        let reopened = try Spool(folder: copy.path, surroundings: surroundings)
        #expect(try await reopened.drained().first?.item == item(3))
        #expect(scratch.names().isEmpty == false)
    }

    @Test("a copy taken at any moment while it is written to holds all that append had returned")
    func snapshots() async throws {
        let scratch = try Scratch()
        let spool = try Spool(folder: scratch.path, limits: .init(segment: 16 << 10), surroundings: surroundings)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 1...300 { try await spool.append([item(number, size: 100)]) }
            }
            for _ in 0..<20 {
                let before = await spool.status.last
                let copy = try scratch.crashCopy()
                let found = try await Spool(folder: copy.path, surroundings: surroundings).drained()
                #expect(found.count >= Int(before))
                #expect(found.map(\.item) == (1...max(1, found.count)).prefix(found.count).map { item($0, size: 100) })
            }
            try await group.waitForAll()
        }
    }

    @Test(
        "a full disk is told, loses nothing, and is over when there is room again",
        .enabled(if: geteuid() == 0, "mounting a small file system needs root")
    )
    func fullDisk() async throws {
        let scratch = try Scratch()
        try #require(unsafe mount("tmpfs", scratch.path, "tmpfs", 0, "size=256k") == 0)
        defer { unsafe umount2(scratch.path, Int32(MNT_DETACH)) }
        let spool = try Spool(
            folder: scratch.path, limits: .init(share: 100, segment: 32 << 10), surroundings: surroundings)
        var written = 0
        var refusal: SpoolError?
        while refusal == nil, written < 10_000 {
            do {
                try await spool.append([item(written + 1, size: 1000)])
                written += 1
            } catch {
                refusal = error as? SpoolError
            }
        }
        #expect(refusal?.code == SpoolError.diskFull)
        #expect(written > 100)
        #expect(try await spool.drained().map(\.item) == (1...written).map { item($0, size: 1000) })
        await spool.acknowledge(epoch: spool.epoch(of: .bulk), sequence: UInt64(written / 2))
        #expect(try await spool.append([item(written + 1, size: 1000)]) == UInt64(written + 1))
        #expect(try await spool.drained().last?.item == item(written + 1, size: 1000))
    }

    @Test(
        "a disk that is read-only is told; what is there is shipped, and taken up where it was when it can be written",
        .enabled(if: geteuid() == 0, "mounting a file system needs root")
    )
    func readOnlyDisk() async throws {
        let scratch = try Scratch()
        try #require(unsafe mount("tmpfs", scratch.path, "tmpfs", 0, "size=1m") == 0)
        defer { unsafe umount2(scratch.path, Int32(MNT_DETACH)) }
        do {
            let spool = try open(scratch)
            try await spool.append((1...10).map { item($0) })
        }
        try #require(unsafe mount("tmpfs", scratch.path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
        do {
            let spool = try open(scratch)
            #expect(await spool.status.isWritable == false)
            #expect(try await spool.drained().map(\.item) == (1...10).map { item($0) })
            await #expect { try await spool.append([item(11)]) } throws: {
                ($0 as? SpoolError)?.code == SpoolError.notWritable
            }
            await spool.acknowledge(epoch: spool.epoch(of: .bulk), sequence: 5)
            #expect(try await spool.drained().count == 5)
        }
        try #require(unsafe mount("tmpfs", scratch.path, "tmpfs", UInt(MS_REMOUNT), nil) == 0)
        let spool = try open(scratch)
        #expect(try await spool.append([item(11)]) == 11)
        #expect(try await spool.drained().count == 11)
    }
}
