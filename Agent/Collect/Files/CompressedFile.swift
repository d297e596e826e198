internal import CZlib
internal import Glibc
internal import SystemPackage

/// Logs that were compressed after a rotation. They are expanded into a file without a name, so that they are read,
/// and known again, as any other.
enum CompressedFile {
    /// Bytes that one may expand to; what is behind is not read.
    private static let limit = 4 << 30

    /// Whether it can be read.
    static func isOne(_ path: FilePath) -> Bool { path.extension == "gz" }

    /// Whether it is compressed, readable or not.
    static func isKnown(_ path: FilePath) -> Bool {
        ["gz", "xz", "bz2", "zst", "lz4", "lzma", "Z"].contains(path.extension ?? "")
    }

    /// The content, in a file that goes when it is closed. Takes the descriptor's place, not the descriptor.
    static func expanded(_ compressed: FileDescriptor) throws(CollectError) -> FileDescriptor {
        guard let copy = try? compressed.duplicate(), let target = nameless() else { throw failure("no room for it") }
        guard let stream = unsafe gzdopen(copy.rawValue, "rb") else {
            try? copy.close()
            try? target.close()
            throw failure("zlib refuses it")
        }
        defer { unsafe gzclose(stream) }
        var buffer = [UInt8](repeating: 0, count: 128 * 1024)
        var (total, looked) = (0, 0)
        while total < limit {
            let got = unsafe gzread(stream, &buffer, UInt32(buffer.count))
            // What is whole before a damaged place is read.
            guard got > 0 else { break }
            if total >= looked + roomInterval {
                looked = total
                guard hasRoom(target) else {
                    try? target.close()
                    throw failure("it would fill the disk")
                }
            }
            guard (try? target.writeAll(buffer[..<Int(got)])) != nil else {
                try? target.close()
                throw failure("the disk has no room for it")
            }
            total += Int(got)
        }
        return target
    }

    /// Bytes between two looks at the room on the disk.
    private static let roomInterval = 16 << 20

    /// Whether a twentieth of the disk is free: a few kilobytes expand to gigabytes, and others need the disk too.
    private static func hasRoom(_ file: FileDescriptor) -> Bool {
        var status = statvfs()
        guard unsafe fstatvfs(file.rawValue, &status) == 0 else { return true }
        return status.f_bavail >= status.f_blocks / 20
    }

    private static func nameless() -> FileDescriptor? {
        for folder in ["/var/tmp", "/tmp"] {
            let raw = unsafe open(folder, O_RDWR | O_CLOEXEC | 0o20_200_000, 0o600)
            if raw >= 0 { return FileDescriptor(rawValue: raw) }
        }
        return nil
    }

    private static func failure(_ reason: String) -> CollectError {
        CollectError(
            "cannot_expand", "A compressed log cannot be expanded: \(reason).",
            remedy: "Make room in /var/tmp, or leave include_rotated out.")
    }
}
