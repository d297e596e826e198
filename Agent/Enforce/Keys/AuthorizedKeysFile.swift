internal import CLinux
internal import CordonModel
internal import Glibc

/// One file of keys in a folder whose owner may be hostile: read and replaced as a whole, through what was opened.
struct AuthorizedKeysFile {
    private let file: OpenedFile
    let keys: AuthorizedKeys

    /// Most bytes of such a file.
    private static let limit = 1 << 20

    /// Opens it; `nil` where there is none. Throws a `Refusal` for what is no file of the account's own or root's: sshd
    /// would not read it either, and another's must not be changed.
    init?(_ path: String, of account: Accounts.Account) throws {
        do { file = try OpenedFile(path) } catch let error as EnforceError where error.code == "file.gone" {
            return nil
        }
        let status = file.status
        guard status.user == 0 || status.user == account.user else {
            throw Refusal("built-in: owner", "\(path) belongs to user \(status.user), not to \(account.name) or root.")
        }
        guard status.links == 1 else {
            throw Refusal("built-in: link", "\(path) has other names (hard links): it may be another's file.")
        }
        keys = AuthorizedKeys(try Self.read(file))
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

    /// Puts a file with these lines in its place, with everything else that the old one had, its times too.
    func replace(with keys: AuthorizedKeys, as name: String) throws {
        let path = file.path
        let metadata = try FileMetadata(of: file.file, path)
        try file.place.remove(name)
        let fresh = try Descriptor(unsafe clinux_create_file(file.place.folder.number, name)) {
            .file("make", path, $0)
        }
        do {
            try fresh.write(keys.bytes[...], at: 0, path)
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
