internal import CordonModel
internal import Glibc

/// Files that hold keys: written whole or not at all, readable by their owner alone.
///
/// A file that root writes into the folder of another user belongs to that user afterwards: enrolment runs as root, the
/// agent does not. The calls block; they are short and made at start, at enrolment and at renewal only.
package enum KeyFile {
    /// Bytes that a key file may have.
    package static let limit = 65_536

    /// Writes the bytes to a new file beside it, syncs it, and renames it into place; then syncs the folder.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(TrustError) {
        var system = SystemRandomNumberGenerator()
        let temporary = "\(path).\(String(system.next(), radix: 36)).new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path, "cannot be written", errno) }
        do throws(TrustError) {
            defer { close(descriptor) }
            try writeAll(bytes, to: descriptor, path: path)
            try adopt(descriptor, path: path)
            guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
                throw failure(path, "cannot be written", errno)
            }
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        guard unsafe rename(temporary, path) == 0 else {
            let code = errno
            unsafe unlink(temporary)
            throw failure(path, "cannot be put in place", code)
        }
        syncFolder(of: path)
    }

    /// Reads a regular file of at most `limit` bytes. One that is `secret` is refused when its group or others may read
    /// or write it.
    package static func read(
        _ path: String, secret: Bool = true, limit: Int = limit
    ) throws(TrustError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, "cannot be read", errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, "cannot be read", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .file(path, "kind", "is not a regular file", "Put the file back from its backup.")
        }
        if secret, status.st_mode & 0o077 != 0 {
            throw .file(
                path, "permissions", "holds a secret and its group or others may use it",
                "Run `chmod 600 \(path)`, and make a new key if somebody may have read it.")
        }
        guard status.st_size <= limit else {
            throw tooLong(path, limit)
        }
        return try readAll(descriptor, path: path, limit: limit)
    }

    /// Whether there is a file.
    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Removes a file, if it is there.
    package static func remove(_ path: String) { unsafe unlink(path) }

    /// Makes a folder, unless it is there.
    package static func makeFolder(_ path: String, mode: UInt32 = 0o700) throws(TrustError) {
        guard unsafe mkdir(path, mode) == 0 || errno == EEXIST else { throw failure(path, "cannot be made", errno) }
    }

    /// A secret of raw Ed25519 bytes, kept as 64 hexadecimal characters and a line end.
    package static func write(_ key: SigningKey, to path: String) throws(TrustError) {
        try write(Array((HexDigit.text(key.rawBytes) + "\n").utf8), to: path)
    }

    /// Reads what `write(_ key:to:)` wrote.
    package static func signingKey(at path: String) throws(TrustError) -> SigningKey {
        try SigningKey(rawBytes: try hex(path, secret: true))
    }

    /// A public key, kept as 64 hexadecimal characters and a line end, readable by all.
    package static func write(_ key: VerifyingKey, to path: String) throws(TrustError) {
        try write(Array((HexDigit.text(key.rawBytes) + "\n").utf8), to: path, mode: 0o644)
    }

    /// Reads what `write(_ key:to:)` wrote.
    package static func verifyingKey(at path: String) throws(TrustError) -> VerifyingKey {
        try VerifyingKey(rawBytes: try hex(path, secret: false))
    }

    private static func hex(_ path: String, secret: Bool) throws(TrustError) -> [UInt8] {
        let text = String(decoding: try read(path, secret: secret), as: UTF8.self)
        guard let bytes = HexDigit.bytes(text.filter { !$0.isWhitespace }), bytes.count == 32 else {
            throw .file(path, "format", "is not 64 hexadecimal characters", "Put the file back from its backup.")
        }
        return bytes
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(TrustError) {
        var offset = 0
        while offset < bytes.count {
            let written = unsafe bytes[offset...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure(path, "cannot be written", errno) }
            offset += written
        }
    }

    private static func readAll(_ descriptor: Int32, path: String, limit: Int) throws(TrustError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while bytes.count <= limit {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "cannot be read", errno) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
        throw tooLong(path, limit)
    }

    private static func tooLong(_ path: String, _ limit: Int) -> TrustError {
        .file(path, "size", "is longer than \(limit / 1024) KiB", "Put the file back from its backup.")
    }

    private static func adopt(_ descriptor: Int32, path: String) throws(TrustError) {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard unsafe stat(folder(of: path), &status) == 0, fchown(descriptor, status.st_uid, status.st_gid) == 0 else {
            throw failure(path, "cannot be given to the owner of its folder", errno)
        }
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    private static func syncFolder(of path: String) {
        let descriptor = unsafe open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ path: String, _ what: String, _ code: Int32) -> TrustError {
        let reason = unsafe String(cString: strerror(code))
        return .file(
            path, code == ENOENT ? "missing" : "access", "\(what) (\(reason))",
            "Check that the folder is there, who owns it, and that the disk is not full.")
    }
}
