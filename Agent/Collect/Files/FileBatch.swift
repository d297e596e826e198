internal import CordonModel
internal import CordonScan

/// Lines of one or more files, gathered to be handed on together.
struct FileBatch {
    private(set) var records: [Record] = []
    private var bytes = 0
    /// Bytes that were read for it.
    private var read: Int64 = 0

    /// Bytes that are read for one batch at most, whatever of them are lines: other files wait meanwhile, and so does the
    /// end of the program.
    private static let readLimit: Int64 = 16 << 20

    var isFull: Bool {
        records.count >= SourceBatch.recordLimit || bytes >= SourceBatch.byteLimit || read >= Self.readLimit
    }

    /// Notes that so many bytes of a file were read.
    mutating func passed(_ bytes: Int64) { read += bytes }

    mutating func take(_ line: FileTail.Line, of path: String) {
        var record = Record(text: line.text)
        record.fields.reserveCapacity(8)
        record.fields[.logFilePath] = .text(path)
        record.fields[.logFileOffset] = .number(line.offset)
        var tags: [String] = []
        if line.isCut { tags.append(Record.cut) }
        if !Encoding.isUTF8(line.text) { tags.append(Record.invalid) }
        if !tags.isEmpty { record.fields[.tags] = .texts(tags) }
        bytes += line.text.count
        records.append(record)
    }
}
