import AgentSpool
import Testing

@Suite("The frame log", .timeLimit(.minutes(1)))
struct FrameLogTests {
    let scratch: Scratch
    let surroundings = fixedSurroundings()

    init() throws { scratch = try Scratch() }

    func open() throws -> FrameLog { try FrameLog(folder: scratch.path, name: "results", surroundings: surroundings) }

    @Test("entries are there again, in order, after appending and after rewriting")
    func entries() async throws {
        var log = try open()
        try await log.append(item(1))
        try await log.append([])
        try await log.append(item(3))
        log = try open()
        #expect(await log.entries == [item(1), [], item(3)])
        try await log.rewrite([item(3)])
        try await log.append(item(4))
        log = try open()
        #expect(await log.entries == [item(3), item(4)])
        #expect(!log.wasDamaged)
    }

    @Test("a cut-off append is as if it had not been; damage costs the entry that it lies in")
    func damage() async throws {
        var log = try open()
        for number in 1...3 { try await log.append(item(number)) }
        let bytes = try scratch.read("results")
        try scratch.write("results", Array(bytes.dropLast(5)))
        log = try open()
        #expect(await log.entries == [item(1), item(2)])
        #expect(!log.wasDamaged)
        try await log.append(item(4))
        log = try open()
        #expect(await log.entries == [item(1), item(2), item(4)])
        var flipped = try scratch.read("results")
        flipped[36 + 44 + 30] ^= 1
        try scratch.write("results", flipped)
        log = try open()
        #expect(await log.entries == [item(1), item(4)])
        #expect(log.wasDamaged)
    }

    @Test("a file that is none is kept aside")
    func stranger() async throws {
        try scratch.write("results", Array("not a frame log, but somebody's data, and long enough".utf8))
        let log = try open()
        #expect(log.wasDamaged)
        #expect(await log.entries == [])
        #expect(scratch.names().contains("results.damaged"))
    }
}

@Suite("CRC32C")
struct CRC32CTests {
    private static let known: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E), (Array("123456789".utf8), 0xE306_9283),
    ]

    @Test("sums are those of RFC 3720 B.4", arguments: known)
    func vectors(bytes: [UInt8], sum: UInt32) {
        var crc = CRC32C()
        crc.update(bytes[...])
        #expect(crc.value == sum)
    }

    @Test("another seed makes another sum")
    func seed() {
        var plain = CRC32C()
        var seeded = CRC32C(seed: [1, 2, 3])
        plain.update([5, 6, 7])
        seeded.update([5, 6, 7])
        #expect(plain.value != seeded.value)
    }
}
