internal import CLinux
internal import CordonModel
internal import Glibc

/// `/etc/shadow`, changed as usermod(8) changes it: under its lock, to a new file that takes the old one's place.
struct ShadowFile {
    let folder: String
    private var path: String { folder + "/shadow" }
    private static let limit = 16 << 20
    /// How long to wait for another program that has the lock.
    var patience: Duration = .seconds(5)

    /// The fields of shadow(5), as bytes: what we do not understand stays as it is.
    struct Entry: Equatable {
        var fields: [[UInt8]]

        var password: [UInt8] {
            get { fields[1] }
            set { fields[1] = newValue }
        }
        /// Days after the epoch; empty for never.
        var expiry: [UInt8] {
            get { fields[7] }
            set { fields[7] = newValue }
        }
    }

    /// The account's line; `nil` when it has none.
    func entry(of name: String) throws(EnforceError) -> Entry? {
        for line in try lines() { if let entry = Self.entry(line, of: name) { return entry } }
        return nil
    }

    /// Changes the account's line, all others staying as they are; `false` when it has none.
    @discardableResult
    func change(_ name: String, _ change: (inout Entry) -> Void) throws(EnforceError) -> Bool {
        let lock = try takeLock()
        defer { close(lock) }
        var lines = try lines()
        for (index, line) in lines.enumerated() {
            guard var entry = Self.entry(line, of: name) else { continue }
            let before = entry
            change(&entry)
            if entry == before { return true }
            lines[index] = Array(entry.fields.joined(separator: [UInt8(ascii: ":")]))
            try replace(with: Array(lines.joined(separator: [UInt8(ascii: "\n")])))
            return true
        }
        return false
    }

    /// Changes whenever the file does.
    var version: [Int64] { TextFile.version(path) }

    private func lines() throws(EnforceError) -> [[UInt8]] {
        guard let bytes = TextFile.bytes(path, limit: Self.limit) else { throw .file("read", path, errno) }
        // What was not read would be gone when the file is written anew.
        guard bytes.count < Self.limit else {
            throw EnforceError("account.too_many", "\(path) has \(Self.limit) bytes or more: it was left as it is.")
        }
        return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
    }

    private static func entry(_ line: [UInt8], of name: String) -> Entry? {
        let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { Array($0) }
        guard fields.count >= 8, fields[0].elementsEqual(name.utf8) else { return nil }
        return Entry(fields: fields)
    }

    /// The lock of lckpwdf(3), which itself would use the process's alarm clock.
    private func takeLock() throws(EnforceError) -> Int32 {
        let name = folder + "/.pwd.lock"
        let descriptor = unsafe open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .file("open", name, errno) }
        let deadline = ContinuousClock.now + patience
        while true {
            var request = flock()
            request.l_type = Int16(F_WRLCK)
            request.l_whence = Int16(SEEK_SET)
            if unsafe fcntl(descriptor, F_SETLK, &request) == 0 { return descriptor }
            guard ContinuousClock.now < deadline else {
                close(descriptor)
                throw EnforceError(
                    "account.busy", "Another program is changing the accounts of this host.", remedy: "Order again.")
            }
            usleep(20_000)
        }
    }

    private func replace(with bytes: [UInt8]) throws(EnforceError) {
        guard let old = FileStatus(at: path) else { throw .file("look at", path, errno) }
        let fresh = folder + "/.shadow.cordon"
        unsafe unlink(fresh)
        let descriptor = unsafe open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .file("make", fresh, errno) }
        defer { close(descriptor) }
        do throws(EnforceError) {
            var place = 0
            while place < bytes.count {
                let count = unsafe bytes[place...].withUnsafeBytes {
                    unsafe write(descriptor, $0.baseAddress, $0.count)
                }
                guard count > 0 || errno == EINTR else { throw .file("write", fresh, errno) }
                place += max(0, count)
            }
            guard fchown(descriptor, old.user, old.group) == 0, fchmod(descriptor, old.mode & 0o7777) == 0,
                fsync(descriptor) == 0, unsafe rename(fresh, path) == 0
            else { throw .file("replace", path, errno) }
        } catch {
            unsafe unlink(fresh)
            throw error
        }
        let directory = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }
}
