internal import Glibc
internal import SystemPackage

/// A folder of a test's own, removed when it is let go of. What a crashed run left behind is removed by the next one.
package final class Scratch: Sendable {
    package let path: String
    /// Locked as long as the folder is used, so that nobody else takes it for a leftover.
    private let lock: Int32

    private static let prefix = "cordon-scratch-"

    /// Makes it below `/tmp`: sockets have short names.
    package init() throws {
        Self.removeLeftovers()
        var random = SystemRandomNumberGenerator()
        let name = String(UInt64.random(in: 0 ... .max, using: &random), radix: 36)
        path = "/tmp/\(Self.prefix)\(name)"
        // It gets its name when it is locked: until then another test could take it for a leftover.
        let draft = "/tmp/.\(Self.prefix)\(name)"
        guard unsafe mkdir(draft, 0o755) == 0 else {
            throw TestFailure("\(draft) cannot be made: \(Errno(rawValue: errno))")
        }
        lock = unsafe open("\(draft)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0, unsafe rename(draft, path) == 0 else {
            throw TestFailure("\(path) cannot be made and locked: \(Errno(rawValue: errno))")
        }
    }

    deinit {
        _ = try? Command(["rm", "-rf", "--one-file-system", path]).run()
        close(lock)
    }

    /// Makes a folder and those above it.
    @discardableResult
    package func folder(_ name: String, mode: UInt32 = 0o755) throws -> String {
        var full = path
        for part in name.split(separator: "/") {
            full += "/\(part)"
            guard unsafe mkdir(full, mode) == 0 || errno == EEXIST else {
                throw TestFailure("\(full) cannot be made: \(Errno(rawValue: errno))")
            }
        }
        return full
    }

    /// Writes a file and gives its path.
    @discardableResult
    package func file(_ name: String, _ text: String, mode: UInt32 = 0o644) throws -> String {
        let full = "\(path)/\(name)"
        let descriptor = unsafe open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw TestFailure("\(full) cannot be written: \(Errno(rawValue: errno))") }
        defer { close(descriptor) }
        fchmod(descriptor, mode)
        try FileDescriptor(rawValue: descriptor).writeAll(Array(text.utf8))
        return full
    }

    /// A file's text, at most 8 MiB of it; empty when there is none.
    package static func text(of path: String) -> String {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec) else { return "" }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        _ = try? file.closeAfter {
            while bytes.count < 8 << 20 {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                guard count > 0 else { return }
                bytes += buffer.prefix(count)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func removeLeftovers() {
        guard let folder = unsafe opendir("/tmp") else { return }
        defer { unsafe closedir(folder) }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix(prefix) else { continue }
            let lock = unsafe open("/tmp/\(name)/.lock", O_RDWR | O_CLOEXEC)
            guard lock >= 0 else { continue }
            defer { close(lock) }
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { continue }
            _ = try? Command(["rm", "-rf", "--one-file-system", "/tmp/\(name)"]).run()
        }
    }
}
