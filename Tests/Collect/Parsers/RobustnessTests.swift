import AgentCollect
import CordonModel
import CordonTesting
import CordonWire
import SwiftProtobuf
import Testing

/// What holds for the event of any line whatever.
private func expectSound(_ event: Event, of line: [UInt8], _ source: String) {
    let text = String(decoding: line, as: UTF8.self)
    #expect(event.original == text, "\(source)")
    #expect(event.fields[.message] != nil, "\(source): \(text)")
    for (field, value) in event.fields where !field.accepts(value) {
        Issue.record("\(source): \(field.rawValue) is \(value), which is not \(field.kind): \(text)")
    }
}

@Suite("Parsers on anything")
struct RobustnessTests {
    private static let sources = LineSource.names.compactMap { LineSource($0) }
    private let normalizer = Normalizer()
    private let now = Timestamp(seconds: 1_790_000_000)

    @Test(
        "no line of any corpus is dropped, and every field of every event is of its kind",
        .enabled(if: Corpora.obstacle == nil, "\(Corpora.obstacle ?? "")"))
    func corpora() {
        var lines = 0
        for file in CorpusFile.all(below: Corpora.folder ?? "") {
            // Logs by every parser; of all else each line by one, in turn.
            let isLog = file.hasSuffix(".log")
            for line in CorpusFile.bytes(file).split(separator: 0x0A) {
                lines += 1
                let line = Array(line.prefix(4096))
                for (index, source) in Self.sources.enumerated() where isLog || lines % Self.sources.count == index {
                    expectSound(normalizer.normalize(source.record(line), now: now), of: line, source.name)
                }
            }
        }
        #expect(lines > 100_000)
        print("corpora: \(lines) lines, none dropped")
    }

    @Test(
        "the event of every line of any corpus is shipped as the library would write it",
        .enabled(if: Corpora.obstacle == nil, "\(Corpora.obstacle ?? "")"))
    func wire() throws {
        var lines = 0
        for file in CorpusFile.all(below: Corpora.folder ?? "") {
            for line in CorpusFile.bytes(file).split(separator: 0x0A) {
                lines += 1
                let source = Self.sources[lines % Self.sources.count]
                let event = normalizer.normalize(source.record(Array(line.prefix(4096))), now: now)
                let bytes = event.wireBytes
                let expected = Cordon_V1_Event(event)
                #expect(try Cordon_V1_Event(serializedBytes: bytes) == expected, "\(file)")
                #expect(try Event(wireBytes: bytes) == expected.model(), "\(file)")
            }
        }
        #expect(lines > 100_000)
    }

    @Test("lines changed at random stay events with fields of their kind", arguments: [1, 2, 3, 4])
    func mutations(seed: UInt64) {
        var random = Shuffle(state: seed)
        let lines = ParserSamples.all.map(\.line) + Hub.folders.flatMap { Hub.log($0) }
        let seeds = lines.map { Array($0.utf8) }
        for _ in 0..<4000 {
            var line = seeds[random.below(seeds.count)]
            for _ in 0...random.below(4) { random.change(&line, beside: seeds) }
            let source = Self.sources[random.below(Self.sources.count)]
            expectSound(normalizer.normalize(source.record(line), now: now), of: line, source.name)
        }
    }

    @Test(
        "a line of any length is read in time that grows with it alone",
        arguments: ["[", "\"", "\\", " ssh2: ", "a=\"", ": [", "\n", "a=1\n"])
    func long(piece: String) {
        let line = Array(String(repeating: piece, count: 65_536 / piece.utf8.count).utf8)
        for source in Self.sources {
            expectSound(normalizer.normalize(source.record(line), now: now), of: line, source.name)
        }
    }
}

/// Changes that are the same for the same seed (SplitMix64).
private struct Shuffle {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    private static let tokens = [
        " from ", " port 22", "]: ", "[", "\"", "\\", "=", "  ", "\u{0}", " ; COMMAND=", ", client: 1.2.3.4", "HTTP/",
        "999999999999999999999", "-1", "(", ")", "%", "::", "IN= SRC=", "(uid=", " by ", "message repeated 9 times: [",
    ].map { Array($0.utf8) }

    /// One change: a byte, a piece taken out or doubled, a token put in, the end cut, the end of another line.
    mutating func change(_ line: inout [UInt8], beside seeds: [[UInt8]]) {
        let at = below(line.count + 1)
        let end = min(line.count, at + below(20))
        switch below(6) {
        case 0: if at < line.count { line[at] = UInt8(truncatingIfNeeded: next()) }
        case 1: line.removeSubrange(at..<end)
        case 2: line.insert(contentsOf: line[at..<end], at: at)
        case 3: line.insert(contentsOf: Self.tokens[below(Self.tokens.count)], at: at)
        case 4: line.removeSubrange(at...)
        default:
            let other = seeds[below(seeds.count)]
            line.replaceSubrange(at..., with: other[below(other.count + 1)...])
        }
    }
}
