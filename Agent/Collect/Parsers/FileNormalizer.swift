package import CordonModel
internal import CordonScan
package import SystemPackage

/// Makes records of lines that come one after the other.
package protocol LineReading: Sendable {
    /// The records that are whole with this line.
    mutating func take(_ line: [UInt8]) -> [Record]

    /// Those that wait for more, when there is no more.
    mutating func end() -> [Record]
}

extension LineSource: LineReading {
    package mutating func take(_ line: [UInt8]) -> [Record] { [record(line)] }

    package mutating func end() -> [Record] { [] }
}

/// Reads lines and writes what the parsers make of them, an ECS document a line, so that anyone can look at a parser's
/// work. It streams: it holds one line at a time, and of a very long one the start. Records that are joined of several
/// lines, as audit's, are the reader's to join.
package struct FileNormalizer: ~Copyable {
    private var source: any LineReading
    private let normalizer: Normalizer
    private let now: @Sendable () -> Timestamp
    private var line: [UInt8] = []
    private var isCut = false
    private var output: [UInt8] = []
    /// As the file's first bytes say; `nil` until they are there.
    private var encoding: Encoding?
    /// Bytes that are no whole character yet.
    private var pending: [UInt8] = []

    /// Bytes of a line that are read; the rest of it is left out, and the event says so (`line_cut`).
    package static let lineLimit = 1 << 20

    package init(_ source: any LineReading, normalizer: Normalizer, now: @escaping @Sendable () -> Timestamp) {
        self.source = source
        self.normalizer = normalizer
        self.now = now
    }

    /// Reads to the end. Throws what reading and writing throw. One document for every line, in order; the last line
    /// needs no line break.
    package mutating func run(from input: FileDescriptor, to destination: FileDescriptor) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe input.read(into: $0) }
            take(text(buffer[..<count], isLast: count == 0))
            try write(to: destination, atLeast: 1 << 16)
            if count == 0 { break }
        }
        if !line.isEmpty { endLine() }
        for record in source.end() { put(record) }
        try write(to: destination, atLeast: 1)
    }

    /// The bytes as lines are read, UTF-8 where the file has a mark that says another encoding.
    private mutating func text(_ bytes: ArraySlice<UInt8>, isLast: Bool) -> ArraySlice<UInt8> {
        guard encoding == nil || encoding != .bytes else { return bytes }
        pending += bytes
        if encoding == nil {
            guard pending.count >= 3 || isLast else { return [] }
            let told = Encoding.told(by: pending)
            encoding = told.encoding
            pending.removeFirst(told.mark)
        }
        guard let encoding, encoding != .bytes, !isLast else {
            defer { pending = [] }
            return (encoding ?? .bytes).utf8(pending)[...]
        }
        var whole = pending.count & ~1
        let high = whole - (encoding == .utf16LittleEndian ? 1 : 2)
        // The other half of a character may come with the next bytes.
        if high >= 0, (0xD8...0xDB).contains(pending[high]) { whole -= 2 }
        defer { pending.removeFirst(whole) }
        return encoding.utf8(Array(pending[..<whole]))[...]
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let end = rest.firstIndex(of: 0x0A) {
            append(rest[..<end])
            endLine()
            rest = rest[(end + 1)...]
        }
        append(rest)
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) {
        let room = Self.lineLimit - line.count
        line += bytes.prefix(room)
        if bytes.count > room { isCut = true }
    }

    private mutating func endLine() {
        if !isCut, line.last == UInt8(ascii: "\r") { line.removeLast() }
        for var record in source.take(line) {
            var tags: [String] = if case .texts(let given)? = record.fields[.tags] { given } else { [] }
            if isCut { tags.append(Record.cut) }
            if !Encoding.isUTF8(record.text) { tags.append(Record.invalid) }
            if !tags.isEmpty { record.fields[.tags] = .texts(tags) }
            put(record)
        }
        line.removeAll(keepingCapacity: true)
        isCut = false
    }

    private mutating func put(_ record: Record) {
        output += normalizer.normalize(record, now: now()).document.bytes()
        output.append(0x0A)
    }

    private mutating func write(to destination: FileDescriptor, atLeast count: Int) throws {
        guard output.count >= count else { return }
        try destination.writeAll(output)
        output.removeAll(keepingCapacity: true)
    }
}
