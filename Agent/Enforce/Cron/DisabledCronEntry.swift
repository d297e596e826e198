/// What cron does not run any more, for the journal.
struct DisabledCronEntry: Sendable, Equatable {
    var path: String
    /// The line; empty for a script.
    var entry: String
    /// What stands before the line since: a comment that names the order.
    var mark: String
    /// How many lines were the entry.
    var count: Int64 = 0
    /// Permissions of a script before.
    var mode: Int64 = 0
    /// When the table was last changed by others, before this entry and its neighbours were turned off; and when by us: with
    /// that time, or with one of its neighbours', it is as we left it.
    var modified = FileStatus.Instant(seconds: 0, nanoseconds: 0)
    var stamp = FileStatus.Instant(seconds: 0, nanoseconds: 0)

    var title: String { entry.isEmpty ? path : "\(path): \(entry)" }

    init(path: String, entry: String, mark: String) { (self.path, self.entry, self.mark) = (path, entry, mark) }

    var bytes: [UInt8] {
        var writer = RecordWriter()
        for text in [path, entry, mark] { writer.put(text: text) }
        for number in [
            count, mode, modified.seconds, modified.nanoseconds, stamp.seconds, stamp.nanoseconds,
        ] { writer.put(number) }
        return writer.bytes
    }

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: [UInt8]) {
        var reader = RecordReader(bytes[...])
        guard let path = reader.text(), let entry = reader.text(), let mark = reader.text(), !mark.isEmpty,
            let count = reader.number(), (0...100_000).contains(count), let mode = reader.number(),
            let seconds = reader.number(), let nanoseconds = reader.number(), let stampSeconds = reader.number(),
            let stampNanoseconds = reader.number(), reader.isAtEnd
        else { return nil }
        self.init(path: path, entry: entry, mark: mark)
        (self.count, self.mode) = (count, mode)
        modified = FileStatus.Instant(seconds: seconds, nanoseconds: nanoseconds)
        stamp = FileStatus.Instant(seconds: stampSeconds, nanoseconds: stampNanoseconds)
    }
}
