internal import CordonModel
internal import CordonTrust
internal import Glibc
internal import NIOPosix
internal import Synchronization
internal import SystemPackage

/// Bytes that come in parts, evidence and packages: each file under its SHA-256, so that none can be kept as another, and
/// what is on its way in `incoming`, under its owner and SHA-256. Every call is made on threads that may wait for the disk.
package struct SumFolder: Sendable {
    /// What is on its way.
    struct Draft: Sendable {
        /// Whose it is: its order, its release. A file's name, or the beginning of one.
        var owner: String
        var sha256: [UInt8]
        /// Bytes of the whole.
        var size: Int64

        var name: String { "\(owner)-\(HexDigit.text(sha256))" }
    }

    private let path: String
    /// Bytes hashed or read at a time.
    private static let chunk = 1 << 18
    /// What did not arrive whole in so long is given up.
    private static let patience: Duration = .seconds(30 * 86_400)

    /// Makes the folder at its first use.
    init(_ path: String) { self.path = path }

    private var incoming: String { "\(path)/incoming" }

    private func path(of draft: Draft) -> String { "\(incoming)/\(draft.name)" }

    private func place(_ sha256: [UInt8]) -> String {
        let name = HexDigit.text(sha256)
        return "\(path)/\(name.prefix(2))/\(name)"
    }

    // MARK: - What comes

    /// Bytes of it that are here.
    func arrived(_ draft: Draft) async throws -> Int64 {
        let path = path(of: draft)
        return try await offPool { Self.size(path) ?? 0 }
    }

    /// Bytes of all that is on its way.
    func arriving() async throws -> Int64 {
        let folder = incoming
        return try await offPool { Self.names(folder).reduce(0) { $0 + (Self.size("\(folder)/\($1)") ?? 0) } }
    }

    /// Adds bytes where the draft ends now; others are left alone. Answers where it ends afterwards.
    func add(_ bytes: [UInt8], at offset: Int64, of draft: Draft) async throws -> Int64 {
        let (folder, path, incoming) = (path, path(of: draft), incoming)
        return try await offPool {
            for folder in [folder, incoming] { try KeyFile.makeFolder(folder) }
            let file = try FileDescriptor.open(
                FilePath(path), .readWrite, options: [.create, .noFollow, .closeOnExec], permissions: [.ownerReadWrite])
            return try file.closeAfter {
                try Self.lock(file)
                let end = try file.seek(offset: 0, from: .end)
                guard end == offset, offset + Int64(bytes.count) <= draft.size else { return end }
                do {
                    try file.writeAll(toAbsoluteOffset: offset, bytes)
                } catch {
                    // A full disk leaves no half of a part.
                    _ = ftruncate(file.rawValue, Int(offset))
                    throw error
                }
                return offset + Int64(bytes.count)
            }
        }
    }

    /// Keeps what has arrived whole under its SHA-256. Where it has another, it is removed.
    /// - Returns: Whether it is kept.
    func keep(_ whole: Draft) async throws -> Bool {
        let (draft, place, sum) = (path(of: whole), place(whole.sha256), whole.sha256)
        return try await offPool {
            let file = try FileDescriptor.open(FilePath(draft), .readOnly, options: [.noFollow, .closeOnExec])
            let isWhole = try file.closeAfter {
                try Self.lock(file)
                guard try Self.digest(file) == sum else { return false }
                guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
                return true
            }
            guard isWhole else {
                unsafe unlink(draft)
                return false
            }
            let folder = FilePath(place).removingLastComponent()
            try KeyFile.makeFolder(folder.string)
            guard unsafe rename(draft, place) == 0 else { throw Errno(rawValue: errno) }
            try Self.sync(folder)
            try Self.sync(folder.removingLastComponent())
            return true
        }
    }

    // MARK: - What is kept

    /// Some bytes from the offset on; none at the end.
    package func bytes(of sha256: [UInt8], at offset: Int64) async throws -> [UInt8] {
        let place = place(sha256)
        return try await offPool {
            let file = try FileDescriptor.open(FilePath(place), .readOnly, options: [.noFollow, .closeOnExec])
            return try file.closeAfter { try Self.read(file, at: offset) }
        }
    }

    /// Whether the bytes are there, as many as there should be.
    package func holds(_ sha256: [UInt8], _ size: Int64) async throws -> Bool {
        let place = place(sha256)
        return try await offPool { Self.size(place) == size }
    }

    /// Removes the bytes.
    func remove(_ sha256: [UInt8]) async throws {
        let place = place(sha256)
        try await offPool { _ = unsafe unlink(place) }
    }

    /// Gives up what is on its way.
    func drop(_ draft: Draft) async throws {
        let path = path(of: draft)
        try await offPool { _ = unsafe unlink(path) }
    }

    /// Bytes that the disk has room for; `nil` where it does not say.
    func room() async throws -> Int64? {
        let path = path
        return try await offPool {
            try KeyFile.makeFolder(path)
            var status = statvfs()
            guard unsafe statvfs(path, &status) == 0 else { return nil }
            return Int64(clamping: status.f_bavail.multipliedFullWidth(by: status.f_frsize).low)
        }
    }

    /// Removes what stopped coming long ago.
    func sweep(at now: Timestamp) async throws {
        let folder = incoming
        try await offPool {
            for name in Self.names(folder) {
                var status = stat()
                guard unsafe lstat("\(folder)/\(name)", &status) == 0,
                    now - Timestamp(seconds: Int64(status.st_mtim.tv_sec)) > Self.patience
                else { continue }
                unsafe unlink("\(folder)/\(name)")
            }
        }
    }

    // MARK: - Files

    /// One stream at a time adds to a draft, and none while it is looked at. Ends with the descriptor.
    private static func lock(_ file: FileDescriptor) throws {
        guard flock(file.rawValue, LOCK_EX) == 0 else { throw Errno(rawValue: errno) }
    }

    private static func size(_ path: String) -> Int64? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? Int64(status.st_size) : nil
    }

    private static func names(_ folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func read(_ file: FileDescriptor, at offset: Int64) throws -> [UInt8] {
        try unsafe [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
            count = unsafe try file.read(fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    private static func digest(_ file: FileDescriptor) throws -> [UInt8] {
        var digest = StreamDigest()
        var offset: Int64 = 0
        while true {
            let bytes = try read(file, at: offset)
            if bytes.isEmpty { return digest.value }
            digest.update(bytes[...])
            offset += Int64(bytes.count)
        }
    }

    private static func sync(_ folder: FilePath) throws {
        let file = try FileDescriptor.open(folder, .readOnly, options: [.directory, .closeOnExec])
        try file.closeAfter { guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) } }
    }

    private func offPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(work)
    }
}
