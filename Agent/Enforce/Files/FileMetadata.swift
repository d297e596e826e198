internal import CLinux
internal import Glibc

/// What a file is besides its bytes and its name: as much as can be put back.
struct FileMetadata: Equatable {
    /// An extended attribute: an access control list, a SELinux label, capabilities, or one of a user's.
    struct Attribute: Equatable {
        var name: String
        var value: [UInt8]
    }

    /// Permissions, with set-user-id, set-group-id and sticky bits.
    var mode: UInt32
    var user: UInt32
    var group: UInt32
    var accessed: FileStatus.Instant
    var modified: FileStatus.Instant
    /// By name.
    var attributes: [Attribute]
    /// Inode flags that can be set; `nil` where the file system has none.
    var flags: UInt32?

    /// Most bytes of all attributes together. Linux allows 64 KiB in one.
    private static let limit = 512 << 10

    init(
        mode: UInt32, user: UInt32, group: UInt32, accessed: FileStatus.Instant, modified: FileStatus.Instant,
        attributes: [Attribute], flags: UInt32?
    ) {
        self.mode = mode
        self.user = user
        self.group = group
        self.accessed = accessed
        self.modified = modified
        self.attributes = attributes
        self.flags = flags
    }

    /// Reads it from an open file; without its attributes where nobody will put them back.
    init(of file: Descriptor, _ path: String, withAttributes: Bool = true) throws(EnforceError) {
        let status = try FileStatus(of: file, path)
        mode = status.mode & 0o7777
        user = status.user
        group = status.group
        accessed = status.accessed
        modified = status.identity.modified
        attributes = withAttributes ? try Self.attributes(of: file, path) : []
        flags = try InodeFlags.read(file, path)
    }

    private static func attributes(of file: Descriptor, _ path: String) throws(EnforceError) -> [Attribute] {
        var names = [CChar](repeating: 0, count: 65_536)
        let length = unsafe clinux_list_attributes(file.number, &names, names.count)
        if length == -Int64(EOPNOTSUPP) { return [] }
        guard length >= 0 else { throw .file("list the attributes of", path, Int32(-length)) }
        var attributes: [Attribute] = []
        var total = 0
        for part in names[..<Int(length)].split(separator: 0) {
            let name = String(decoding: part.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard let value = try value(of: name, file, path) else { continue }
            total += name.utf8.count + value.count
            attributes.append(Attribute(name: name, value: value))
        }
        guard total <= limit else {
            throw EnforceError(
                "file.attributes", "The attributes of \(path) have more than \(limit) bytes.",
                remedy: "It cannot be kept with all it has; it can be deleted.")
        }
        return attributes.sorted { $0.name < $1.name }
    }

    private static func value(of name: String, _ file: Descriptor, _ path: String) throws(EnforceError) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: 65_536)
        let length = unsafe clinux_get_attribute(file.number, name, &value, value.count)
        // Removed since it was listed.
        if length == -Int64(ENODATA) { return nil }
        guard length >= 0 else { throw .file("read the attribute \(name) of", path, Int32(-length)) }
        return Array(value[..<Int(length)])
    }

    /// Gives all of it but the flags to an open file, and reads it back.
    ///
    /// The order matters: a new owner clears capabilities and set-user-id bits, and a new list changes the group's
    /// permissions.
    func apply(to file: Descriptor, _ path: String) throws(EnforceError) {
        guard fchown(file.number, user, group) == 0 else { throw .file("give its owner to", path, errno) }
        let present = try Self.attributes(of: file, path)
        // A folder's default access control list gives new files what the old one did not have.
        for extra in present where !attributes.contains(where: { $0.name == extra.name }) {
            let result = unsafe clinux_remove_attribute(file.number, extra.name)
            guard result >= 0 else { throw .file("remove the attribute \(extra.name) of", path, -result) }
        }
        for attribute in attributes where !present.contains(attribute) {
            let result = unsafe clinux_set_attribute(
                file.number, attribute.name, attribute.value, attribute.value.count)
            guard result >= 0 else { throw .file("set the attribute \(attribute.name) of", path, -result) }
        }
        guard fchmod(file.number, mode) == 0 else { throw .file("give its mode to", path, errno) }
        var times = [accessed.timespec, modified.timespec]
        guard unsafe futimens(file.number, &times) == 0 else { throw .file("give its times to", path, errno) }
        var now = try FileMetadata(of: file, path)
        now.flags = flags
        guard now == self else {
            throw EnforceError(
                "file.attributes", "The file system did not take all that \(path) had: owner, mode, times, attributes.",
                remedy: "It stays in quarantine. See that the enforcer's unit may set owners, modes and labels.")
        }
    }
}

/// Flags of an inode as chattr(1) sets them.
enum InodeFlags {
    static let immutable: UInt32 = 0x10
    static let appendOnly: UInt32 = 0x20
    /// Those of chattr(1) that mean something for a file that is there: s, u, c, S, i, a, d, A and t.
    private static let settable: UInt32 = 0x80FF

    static func read(_ file: Descriptor, _ path: String) throws(EnforceError) -> UInt32? {
        let flags = clinux_inode_flags(file.number)
        if flags >= 0 { return UInt32(truncatingIfNeeded: flags) & settable }
        guard [ENOTTY, EOPNOTSUPP, EINVAL].contains(Int32(-flags)) else {
            throw .file("read the flags of", path, Int32(-flags))
        }
        return nil
    }

    /// Sets them where they differ; those that cannot be set stay as they are.
    static func write(_ flags: UInt32?, _ file: Descriptor, _ path: String) throws(EnforceError) {
        guard let flags else { return }
        let now = clinux_inode_flags(file.number)
        guard now >= 0 else { return }
        let present = UInt32(truncatingIfNeeded: now)
        let wanted = present & ~settable | flags & settable
        guard wanted != present else { return }
        let result = clinux_set_inode_flags(file.number, wanted)
        guard result < 0 else { return }
        guard -result == EPERM else { throw .file("set the flags of", path, -result) }
        throw EnforceError(
            "file.immutable", "\(path) is, or was, immutable or append-only, and the enforcer may not change that.",
            remedy: "It needs the capability CAP_LINUX_IMMUTABLE in its unit.")
    }

    /// Takes away those that forbid to rename and to remove.
    static func unlock(_ flags: UInt32?, _ file: Descriptor, _ path: String) throws(EnforceError) {
        try write(flags.map { $0 & ~(immutable | appendOnly) }, file, path)
    }
}
