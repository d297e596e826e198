internal import CLinux
internal import Glibc

/// An append-only file of frames: length, CRC-32C, content. What was not wholly written is cut off when it is opened.
///
/// A reserve is kept allocated behind the end, so that a release can be written down when the disk is full.
struct JournalFile: ~Copyable {
    /// Longest content of a frame.
    static let longestFrame = 1 << 20
    /// Bytes kept allocated behind the end for what must not fail.
    private static let reserve = 65_536
    private static let magic = Array("cordon-journal-1\n".utf8)

    let path: String
    private let descriptor: Int32
    private(set) var length: Int
    /// Set when the kernel could not sync: what is on disk is not known, so nothing but a release is written any more.
    private var isSuspect = false

    /// Opens or makes the file, and hands every whole frame to the closure, in order.
    init(_ path: String, read: (ArraySlice<UInt8>) -> Void) throws(EnforceError) {
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else { throw Self.failure("open", path, errno) }
        let end: Int
        do {
            end = try Self.prepare(opened, path, read: read)
        } catch {
            close(opened)
            throw error
        }
        self.path = path
        descriptor = opened
        length = end
    }

    /// Reads what there is, cuts off what was not wholly written, and begins a file that is new. Returns its length.
    private static func prepare(
        _ descriptor: Int32, _ path: String, read: (ArraySlice<UInt8>) -> Void
    ) throws(EnforceError) -> Int {
        let bytes = TextFile.bytes(path, limit: 1 << 30) ?? []
        var end = try scan(bytes, path: path, read: read)
        // A torn tail: it was never acknowledged to anybody.
        if end < bytes.count, ftruncate(descriptor, end) != 0 { throw failure("cut the torn end of", path, errno) }
        if end == 0 {
            try write(magic, to: descriptor, at: 0, path)
            end = magic.count
        }
        guard fsync(descriptor) == 0 else { throw failure("sync", path, errno) }
        return end
    }

    deinit { close(descriptor) }

    /// The offset after the last whole frame.
    private static func scan(
        _ bytes: [UInt8], path: String, read: (ArraySlice<UInt8>) -> Void
    ) throws(EnforceError) -> Int {
        if bytes.count < magic.count, bytes[...] == magic[..<bytes.count] { return 0 }
        guard bytes.starts(with: magic) else {
            throw EnforceError(
                "journal.foreign", "\(path) is not a journal of the enforcer.",
                remedy:
                    "Move it aside; nothing of it is deleted. An isolation that it may hold is then not known."
            )
        }
        var offset = magic.count
        while offset + 8 <= bytes.count {
            let count = Int(bytes.big32(offset))
            guard count <= longestFrame, offset + 8 + count <= bytes.count else { break }
            let content = bytes[(offset + 8)..<(offset + 8 + count)]
            guard CRC32C.of(content) == bytes.big32(offset + 4) else { break }
            read(content)
            offset += 8 + count
        }
        return offset
    }

    /// Appends frames and syncs them; all are on disk when it returns, none when it throws. `urgent` ones use the
    /// reserve.
    mutating func append(_ contents: [[UInt8]], urgent: Bool) throws(EnforceError) {
        var bytes: [UInt8] = []
        for content in contents {
            bytes.append(big: UInt32(clamping: content.count))
            bytes.append(big: CRC32C.of(content))
            bytes += content
        }
        if !urgent {
            guard !isSuspect else {
                throw EnforceError(
                    "journal.suspect", "\(path) could not be synced before; nothing but a release is carried out.",
                    remedy: "Check the disk, then restart cordon-enforcer.")
            }
            try reserve(bytes.count)
        }
        do {
            try Self.write(bytes, to: descriptor, at: length, path)
        } catch {
            _ = ftruncate(descriptor, length)
            throw error
        }
        guard fdatasync(descriptor) == 0 else {
            let number = errno
            isSuspect = true
            _ = ftruncate(descriptor, length)
            throw Self.failure("sync", path, number)
        }
        length += bytes.count
    }

    /// Allocates room for the bytes and the reserve behind them. File systems that cannot allocate ahead have no
    /// reserve.
    private func reserve(_ count: Int) throws(EnforceError) {
        let status = -clinux_reserve(descriptor, Int64(length), Int64(count + Self.reserve))
        if status == ENOSPC || status == EDQUOT { throw Self.failure("make room in", path, status) }
    }

    private static func write(
        _ bytes: [UInt8], to descriptor: Int32, at offset: Int, _ path: String
    ) throws(EnforceError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, $0.count, offset + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write to", path, errno) }
            done += count
        }
    }

    /// Puts another file in this one's place, wholly written and synced before.
    static func replace(_ path: String, with contents: [[UInt8]]) throws(EnforceError) {
        let fresh = path + ".new"
        unsafe unlink(fresh)
        do {
            var file = try JournalFile(fresh) { _ in }
            try file.append(contents, urgent: false)
        } catch {
            unsafe unlink(fresh)
            throw error
        }
        guard unsafe rename(fresh, path) == 0 else { throw failure("put in place", path, errno) }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 {
            fsync(descriptor)
            close(descriptor)
        }
    }

    private static func failure(_ what: String, _ path: String, _ number: Int32) -> EnforceError {
        let full = number == ENOSPC || number == EDQUOT
        return .system(
            full ? "journal.full" : number == EROFS ? "journal.read_only" : "journal.failed",
            "Cannot \(what) the journal \(path)", number,
            remedy: full
                ? "Free some space; releases still work."
                : "Check the folder's owner, mode and mount, and that no other enforcer uses it.")
    }
}
