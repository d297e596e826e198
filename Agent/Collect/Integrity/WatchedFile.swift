internal import CordonModel
internal import CordonScan
internal import Crypto
internal import Glibc
internal import SystemPackage

/// How a watched file was when it was looked at.
struct WatchedFile: Sendable, Hashable {
    /// SHA-256 in lower-case hexadecimal; `nil` for what may not be read, is too long, or is no plain file.
    var hash: String?
    /// Type and permissions.
    var mode: UInt32
    var user: UInt32
    var group: UInt32
    var size: Int64
    var inode: UInt64
    /// Nanoseconds since the epoch.
    var modified: Int64
    /// Nanoseconds; unlike `modified`, nobody can set it back.
    var changed: Int64

    /// Longer files are not hashed: their size and times are compared.
    static let hashLimit: Int64 = 16 << 20

    /// Looks at the file without following a link; `nil` when there is none. The hash is taken over from an earlier look
    /// when nothing says that the content changed since.
    static func look(at path: String, earlier: WatchedFile?) -> WatchedFile? {
        var found = stat()
        guard unsafe lstat(path, &found) == 0 else { return nil }
        var file = WatchedFile(
            hash: nil, mode: found.st_mode, user: found.st_uid, group: found.st_gid, size: Int64(found.st_size),
            inode: UInt64(found.st_ino), modified: Self.nanoseconds(found.st_mtim),
            changed: Self.nanoseconds(found.st_ctim))
        guard file.isPlain, file.size <= hashLimit else { return file }
        // Where there was none it is tried again: the agent may have been given the right to read it.
        let known = earlier.flatMap { $0.stamp == file.stamp ? $0.hash : nil }
        file.hash = known ?? digest(path)
        return file
    }

    var isPlain: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }
    var isFolder: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }

    private var stamp: [Int64] { [Int64(bitPattern: inode), size, modified, changed] }

    /// Whether the content is another: by the hashes where both are known.
    func hasOtherContent(than earlier: WatchedFile) -> Bool {
        if let hash, let before = earlier.hash { return hash != before }
        return isPlain && (size != earlier.size || modified != earlier.modified || inode != earlier.inode)
    }

    /// Whether owner, group, permissions or type are others.
    func hasOtherAttributes(than earlier: WatchedFile) -> Bool {
        mode != earlier.mode || user != earlier.user || group != earlier.group
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func digest(_ path: String) -> String? {
        let options: FileDescriptor.OpenOptions = [.closeOnExec, .nonBlocking, .noFollow]
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly, options: options) else { return nil }
        defer { try? file.close() }
        var sum = SHA256()
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var left = hashLimit
        while left > 0 {
            guard let count = try? unsafe buffer.withUnsafeMutableBytes({ try unsafe file.read(into: $0) }) else {
                return nil
            }
            if count == 0 { return HexDigit.text(sum.finalize()) }
            unsafe buffer.withUnsafeBytes { unsafe sum.update(bufferPointer: .init(rebasing: $0[..<count])) }
            left -= Int64(count)
        }
        return nil
    }

    // MARK: - Kept

    var json: JSONValue {
        let numbers = [Int64(mode), Int64(user), Int64(group), size, Int64(bitPattern: inode), modified, changed]
        return .array([hash.map { .text($0) } ?? nil] + numbers.map { .integer($0) })
    }

    /// `nil` for what is none.
    init?(_ json: JSONValue) {
        guard let parts = json.array, parts.count == 8 else { return nil }
        let numbers = parts.dropFirst().compactMap(\.integer)
        guard numbers.count == 7, let mode = UInt32(exactly: numbers[0]), let user = UInt32(exactly: numbers[1]),
            let group = UInt32(exactly: numbers[2])
        else { return nil }
        self.init(
            hash: parts[0].text, mode: mode, user: user, group: group, size: numbers[3],
            inode: UInt64(bitPattern: numbers[4]), modified: numbers[5], changed: numbers[6])
    }

    init(
        hash: String?, mode: UInt32, user: UInt32, group: UInt32, size: Int64, inode: UInt64, modified: Int64,
        changed: Int64
    ) {
        self.hash = hash
        self.mode = mode
        self.user = user
        self.group = group
        self.size = size
        self.inode = inode
        self.modified = modified
        self.changed = changed
    }
}
