internal import CLinux
internal import Glibc

/// An open file or folder, closed when nobody uses it any more.
final class Descriptor: Sendable {
    let number: Int32

    /// Takes what a function of CLinux returned: a descriptor, or a negated error number.
    init(_ result: Int32, or failure: (Int32) -> any Error) throws {
        guard result >= 0 else { throw failure(-result) }
        number = result
    }

    deinit { clinux_close(number) }

    /// Opens a folder by an absolute path without links.
    static func folder(_ path: String) throws -> Descriptor {
        try Descriptor(unsafe clinux_open_folder(path)) { .file("open", path, $0) }
    }

    /// Waits until what was written is on the disk; of a folder, what was made, renamed and removed in it.
    func sync(_ what: String) throws(EnforceError) {
        guard fsync(number) == 0 else { throw .file("sync", what, errno) }
    }

    /// Bytes from the place on, as many as there are room for; empty at the end.
    func read(at offset: Int64, into buffer: inout [UInt8], _ what: String) throws(EnforceError) -> ArraySlice<UInt8> {
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(number, $0.baseAddress, $0.count, Int(offset))
            }
            if count >= 0 { return buffer[..<count] }
            guard errno == EINTR else { throw .file("read", what, errno) }
        }
    }

    /// Writes all of the bytes there.
    func write(_ bytes: ArraySlice<UInt8>, at offset: Int64, _ what: String) throws(EnforceError) {
        var (left, offset) = (bytes, offset)
        while !left.isEmpty {
            let count = unsafe left.withUnsafeBytes { unsafe pwrite(number, $0.baseAddress, $0.count, Int(offset)) }
            if count < 0 {
                guard errno == EINTR else { throw .file("write", what, errno) }
                continue
            }
            left = left.dropFirst(count)
            offset += Int64(count)
        }
    }
}

extension Error where Self == EnforceError {
    /// A failed call on a file: what was tried, on which path.
    static func file(_ verb: String, _ path: String, _ number: Int32) -> EnforceError {
        let what = "Cannot \(verb) \(path)"
        switch number {
        case ENOENT, ENOTDIR: return EnforceError("file.gone", "\(path) is not there.")
        case ELOOP: return .system("file.link", what, number, remedy: "Order the file by its own path, without links.")
        case ENOSPC, EDQUOT: return .system("file.disk_full", what, number, remedy: "Free some space.")
        case EROFS: return .system("file.read_only", what, number, remedy: "Its file system is mounted read-only here.")
        case EEXIST:
            return EnforceError("file.exists", "There is a \(path) already.", remedy: "Look at it and move it aside.")
        case EPERM, EACCES:
            return .system(
                "file.forbidden", what, number,
                remedy: "Its folder may be immutable, or the enforcer's unit lacks a capability or a writable path.")
        default: return .system("file.failed", what, number)
        }
    }
}
