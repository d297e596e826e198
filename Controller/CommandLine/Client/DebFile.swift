internal import CordonTrust
internal import Glibc
internal import SystemPackage

/// A Debian package on this machine: its sum, and what dpkg-deb says of it.
struct DebFile {
    let path: String
    let size: Int64
    let sha256: [UInt8]

    /// Reads the file once.
    init(_ path: String) throws {
        self.path = path
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
            (size, sha256) = try file.closeAfter {
                var status = stat()
                guard unsafe fstat(file.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
                guard status.st_mode & S_IFMT == S_IFREG else {
                    throw Complaint(.usage, "\(path) is no plain file.", "Name the .deb files.")
                }
                return try Self.sum(file)
            }
        } catch let error as Errno {
            throw Complaint(.usage, "\(path) cannot be read: \(error).", "Check the path and its permissions.")
        }
    }

    private static func sum(_ file: FileDescriptor) throws -> (Int64, [UInt8]) {
        var digest = StreamDigest()
        var size: Int64 = 0
        while true {
            let bytes = try read(file, at: size)
            guard !bytes.isEmpty else { return (size, digest.value) }
            digest.update(bytes[...])
            size += Int64(bytes.count)
        }
    }

    /// Bytes sent or summed at a time.
    private static let part = 512 << 10

    private static func read(_ file: FileDescriptor, at offset: Int64) throws -> [UInt8] {
        try unsafe [UInt8](unsafeUninitializedCapacity: part) { buffer, count in
            count = unsafe try file.read(fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Some bytes from the offset on; none at the end.
    func bytes(at offset: Int64) throws -> [UInt8] {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
            return try file.closeAfter { try Self.read(file, at: offset) }
        } catch let error as Errno { throw Complaint(.failed, "\(path) cannot be read any more: \(error).") }
    }

    /// Fields of its control file, by name.
    func fields(_ names: [String]) throws -> [String: String] {
        // An absolute path never looks like an option.
        guard let real = unsafe realpath(path, nil) else { throw Complaint(.usage, "\(path) cannot be found.") }
        defer { unsafe free(real) }
        let output = try Self.run(["dpkg-deb", "--field", unsafe String(cString: real)] + names)
        guard let output else {
            throw Complaint(
                .usage, "\(path) is no Debian package, or dpkg-deb is not here.",
                "Sign on a Debian system, with the .deb files as they were built.")
        }
        return output.split(separator: "\n").reduce(into: [:]) { fields, line in
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1].drop { $0 == " " }) }
        }
    }

    /// What a program wrote, at most 64 KiB; `nil` where it could not be run or failed. There is no shell in between.
    private static func run(_ words: [String]) throws -> String? {
        let pipe = try FileDescriptor.pipe()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, pipe.writeEnd.rawValue, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        unsafe posix_spawn_file_actions_addclose(&actions, pipe.readEnd.rawValue)
        unsafe posix_spawn_file_actions_addclose(&actions, pipe.writeEnd.rawValue)
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { for index in words.indices { unsafe free(arguments[index]) } }
        var child: pid_t = 0
        let code = unsafe posix_spawnp(&child, words[0], &actions, nil, &arguments, environ)
        try pipe.writeEnd.close()
        defer { try? pipe.readEnd.close() }
        guard code == 0 else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 65_536 {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe pipe.readEnd.read(into: $0) }
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
