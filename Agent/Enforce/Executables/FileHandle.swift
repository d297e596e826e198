internal import CLinux
internal import Glibc

/// What a file system calls one of its inodes for good (name_to_handle_at(2)): an inode that takes the number of one that is
/// gone has another.
enum FileHandle {
    /// MAX_HANDLE_SZ, and its kind.
    static let longest = 132

    /// Of what a descriptor is open on; `nil` where the file system has none.
    static func of(_ file: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: longest)
        let count = unsafe clinux_file_handle(file, &bytes, bytes.count)
        return count > 0 ? Array(bytes.prefix(Int(count))) : nil
    }

    /// Opens the inode by it, to say which it is and no more; `nil` when there is no such inode any more.
    static func open(_ handle: [UInt8], on folder: Descriptor) -> Descriptor? {
        try? Descriptor(unsafe clinux_open_handle(folder.number, handle, handle.count)) {
            EnforceError.system("guard.handle", "Cannot open a file by its handle", $0)
        }
    }
}

/// Which file, as long as it is there.
struct FileKey: Hashable {
    var device: UInt64
    var inode: UInt64

    init(_ status: FileStatus) { (device, inode) = (status.device, status.identity.inode) }
}
