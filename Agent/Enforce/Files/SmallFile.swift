internal import CLinux
internal import CordonModel
internal import Glibc

/// A small file in a folder whose owner may be hostile: read and replaced as a whole, through what was opened.
struct SmallFile {
    let file: OpenedFile
    let bytes: [UInt8]

    /// Most bytes of such a file.
    private static let limit = 1 << 20

    /// Opens it; `nil` where there is none.
    /// - Parameters:
    ///   - owners: Who may own it, for another's must not be changed; `nil` for anybody.
    ///   - words: The same for people.
    /// Throws a `Refusal` for another's, and for one that has other names.
    init?(_ path: String, owners: Set<UInt32>?, _ words: String) throws {
        do { file = try OpenedFile(path) } catch let error as EnforceError where error.code == "file.gone" {
            return nil
        }
        let status = file.status
        guard owners?.contains(status.user) ?? true else {
            throw Refusal("built-in: owner", "\(path) belongs to user \(status.user), not to \(words).")
        }
        guard status.links == 1 else {
            throw Refusal("built-in: link", "\(path) has other names (hard links): it may be another's file.")
        }
        bytes = try Self.read(file)
    }

    private static func read(_ file: OpenedFile) throws -> [UInt8] {
        var (content, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
        while true {
            let bytes = try file.file.read(at: Int64(content.count), into: &buffer, file.path)
            if bytes.isEmpty { return content }
            content += bytes
            guard content.count <= limit else {
                throw Refusal("built-in: file size", "\(file.path) has more than \(limit) bytes.")
            }
        }
    }

    /// Puts a file with these bytes in its place, with everything else that the old one had, its times too.
    /// - Parameters:
    ///   - name: What it is called while it is made.
    ///   - modified: The time of its last change, where it is to be another than the old one's.
    func replace(with bytes: [UInt8], as name: String, modified: FileStatus.Instant? = nil) throws {
        let path = file.path
        var metadata = try FileMetadata(of: file.file, path)
        if let modified { metadata.modified = modified }
        try file.place.remove(name)
        let fresh = try Descriptor(unsafe clinux_create_file(file.place.folder.number, name)) {
            .file("make", path, $0)
        }
        do {
            try fresh.write(bytes[...], at: 0, path)
            try metadata.apply(to: fresh, path)
            try fresh.sync(path)
            try file.checkUntouched()
            try file.check(named: file.place.name)
            try InodeFlags.unlock(metadata.flags, file.file, path)
            guard unsafe renameat(file.place.folder.number, name, file.place.folder.number, file.place.name) == 0 else {
                let number = errno
                try InodeFlags.write(metadata.flags, file.file, path)
                throw EnforceError.file("replace", path, number)
            }
        } catch {
            try? file.place.remove(name)
            throw error
        }
        try InodeFlags.write(metadata.flags, fresh, path)
        try file.place.sync()
    }
}
