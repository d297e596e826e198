internal import CordonModel
internal import Glibc

/// The controller's one folder. The store keeps a second controller out of it.
package enum DataFolder {
    /// Makes the folder with mode 0700, or checks that it can be written.
    package static func make(_ folder: String) throws(FleetError) {
        if unsafe mkdir(folder, 0o700) != 0, errno != EEXIST { throw failure(folder, errno) }
        try probe(folder)
    }

    /// Writes and removes a few bytes, so that a read-only or full disk is told of at the start.
    private static func probe(_ folder: String) throws(FleetError) {
        let path = "\(folder)/.probe"
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(folder, errno) }
        let page = [UInt8](repeating: 0, count: 4096)
        let written = unsafe page.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        let code = errno
        close(descriptor)
        unsafe unlink(path)
        guard written == page.count else { throw failure(folder, written < 0 ? code : ENOSPC) }
    }

    private static func failure(_ folder: String, _ code: Int32) -> FleetError {
        switch code {
        case EROFS:
            FleetError(
                code: "folder.read_only", message: "\(folder) is on a file system that is mounted read-only.",
                remedy: "Mount it writable, or name another data folder.")
        case EACCES, EPERM:
            FleetError(
                code: "folder.forbidden", message: "This user may not write to \(folder).",
                remedy: "Run the controller as the folder's owner, or change the owner with chown.")
        case ENOSPC, EDQUOT:
            FleetError(
                code: "folder.full", message: "The disk of \(folder) is full.",
                remedy: "Make room and start again; nothing was lost.")
        case ENOENT:
            FleetError(
                code: "folder.missing", message: "There is no folder \(folder).",
                remedy: "Make its parent folder, or name another data folder.")
        case ENOTDIR:
            FleetError(
                code: "folder.not_a_folder", message: "\(folder) is not a folder.", remedy: "Name another data folder.")
        default:
            FleetError(
                code: "folder.unusable",
                message: "\(folder) cannot be used: \(unsafe String(cString: strerror(code))).",
                remedy: "Check the folder and its disk.")
        }
    }
}
