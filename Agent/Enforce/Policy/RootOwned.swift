internal import Glibc

/// Files that decide what may be done here: only root may have written them.
package enum RootOwned {
    /// Throws unless the file or folder is root's and nobody else may write it. One that is not there passes unless
    /// required.
    package static func check(_ path: String, required: Bool = false) throws(EnforceError) {
        guard let status = FileStatus(at: path) else {
            if errno == ENOENT, !required { return }
            throw .system("policy.unreadable", path, errno, remedy: "Make it, owned by root.")
        }
        guard status.user == 0 else {
            throw EnforceError(
                "policy.owner", "\(path) is owned by user \(status.user), not by root: what it says is not believed.",
                remedy: "Run `chown root:root \(path)` after checking what is in it.")
        }
        guard status.mode & 0o022 == 0 else {
            throw EnforceError(
                "policy.mode", "\(path) may be written by others than root: what it says is not believed.",
                remedy: "Run `chmod go-w \(path)` after checking what is in it.")
        }
    }
}
