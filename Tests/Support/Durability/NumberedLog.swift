internal import SystemPackage

/// A log whose lines are numbered from 0, and that is rotated as logrotate does it: by renaming, and by copying and
/// truncating.
final class NumberedLog {
    private let path: String
    private(set) var written = 0
    private var rotations = 0

    init(_ path: String) { self.path = path }

    /// Appends so many lines of about 80 bytes.
    func append(_ count: Int) throws {
        var text = ""
        text.reserveCapacity(count * 90)
        for number in written..<(written + count) {
            let digits = "\(number)"
            let padded = String(repeating: "0", count: 9 - digits.utf8.count) + digits
            text += "Nov 21 05:00:00 web durability[1]: line \(padded) of a log that is rotated\n"
        }
        let file = try FileDescriptor.open(FilePath(path), .writeOnly, options: [.append, .closeOnExec])
        _ = try file.closeAfter { try file.writeAll(Array(text.utf8)) }
        written += count
    }

    /// Rotates, by both methods in turn. Older generations stay: how long they are kept is the administrator's to say.
    func rotate() throws {
        rotations += 1
        var moves = ""
        if rotations > 1 {
            moves = (1..<rotations).reversed().map { "mv \(path).\($0) \(path).\($0 + 1)\n" }.joined()
        }
        let last =
            rotations.isMultiple(of: 2)
            ? "cp -p \(path) \(path).1 && truncate -s 0 \(path)" : "mv \(path) \(path).1 && : > \(path)"
        try Command(["sh", "-c", "set -e\n\(moves)\(last)\n"]).must()
    }
}
