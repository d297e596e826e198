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
        return (copy, try #require(copy.segments.first))
    }

    private let header = 36
    private let frame = 124

    @Test("a write that was cut off anywhere loses nothing that was there before, and is no gap")
    func torn() async throws {
        let (whole, segment) = try await prepared()
        let bytes = try whole.read(segment)
        for cut in stride(from: bytes.count - 2 * frame, through: bytes.count, by: 7) {
            let copy = try whole.crashCopy()
            try copy.write(segment, Array(bytes[..<cut]))
            let spool = try Spool(folder: copy.path, surroundings: surroundings)
            let complete = (cut - header) / frame
            #expect(
                try await spool.drained().map(\.item) == (1...complete).map { item($0, size: 100) }, "cut at \(cut)")
            #expect(try await spool.append([item(99)]) == UInt64(complete + 1))
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
            #expect(all.contains { gap($0.item) != nil }, "flipped at \(place)")
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
        #expect(try await spool.drained().compactMap { gap($0.item) }.count == 1)
    }

    @Test("a log line that holds a whole frame is not taken for one when the frame around it is damaged")
    func forged() async throws {
        let (scratch, _) = try await prepared()
        // The bytes of a frame of another spool: the attacker knows the format, and not this spool's epoch.
        let foreign = try Scratch()
        let other = try Spool(folder: foreign.path, surroundings: fixedSurroundings(seed: 12345))
        try await other.append([item(666)])
        let forged = Array(try foreign.read(try #require(foreign.segments.first))[header...])
        let target = try Scratch()
        let spool = try Spool(folder: target.path, surroundings: surroundings)
        try await spool.append([item(1) + forged + item(2)])
        try await spool.append([item(3)])
        let copy = try target.crashCopy()
        let segment = try #require(copy.segments.first)
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
        let spool = try Spool(folder: scratch.path, limits: .init(segment: 4000), surroundings: surroundings)
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
        let spool = try Spool(folder: scratch.path, limits: .init(segment: 32 << 10), surroundings: surroundings)
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
        try await spool.acknowledge(epoch: spool.epoch, sequence: UInt64(written / 2))
        #expect(try await spool.append([item(written + 1, size: 1000)]) == UInt64(written + 1))
        #expect(try await spool.drained().last?.item == item(written + 1, size: 1000))
    }
}
