import AgentCollect
import CordonModel
import CordonScan
import SystemPackage
import Testing

@Suite("Printing what the parsers make of a file")
struct FileNormalizerTests {
    private func documents(_ source: String, _ input: [UInt8]) throws -> [JSONValue] {
        try documents(try #require(LineSource(source)), input)
    }

    private func documents(_ source: any LineReading, _ input: [UInt8]) throws -> [JSONValue] {
        let scratch = try Scratch()
        try scratch.append("in", input)
        try scratch.append("out", "")
        let from = try FileDescriptor.open(FilePath(scratch.file("in")), .readOnly)
        let to = try FileDescriptor.open(FilePath(scratch.file("out")), .writeOnly)
        var normalizer = FileNormalizer(
            source, normalizer: Normalizer(), now: { Timestamp(seconds: 1_790_000_000) })
        try normalizer.run(from: from, to: to)
        try from.close()
        try to.close()
        let output = CorpusFile.bytes(scratch.file("out"))
        #expect(output.isEmpty || output.last == 0x0A)
        return try output.split(separator: 0x0A).map {
            try JSONValue.parse(Array($0), limits: JSONValue.Limits(bytes: 4 << 20))
        }
    }

    @Test("one nested document a line, in order, with the empty ones and a last one without a line break")
    func lines() throws {
        let lines = try documents(
            "sshd",
            Array("Jan  5 10:00:00 web1 sshd[9]: Failed password for root from 192.0.2.7 port 22 ssh2\n\nhello".utf8))
        #expect(lines.count == 3)
        #expect(lines[0]["source"]?["ip"] == "192.0.2.7" && lines[0]["event"]?["outcome"] == "failure")
        #expect(lines[0]["@timestamp"] == "2026-01-05T10:00:00.000000Z" && lines[0]["process"]?["pid"] == 9)
        #expect(lines[1]["event"]?["original"] == "" && lines[2]["message"] == "hello")
    }

    @Test("an empty file gives nothing")
    func empty() throws {
        #expect(try documents("syslog", []).isEmpty)
    }

    @Test("a line beyond the limit is cut and says so, and those behind it come whole")
    func long() throws {
        let long = [UInt8](repeating: 0x61, count: FileNormalizer.lineLimit + 5)
        let lines = try documents("plain", long + [0x0A] + Array("next\n".utf8))
        #expect(lines.count == 2 && lines[0]["tags"] == ["line_cut"] && lines[1]["message"] == "next")
        #expect(lines[1]["tags"] == nil)
    }

    @Test("a reader may join lines; what waits at the end comes too")
    func joined() throws {
        let lines = try documents(Pairs(), Array("a\nb\nc\n".utf8))
        #expect(lines.map { $0["message"] } == ["a+b", "c"])
    }

    private struct Pairs: LineReading {
        var first: [UInt8]?

        mutating func take(_ line: [UInt8]) -> [Record] {
            guard let one = first else {
                first = line
                return []
            }
            first = nil
            return [Record(text: one + [0x2B] + line, envelope: LogFormat.plain.envelope)]
        }

        mutating func end() -> [Record] { first.map { [Record(text: $0, envelope: LogFormat.plain.envelope)] } ?? [] }
    }

    @Test("any bytes become JSON")
    func bytes() throws {
        let lines = try documents("syslog", [0, 0xFF, 0x1B, 0x22, 0x5C, 0x0A])
        #expect(lines[0]["message"] == "\u{0}\u{FFFD}\u{1B}\"\\")
    }
}

@Suite("A source of a named format")
struct FormattedSourceTests {
    private struct Lines: Source {
        let id = "file:/x"
        func run(from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void) async throws {
            try await deliver(SourceBatch(records: [Record(text: [0x61])], position: position ?? "start"))
        }
    }

    @Test("its records are read in that format; its name and position are the source's", arguments: LogFormat.allCases)
    func formats(format: LogFormat) async throws {
        let source = FormattedSource(Lines(), format: format)
        #expect(source.id == "file:/x")
        try await source.run(from: nil) { batch in
            #expect("\(batch.records[0].envelope)" == "\(format.envelope)" && batch.position == "start")
        }
    }
}
