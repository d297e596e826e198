internal import CordonModel
internal import CordonScan

/// Lines of one or more files, gathered to be handed on together.
struct FileBatch {
    private(set) var records: [Record] = []
    private var bytes = 0

    var isFull: Bool { records.count >= SourceBatch.recordLimit || bytes >= SourceBatch.byteLimit }

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
