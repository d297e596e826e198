import CordonFrames
import SystemPackage
import Testing

@Suite("The frame file", .timeLimit(.minutes(1)))
struct FrameFileTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    var path: FilePath { FilePath("\(scratch.path)/results") }

    func entries() throws -> (found: [[UInt8]], isDamaged: Bool) {
        var found: [[UInt8]] = []
        let file = try FrameFile(path) { found.append(Array($0)) }
        return (found, file.wasDamaged)
    }

    func append(_ contents: [[UInt8]]) throws {
        var file = try FrameFile(path) { _ in }
        try file.append(contents)
    }

    @Test("entries are there again, in order, after appending and after writing anew")
    func order() throws {
        try append([item(1), []])
        try append([item(3)])
        #expect(try entries().found == [item(1), [], item(3)])
        try FrameFile.replace(path, with: [item(3)])
        try append([item(4)])
        let all = try entries()
        #expect(all.found == [item(3), item(4)] && !all.isDamaged)
    }

    @Test("a cut-off append is as if it had not been; damage costs the entry that it lies in")
    func damage() throws {
        try append((1...3).map { item($0) })
        let bytes = try scratch.read("results")
        try scratch.write("results", Array(bytes.dropLast(5)))
        #expect(try entries() == ([item(1), item(2)], false))
        try append([item(4)])
        #expect(try entries().found == [item(1), item(2), item(4)])
        var flipped = try scratch.read("results")
        flipped[36 + 44 + 30] ^= 1
        try scratch.write("results", flipped)
        #expect(try entries() == ([item(1), item(4)], true))
    }

    @Test("a beginning that was cut off is begun again; a file that is none of ours is not touched")
    func stranger() throws {
        for length in [0, 5, 20, 35] {
            try append([item(1)])
            try scratch.write("results", Array(try scratch.read("results").prefix(length)))
            #expect(try entries().found == [])
        }
        let foreign = Array("not one of ours, but somebody's data, and long enough".utf8)
        try scratch.write("results", foreign)
        #expect { try entries() } throws: { ($0 as? FrameError)?.code == FrameError.foreign }
        #expect(try scratch.read("results") == foreign)
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
        for usesProcessor in [true, false] {
            var crc = CRC32C(usesProcessor: usesProcessor)
            crc.update(bytes[...])
            #expect(crc.value == sum)
        }
    }

    @Test("the processor's instruction, where there is one, makes the table's sums, however the bytes are cut")
    func processor() {
        let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        for length in 0...200 {
            var table = CRC32C(seed: [1, 2, 3], usesProcessor: false)
            var processor = CRC32C(seed: [1, 2, 3])
            table.update(bytes[..<length])
            processor.update(bytes[..<(length / 3)])
            processor.update(bytes[(length / 3)..<length])
            #expect(table.value == processor.value)
        }
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
