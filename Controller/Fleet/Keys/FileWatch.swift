internal import Glibc

/// Notices that files were exchanged, by one `stat` each whenever it is asked.
struct FileWatch {
    private let paths: [String]
    private var seen: [Stamp]

    private struct Stamp: Equatable {
        var inode: UInt
        var seconds: Int
        var nanoseconds: Int
    }

    init(_ paths: [String]) {
        self.paths = paths
        seen = paths.map(Self.stamp)
    }

    /// Whether any of them is another than the last time.
    mutating func changed() -> Bool {
        let current = paths.map(Self.stamp)
        defer { seen = current }
        return current != seen
    }

    private static func stamp(_ path: String) -> Stamp {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return Stamp(inode: 0, seconds: 0, nanoseconds: 0) }
        return Stamp(inode: UInt(status.st_ino), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }
}
