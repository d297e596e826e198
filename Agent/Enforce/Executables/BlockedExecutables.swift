internal import CordonModel
internal import CordonOrders

/// What is kept from starting on this host, as the enforcer tells the guard: a file that only root writes.
struct BlockedExecutables: Equatable {
    /// One program.
    struct Entry: Equatable {
        var subject: ExecutableBlock.Subject
        var term: Term
        /// Files that were at the path when it was ordered, as their file system calls them: blocked by any name. None for
        /// what was not there, and on file systems that name nothing so.
        var handles: [[UInt8]] = []
    }

    /// Random, and another for each list: what the guard says is in force.
    var revision: Int64
    var entries: [Entry]
    /// The policy's patterns of programs that no hash keeps from starting: paths with `*` and `?`, or names.
    var protected: [String] = []

    /// Programs that may be blocked at once.
    static let most = 64
    /// Files of one path that are remembered.
    static let mostHandles = 8
    private static let mostPatterns = 4096
    private static let title = "cordon blocked executables 2"
    /// Without patterns: what a version before wrote.
    private static let olderTitle = "cordon blocked executables 1"

    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(text: Self.title)
        writer.put(revision)
        writer.put(Int64(entries.count))
        for entry in entries {
            writer.put(text: entry.subject.text)
            writer.put(entry.term)
            writer.put(Self.bytes(entry.handles))
        }
        writer.put(Int64(protected.count))
        for pattern in protected { writer.put(text: pattern) }
        return writer.bytes
    }

    init(revision: Int64, entries: [Entry], protected: [String] = []) {
        self.revision = revision
        self.entries = entries
        self.protected = Array(protected.prefix(Self.mostPatterns))
    }

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: [UInt8]) {
        var reader = RecordReader(bytes[...])
        guard let title = reader.text(), [Self.title, Self.olderTitle].contains(title), let revision = reader.number(),
            let count = reader.number(),
            (0...Int64(Self.most)).contains(count)
        else { return nil }
        var entries: [Entry] = []
        for _ in 0..<count {
            guard let subject = reader.text().flatMap(ExecutableBlock.Subject.init), let term = reader.term(),
                let handles = reader.bytes().flatMap(Self.handles)
            else { return nil }
            entries.append(Entry(subject: subject, term: term, handles: handles))
        }
        var protected: [String] = []
        if title == Self.title {
            guard let count = reader.number(), (0...Int64(Self.mostPatterns)).contains(count) else { return nil }
            for _ in 0..<count {
                guard let pattern = reader.text() else { return nil }
                protected.append(pattern)
            }
        }
        guard reader.isAtEnd else { return nil }
        self.init(revision: revision, entries: entries, protected: protected)
    }

    /// Those that a held effect keeps.
    static func bytes(_ handles: [[UInt8]]) -> [UInt8] {
        var writer = RecordWriter()
        writer.put(UInt8(clamping: handles.count))
        for handle in handles { writer.put(handle) }
        return writer.bytes
    }

    /// Reads what that wrote; `nil` for anything else.
    static func handles(_ bytes: [UInt8]) -> [[UInt8]]? {
        var reader = RecordReader(bytes[...])
        guard let count = reader.byte(), Int(count) <= mostHandles else { return nil }
        var handles: [[UInt8]] = []
        for _ in 0..<count {
            guard let handle = reader.bytes(), handle.count <= FileHandle.longest else { return nil }
            handles.append(handle)
        }
        return reader.isAtEnd ? handles : nil
    }

    // MARK: - On disk

    /// Where it is in the enforcer's state.
    static func path(in stateDirectory: String) -> String { stateDirectory + "/blocked-executables" }

    /// Reads the list of a file. Throws for one that is not there, not root's alone, or not whole.
    static func read(_ path: String) throws(EnforceError) -> BlockedExecutables {
        try RootOwned.check(path, required: true)
        guard let list = RecordFile.read(path).flatMap(BlockedExecutables.init(bytes:)) else {
            throw EnforceError(
                "guard.list", "The list \(path) is damaged: what it said before stays in force.",
                remedy: "Restart cordon-enforcer, which writes it anew.")
        }
        return list
    }

    func write(to path: String) throws(EnforceError) { try RecordFile.write(bytes, to: path) }
}
