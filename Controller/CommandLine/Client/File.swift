internal import Glibc
internal import SystemPackage

/// Files, with limits and sentences.
enum File {
    /// The bytes of a file, or of standard input for `-`.
    static func bytes(_ path: String, limit: Int) throws -> [UInt8] {
        do {
            if path == "-" { return try read(.standardInput, path, limit) }
            // Not waiting: a pipe that nobody writes to would hold the opening for ever.
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
            return try descriptor.closeAfter {
                try checkKind(descriptor, path, limit)
                return try read(descriptor, path, limit)
            }
        } catch let error as Errno {
            throw Complaint(.usage, "\(path) cannot be read: \(error).", "Check the path and its permissions.")
        }
    }

    /// Only plain files are read by name; of the others some never end, and some do something when they are read.
    private static func checkKind(_ descriptor: FileDescriptor, _ path: String, _ limit: Int) throws {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Complaint(.usage, "\(path) is no plain file.", "Give a file, or - for standard input.")
        }
        guard status.st_size <= limit else {
            throw Complaint(.usage, "\(path) is larger than \(limit) bytes, the most that is read.", "Check the path.")
        }
    }

    /// The text of a file.
    static func text(_ path: String, limit: Int) throws -> String {
        String(decoding: try bytes(path, limit: limit), as: UTF8.self)
    }

    /// The text of a file that nobody else may read; `nil` when there is none.
    static func privateText(_ path: String) throws -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        guard status.st_mode & 0o077 == 0 else {
            throw Complaint(.usage, "\(path) holds a session and others may read it.", "Run `chmod 600 \(path)`.")
        }
        return try text(path, limit: 1 << 20)
    }

    /// Replaces a file by one that only its owner may read.
    static func writePrivate(_ text: String, to path: String) throws {
        let folder = FilePath(path).removingLastComponent()
        let draft = FilePath(path + ".new-\(getpid())")
        do {
            try makeFolders(folder)
            let descriptor = try FileDescriptor.open(
                draft, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite
            )
            try descriptor.closeAfter {
                try descriptor.writeAll(Array(text.utf8))
                guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
            guard unsafe rename(draft.string, path) == 0 else { throw Errno(rawValue: errno) }
        } catch let error as Errno {
            unsafe unlink(draft.string)
            throw Complaint(
                .failed, "\(path) cannot be written: \(error).", "Check the folder's permissions and the space.")
        }
    }

    private static func makeFolders(_ folder: FilePath) throws {
        guard unsafe mkdir(folder.string, 0o700) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, !folder.components.isEmpty else { throw Errno(rawValue: errno) }
        try makeFolders(folder.removingLastComponent())
        guard unsafe mkdir(folder.string, 0o700) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
    }

    private static func read(_ descriptor: FileDescriptor, _ path: String, _ limit: Int) throws -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
            guard count > 0 else { return content }
            content += buffer.prefix(count)
            guard content.count <= limit else {
                throw Complaint(.usage, "\(path) is larger than \(limit) bytes.", "Check that it is the right file.")
            }
        }
    }
}
