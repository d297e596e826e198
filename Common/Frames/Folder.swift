internal import Glibc
package import SystemPackage

/// A folder that outlives power cuts: what it says is done is on the disk. Every call waits for the disk and throws `FrameError`.
package struct Folder: Sendable {
    /// Where it is.
    package let path: FilePath

    /// Makes the folder if it is missing, for its owner only.
    package init(_ path: FilePath) throws(FrameError) {
        self.path = path
        let status = unsafe mkdir(path.string, 0o700)
        guard status == 0 || errno == EEXIST else { throw FrameError("make", path, Errno(rawValue: errno)) }
    }

    /// Names of the files, without order.
    package func names() throws(FrameError) -> [String] {
        guard let stream = unsafe opendir(path.string) else { throw FrameError("list", path, Errno(rawValue: errno)) }
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
    package func replace(_ name: String, with bytes: [UInt8], durably: Bool = true) throws(FrameError) {
        let fresh = path.appending(name + ".new")
        let file = try File.open(fresh, .writeOnly, options: [.create, .truncate])
        do throws(FrameError) {
            try file.write(bytes, at: 0)
            if durably { try file.sync() }
        } catch {
            file.close()
            throw error
        }
        file.close()
        guard unsafe rename(fresh.string, path.appending(name).string) == 0 else {
            throw FrameError("replace", path.appending(name), Errno(rawValue: errno))
        }
        if durably { try sync() }
    }

    /// The bytes of a file; `nil` when there is none or it is longer than the limit.
    package func contents(_ name: String, limit: Int) throws(FrameError) -> [UInt8]? {
        guard let file = try File.openIfPresent(path.appending(name)) else { return nil }
        defer { file.close() }
        let bytes = try file.read(at: 0, count: limit + 1)
        return bytes.count > limit ? nil : bytes
    }

    /// Removes the file; one that is not there is no error.
    package func remove(_ name: String) throws(FrameError) {
        guard unsafe unlink(path.appending(name).string) == 0 || errno == ENOENT else {
            throw FrameError("remove", path.appending(name), Errno(rawValue: errno))
        }
    }

    /// Gives the file another name, in the place of a file of that name.
    package func move(_ name: String, to other: String) throws(FrameError) {
        guard unsafe rename(path.appending(name).string, path.appending(other).string) == 0 else {
            throw FrameError("move aside", path.appending(name), Errno(rawValue: errno))
        }
    }

    /// Waits until names made, moved and removed are on the disk.
    package func sync() throws(FrameError) {
        let folder = try File.open(path, .readOnly)
        defer { folder.close() }
        try folder.sync()
    }
}
