internal import CLinux
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
        _ file: Descriptor, _ path: String, into row: inout JSONObject, until end: ContinuousClock.Instant
    ) {
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
            guard ContinuousClock.now < end else {
                row["not_hashed"] = "the time was over"
                return
            }
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
    func row(
        _ found: FileWalk.Found, withText: Bool, until end: ContinuousClock.Instant, _ table: TriageTable
    ) -> JSONValue? {
        let path = found.path.text
        let file: Descriptor
        let status: FileStatus
        do {
            file = try Descriptor(unsafe clinux_open_regular(found.folder.number, found.name)) {
                .file("open", path, $0)
            }
            try OpenedFile.checkFileSystem(of: file, path)
            status = try FileStatus(of: file, path)
        } catch {
            table.note("\(path): \(error)")
            return nil
        }
        var row = Self.members(found.path, status)
        sum(file, path, into: &row, until: end)
        var buffer = [UInt8](repeating: 0, count: Self.mostShown)
        if withText, let start = try? file.read(at: 0, into: &buffer, path), !start.contains(0) {
            row["text"] = .text(SecretLines.leftOut(String(decoding: start, as: UTF8.self)))
            if Int64(start.count) < status.identity.size { row["text_is_cut"] = true }
        }
        return .object(row)
    }

    /// What is told of every file.
    static func members(_ path: RawPath, _ status: FileStatus) -> JSONObject {
        var row = JSONObject()
        row["path"] = .text(path.text)
        // Its bytes are no text: `\xFF` in it is one of them.
        if !path.isText { row["path_is_escaped"] = true }
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
