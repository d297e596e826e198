internal import CLinux
internal import Glibc

/// What stat(2) tells of a file.
struct FileStatus: Equatable {
    /// An instant as the file system keeps it.
    struct Instant: Equatable {
        var seconds: Int64
        var nanoseconds: Int64

        init(seconds: Int64, nanoseconds: Int64) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }

        var timespec: Glibc.timespec { Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) }
    }

    /// What tells one file from another and from its own later self. The device is left out: its number may be another
    /// after a reboot.
    struct Identity: Equatable {
        var inode: UInt64
        var size: Int64
        var modified: Instant
    }

    let device: UInt64
    let identity: Identity
    /// Type and permissions.
    let mode: UInt32
    let links: UInt64
    let user: UInt32
    let group: UInt32
    /// Of 512 bytes, on the disk.
    let blocks: Int64
    let accessed: Instant
    /// When anything of the inode was changed: no program can set it.
    let changed: Instant

    var isRegular: Bool { mode & S_IFMT == S_IFREG }

    private init(_ status: clinux_status) {
        device = status.device
        identity = Identity(
            inode: status.inode, size: status.size,
            modified: Instant(seconds: status.modified_s, nanoseconds: status.modified_ns))
        mode = status.mode
        links = status.links
        user = status.user
        group = status.group
        blocks = status.blocks
        accessed = Instant(seconds: status.accessed_s, nanoseconds: status.accessed_ns)
        changed = Instant(seconds: status.changed_s, nanoseconds: status.changed_ns)
    }

    /// Of an open file.
    init(of file: Descriptor, _ path: String) throws(EnforceError) {
        var status = clinux_status()
        let result = unsafe clinux_status_of(file.number, &status)
        guard result == 0 else { throw .file("look at", path, -result) }
        self.init(status)
    }

    /// Of a descriptor that somebody else closes; `nil` where it cannot be asked.
    init?(descriptor: Int32) {
        var status = clinux_status()
        guard unsafe clinux_status_of(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of a name in a folder, which may be a link; `nil` when there is no such name.
    init?(of name: String, in folder: Descriptor) throws(EnforceError) {
        var status = clinux_status()
        let result = unsafe clinux_status_in(folder.number, name, &status)
        guard result == 0 else {
            guard result == -ENOENT else { throw .file("look at", name, -result) }
            return nil
        }
        self.init(status)
    }

    /// Of a name in a folder that need not be a text, ended by a zero byte; it may be a link. `nil`, and `errno`, where it
    /// cannot be asked.
    init?(named name: [CChar], in folder: Descriptor) {
        var status = clinux_status()
        let result = unsafe clinux_status_in(folder.number, name, &status)
        guard result == 0 else {
            errno = -result
            return nil
        }
        self.init(status)
    }

    /// Of what a path leads to, or of the link that it is; `nil` where there is nothing, or it cannot be asked.
    init?(at path: String, following: Bool = true) {
        var status = clinux_status()
        let result = unsafe clinux_status_at(path, following ? 1 : 0, &status)
        guard result == 0 else {
            errno = -result
            return nil
        }
        self.init(status)
    }

    /// Whether both are the same file, at this moment.
    func isSame(as other: FileStatus) -> Bool { device == other.device && identity.inode == other.identity.inode }
}
