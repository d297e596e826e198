internal import SystemPackage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Reading settings files, without Foundation.
enum SettingsFile {
    /// The file's bytes; `nil` when it is not there.
    static func read(_ path: String) throws(SettingsError) -> [UInt8]? {
        do {
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
            return try descriptor.closeAfter {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65_536)
                while bytes.count <= SettingsParser.largestFile {
                    let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
                    if count == 0 { break }
                    bytes += buffer[..<count]
                }
                return bytes
            }
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch {
            throw SettingsError(
                "unreadable", at: path, "The file cannot be read: \(error).", remedy: "Check its owner and mode.")
        }
    }

    /// The paths of `*.toml` in the folder, by name, and those of whatever else is there and not hidden; none when the
    /// folder is not there.
    static func dropIns(_ folder: String?) throws(SettingsError) -> (taken: [String], passedOver: [String]) {
        guard let folder else { return ([], []) }
        guard let directory = unsafe opendir(folder) else {
            if errno == ENOENT { return ([], []) }
            throw SettingsError("unreadable", at: folder, "The folder cannot be read: \(Errno(rawValue: errno)).")
        }
        defer { unsafe _ = closedir(directory) }
        var (taken, passedOver): ([String], [String]) = ([], [])
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(".") { continue }
            if name.hasSuffix(".toml") {
                taken.append("\(folder)/\(name)")
            } else {
                passedOver.append("\(folder)/\(name)")
            }
        }
        return (taken.sorted(), passedOver.sorted())
    }
}
