internal import CordonModel
internal import CordonScan
internal import CordonTrust
internal import Glibc

/// Files as a triage tells of them. No link is followed, and only what is a plain file is read.
final class TriageFiles {
    /// Bytes of the largest file that is hashed.
    private static let mostHashed: Int64 = 64 << 20
    /// Bytes of a text that is shown.
    private static let mostShown = 16_384

    private struct Key: Hashable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var changed: Int64
    }

    /// What hundreds of processes run is read once.
    private var sums: [Key: String] = [:]

    /// Adds the SHA-256 of an open plain file in hexadecimal, or why there is none.
    func sum(
        _ file: Descriptor, _ path: String, into row: inout JSONObject, _ table: TriageTable
    ) throws(TriageTable.Stop) {
        guard let status = try? FileStatus(of: file, path), status.isRegular else {
            row["not_hashed"] = "no plain file"
            return
        }
        let size = status.identity.size
        guard size <= Self.mostHashed else {
            row["not_hashed"] = .text("larger than \(Self.mostHashed) bytes")
            return
        }
        let key = Key(
            device: status.device, inode: status.identity.inode, size: size, changed: status.changed.seconds)
        if let known = sums[key] {
            row["sha256"] = .text(known)
            return
        }
        var digest = StreamDigest()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var offset: Int64 = 0
        while offset < size {
            try table.check()
            guard let bytes = try? file.read(at: offset, into: &buffer, path), !bytes.isEmpty else {
                row["not_hashed"] = "it could not be read to its end"
                return
            }
            digest.update(bytes.prefix(Int(size - offset)))
            offset += Int64(bytes.count)
        }
        let sum = HexDigit.text(digest.value)
        sums[key] = sum
        row["sha256"] = .text(sum)
    }

    /// The file that a process runs, though its name may be gone.
    static func executable(of pid: Int32) -> Descriptor? {
        let number = unsafe open("/proc/\(pid)/exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        return number < 0 ? nil : try? Descriptor(number) { .file("open", "/proc/\(pid)/exe", $0) }
    }

    /// A plain file with the sum over what it holds; with what it says, where that is wanted and it is a text.
    func row(_ path: String, withText: Bool, _ table: TriageTable) throws(TriageTable.Stop) -> JSONValue? {
        let file: OpenedFile
        do { file = try OpenedFile(path) } catch {
            table.note("\(path): \(error)")
            return nil
        }
        var row = Self.members(path, file.status)
        try sum(file.file, path, into: &row, table)
        var buffer = [UInt8](repeating: 0, count: Self.mostShown)
        if withText, let start = try? file.file.read(at: 0, into: &buffer, path), !start.contains(0) {
            row["text"] = .text(SecretLines.leftOut(String(decoding: start, as: UTF8.self)))
            if Int64(start.count) < file.status.identity.size { row["text_is_cut"] = true }
        }
        return .object(row)
    }

    /// What is told of every file.
    static func members(_ path: String, _ status: FileStatus) -> JSONObject {
        var row = JSONObject()
        row["path"] = .text(path)
        row["size"] = .integer(status.identity.size)
        row["user"] = .integer(Int64(status.user))
        row["group"] = .integer(Int64(status.group))
        row["mode"] = .text(String(status.mode & 0o7777, radix: 8))
        row["links"] = .integer(Int64(clamping: status.links))
        row["modified"] = .text("\(Timestamp(seconds: status.identity.modified.seconds))")
        row["changed"] = .text("\(Timestamp(seconds: status.changed.seconds))")
        return row
    }
}
