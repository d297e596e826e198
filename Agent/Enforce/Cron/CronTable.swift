/// The lines of a table of cron's (crontab(5), anacrontab(5)), as bytes: what is not understood stays as it is.
struct CronTable: Equatable {
    /// Without their ends; the last is empty where the file ends with a line's end.
    private(set) var lines: [[UInt8]]

    init(_ bytes: [UInt8]) {
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
    }

    var bytes: [UInt8] { Array(lines.joined(separator: [UInt8(ascii: "\n")])) }

    /// Whether a line says when something is to be run, rather than a comment or a setting.
    static func isEntry(_ text: String) -> Bool {
        guard let first = trimmed(Array(text.utf8)).first else { return false }
        return (0x30...0x39).contains(first) || "*@-~".utf8.contains(first)
    }

    /// Lines that are that entry, but for blanks before and after.
    func indices(of entry: String) -> [Int] {
        let wanted = Self.trimmed(Array(entry.utf8))
        return lines.indices.filter { Self.trimmed(lines[$0]) == wanted }
    }

    /// Lines that carry the mark.
    func indices(with mark: String) -> [Int] { lines.indices.filter { lines[$0].starts(with: mark.utf8) } }

    /// Makes a comment of every line that is the entry. Returns which those are.
    @discardableResult
    mutating func disable(_ entry: String, _ mark: String) -> [Int] {
        let found = indices(of: entry)
        for index in found { lines[index] = mark.utf8 + lines[index] }
        return found
    }

    /// Takes the mark away again: as often as the order found the entry. Lines that were added since, and marked too, go.
    mutating func enable(_ mark: String, count: Int) {
        let marked = indices(with: mark)
        for index in marked.dropFirst(count).reversed() { lines.remove(at: index) }
        for index in marked.prefix(count) { lines[index].removeFirst(mark.utf8.count) }
    }

    private static func trimmed(_ line: [UInt8]) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let rest = line[...].drop(while: isBlank)
        return rest.prefix((rest.lastIndex { !isBlank($0) }).map { $0 - rest.startIndex + 1 } ?? 0)
    }
}
