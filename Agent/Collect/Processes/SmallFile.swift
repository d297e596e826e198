internal import Glibc
internal import SystemPackage

/// Reads small files whole.
enum SmallFile {
    /// The file's bytes, at most `limit`; `nil` when it cannot be read.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
        else {
            return nil
        }
        defer { try? file.close() }
        var bytes = [UInt8](repeating: 0, count: limit)
        var filled = 0
        while filled < limit {
            let got = try? unsafe bytes.withUnsafeMutableBytes {
                try unsafe file.read(into: .init(rebasing: $0[filled...]))
            }
            guard let got else { return nil }
            if got == 0 { break }
            filled += got
        }
        return Array(bytes[..<filled])
    }

    /// Where a symbolic link leads; `nil` when it cannot be read.
    static func link(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return AuditText.text(bytes[..<count].map { UInt8(bitPattern: $0) })
    }
}
