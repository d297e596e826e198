internal import Glibc
internal import SystemPackage

/// Opens log files. Programs write into folders of their own, and their users must not make the agent read, and tell the
/// controller, what it may read and they may not: by a link, or by a device in a log's place.
enum LogOpening {
    /// Links that are followed one after another.
    private static let longest = 8
    /// O_NOCTTY and O_PATH of open(2).
    private static let noTerminal = FileDescriptor.OpenOptions(rawValue: O_NOCTTY)
    private static let pathOnly = FileDescriptor.OpenOptions(rawValue: 0o10_000_000)

    /// Opens a file for reading, of whatever kind it is. A link counts when root, this user or the owner of the file that
    /// it leads to made it.
    /// - Throws: `Errno`, or `CollectError` for a link of another user.
    static func open(_ path: FilePath) throws -> FileDescriptor {
        var place = path
        var makers: Set<UInt32> = []
        for _ in 0...longest {
            do {
                let file = try FileDescriptor.open(
                    place, .readOnly, options: [.closeOnExec, .nonBlocking, .noFollow, noTerminal])
                guard makers.isSubset(of: [0, geteuid(), owner(file.rawValue)]) else {
                    try file.close()
                    throw foreign(path)
                }
                return file
            } catch Errno.tooManySymbolicLinkLevels {
                // It is a link: its maker and its content are taken from one and the same, whatever comes in its place.
                let link = try FileDescriptor.open(
                    place, .readOnly, options: [.closeOnExec, .noFollow, pathOnly])
                defer { try? link.close() }
                makers.insert(owner(link.rawValue))
                let target = try target(link)
                place = target.isAbsolute ? target : place.removingLastComponent().appending(target.components)
            }
        }
        throw Errno.tooManySymbolicLinkLevels
    }

    private static func owner(_ descriptor: Int32) -> UInt32 {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? status.st_uid : .max
    }

    private static func target(_ link: FileDescriptor) throws -> FilePath {
        var bytes = [CChar](repeating: 0, count: 4097)
        let count = unsafe readlinkat(link.rawValue, "", &bytes, bytes.count - 1)
        guard count >= 0 else { throw Errno(rawValue: errno) }
        return FilePath(platformString: bytes)
    }

    private static func foreign(_ path: FilePath) -> CollectError {
        CollectError(
            "foreign_link", "\(path.string) leads to a file of another user than who made the link: it is not read.",
            remedy: "Name the file itself, or let root make the link.")
    }
}
