internal import Glibc

/// Files that decide what may be done here: only root may have written them.
package enum RootOwned {
    /// Throws unless the file or folder is root's and nobody else may write it. One that is not there passes unless
    /// required.
    package static func check(_ path: String, required: Bool = false) throws(EnforceError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            if errno == ENOENT, !required { return }
            throw .system("policy.unreadable", path, errno, remedy: "Make it, owned by root.")
        }
        guard status.st_uid == 0 else {
            throw EnforceError(
                "policy.owner", "\(path) is owned by user \(status.st_uid), not by root: what it says is not believed.",
                remedy: "Run `chown root:root \(path)` after checking what is in it.")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw EnforceError(
                "policy.mode", "\(path) may be written by others than root: what it says is not believed.",
                remedy: "Run `chmod go-w \(path)` after checking what is in it.")
        }
    }
}
