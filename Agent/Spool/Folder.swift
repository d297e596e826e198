internal import Glibc
internal import SystemPackage

/// A folder that outlives power cuts: what it says is done is on the disk.
struct Folder: Sendable {
    let path: FilePath

    /// Makes the folder if it is missing, for its owner only.
    init(_ path: FilePath) throws(SpoolError) {
        self.path = path
        let status = unsafe mkdir(path.string, 0o700)
        guard status == 0 || errno == EEXIST else { throw SpoolError("make", path, Errno(rawValue: errno)) }
    }

    /// Names of the files, without order.
    func names() throws(SpoolError) -> [String] {
        guard let stream = unsafe opendir(path.string) else { throw SpoolError("list", path, Errno(rawValue: errno)) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Puts new contents in a file's place, whole or not at all.
    func replace(_ name: String, with bytes: [UInt8], durably: Bool = true) throws(SpoolError) {
        let fresh = path.appending(name + ".new")
        let file = try File.open(fresh, .writeOnly, options: [.create, .truncate])
        do throws(SpoolError) {
            try file.write(bytes, at: 0)
            if durably { try file.sync() }
        } catch {
            file.close()
            throw error
        }
        file.close()
        guard unsafe rename(fresh.string, path.appending(name).string) == 0 else {
            throw SpoolError("replace", path.appending(name), Errno(rawValue: errno))
        }
        if durably { try sync() }
    }

    /// The bytes of a file; `nil` when there is none or it is longer than the limit.
    func contents(_ name: String, limit: Int) throws(SpoolError) -> [UInt8]? {
        guard let file = try File.openIfPresent(path.appending(name)) else { return nil }
        defer { file.close() }
        let bytes = try file.read(at: 0, count: limit + 1)
        return bytes.count > limit ? nil : bytes
    }

    func remove(_ name: String) throws(SpoolError) {
        guard unsafe unlink(path.appending(name).string) == 0 || errno == ENOENT else {
            throw SpoolError("remove", path.appending(name), Errno(rawValue: errno))
        }
    }

    func move(_ name: String, to other: String) throws(SpoolError) {
        guard unsafe rename(path.appending(name).string, path.appending(other).string) == 0 else {
            throw SpoolError("move aside", path.appending(name), Errno(rawValue: errno))
        }
    }

    /// Waits until names made, moved and removed are on the disk.
    func sync() throws(SpoolError) {
        let folder = try File.open(path, .readOnly)
        defer { folder.close() }
        try folder.sync()
    }
}

/// An open file; its owner closes it.
struct File: Sendable {
    let path: FilePath
    let descriptor: FileDescriptor

    static func open(
        _ path: FilePath, _ mode: FileDescriptor.AccessMode, options: FileDescriptor.OpenOptions = []
    ) throws(SpoolError) -> File {
        do {
            let options = options.union([.closeOnExec, .noFollow])
            let descriptor = try FileDescriptor.open(path, mode, options: options, permissions: .ownerReadWrite)
            return File(path: path, descriptor: descriptor)
        } catch {
            throw SpoolError("open", path, error as? Errno ?? .ioError)
        }
    }

    static func openIfPresent(_ path: FilePath) throws(SpoolError) -> File? {
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
            return File(path: path, descriptor: descriptor)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch {
            throw SpoolError("open", path, error as? Errno ?? .ioError)
        }
    }

    /// Up to that many bytes, fewer only at the end of the file.
    func read(at offset: Int, count: Int) throws(SpoolError) -> [UInt8] {
        do {
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let got = try unsafe bytes.withUnsafeMutableBytes { buffer in
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                    return try unsafe descriptor.read(fromAbsoluteOffset: Int64(offset + filled), into: rest)
                }
                if got == 0 { break }
                filled += got
            }
            bytes.removeLast(count - filled)
            return bytes
        } catch {
            throw SpoolError("read", path, error as? Errno ?? .ioError)
        }
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(SpoolError) {
        do {
            _ = try descriptor.writeAll(toAbsoluteOffset: Int64(offset), bytes)
        } catch {
            throw SpoolError("write", path, error as? Errno ?? .ioError)
        }
    }

    func resize(to size: Int) throws(SpoolError) {
        guard ftruncate(descriptor.rawValue, size) == 0 else {
            throw SpoolError("shorten", path, Errno(rawValue: errno))
        }
    }

    var size: Int {
        get throws(SpoolError) {
            do {
                return Int(try descriptor.seek(offset: 0, from: .end))
            } catch {
                throw SpoolError("measure", path, error as? Errno ?? .ioError)
            }
        }
    }

    /// Waits until the contents are on the disk.
    func sync() throws(SpoolError) {
        guard fsync(descriptor.rawValue) == 0 else { throw SpoolError("sync", path, Errno(rawValue: errno)) }
    }

    /// Takes the file for this process alone; `false` when another has it.
    func lock() -> Bool { flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 }

    func close() { try? descriptor.close() }
}
