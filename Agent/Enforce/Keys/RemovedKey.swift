/// Lines that went from files of keys, for the journal.
struct RemovedKey: Sendable, Equatable {
    var user: String
    /// SHA-256 of the key.
    var digest: [UInt8]
    var files: [File]

    /// One file, and what went from it.
    struct File: Sendable, Equatable {
        var path: String
        var lines: [Line]
    }

    /// One line, and which of the file's it was.
    struct Line: Sendable, Equatable {
        var index: Int
        var bytes: [UInt8]
    }

    /// Most bytes of all lines together.
    static let limit = 256 << 10

    var size: Int { files.reduce(0) { $0 + $1.lines.reduce(0) { $0 + $1.bytes.count } } }

    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(text: user)
        writer.put(digest)
        for file in files {
            writer.put(text: file.path)
            writer.put(Int64(file.lines.count))
            for line in file.lines {
                writer.put(Int64(line.index))
                writer.put(line.bytes)
            }
        }
        return writer.bytes
    }

    init(user: String, digest: [UInt8], files: [File]) {
        self.user = user
        self.digest = digest
        self.files = files
    }

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: [UInt8]) {
        var reader = RecordReader(bytes[...])
        guard let user = reader.text(), let digest = reader.bytes(), digest.count == 32 else { return nil }
        var files: [File] = []
        while !reader.isAtEnd {
            guard let path = reader.text(), let count = reader.number(), (0...100_000).contains(count) else {
                return nil
            }
            var lines: [Line] = []
            for _ in 0..<count {
                guard let index = reader.number(), let line = reader.bytes() else { return nil }
                lines.append(Line(index: Int(index), bytes: line))
            }
            files.append(File(path: path, lines: lines))
        }
        self.init(user: user, digest: digest, files: files)
    }
}
