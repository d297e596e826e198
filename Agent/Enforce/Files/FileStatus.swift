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

        fileprivate init(_ time: timespec) {
            seconds = Int64(time.tv_sec)
            nanoseconds = Int64(time.tv_nsec)
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
    let accessed: Instant
    /// When anything of the inode was changed: no program can set it.
    let changed: Instant

    var isRegular: Bool { mode & S_IFMT == S_IFREG }

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        identity = Identity(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), modified: Instant(status.st_mtim))
        mode = status.st_mode
        links = UInt64(status.st_nlink)
        user = status.st_uid
        group = status.st_gid
        accessed = Instant(status.st_atim)
        changed = Instant(status.st_ctim)
    }

    /// Of an open file.
    init(of file: Descriptor, _ path: String) throws(EnforceError) {
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { throw .file("look at", path, errno) }
        self.init(status)
    }

    /// Of a name in a folder, which may be a link; `nil` when there is no such name.
    init?(of name: String, in folder: Descriptor) throws(EnforceError) {
        var status = stat()
        guard unsafe fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno == ENOENT else { throw .file("look at", name, errno) }
            return nil
        }
        self.init(status)
    }

    /// Whether both are the same file, at this moment.
    func isSame(as other: FileStatus) -> Bool { device == other.device && identity.inode == other.identity.inode }
}
