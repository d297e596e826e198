internal import CordonModel

extension LocalPolicy {
    /// What the system, sign-in or Cordon itself stands on, and what is no file: never taken away, whatever the files of
    /// the policy say.
    private static let neverTaken = [
        "/proc/*", "/sys/*", "/dev/*", "/run/*", "/boot/*", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow",
        "/etc/fstab", "/etc/crypttab", "/etc/sudoers", "/etc/pam.d/common-*", "/etc/nsswitch.conf", "/etc/hosts",
        "/etc/resolv.conf", "/etc/machine-id",
        "/etc/ld.so.cache", "/etc/ssh/ssh_host_*", "/etc/ssh/sshd_config", "/etc/cordon/*", "/var/lib/cordon-agent/*",
        "/var/lib/cordon-enforcer/*", "/var/lib/dpkg/*",
    ]

    /// Throws the rule that keeps a file where it is.
    func checkPath(_ path: String) throws(Refusal) {
        if let pattern = Self.neverTaken.first(where: { Glob.matches($0, path) }) {
            throw Refusal("built-in: system file", "\(path) is never taken away (\(pattern)).")
        }
        if let pattern = protectedPaths.value.first(where: { Glob.matches($0, path) }) {
            throw Refusal(
                "protected_paths", protectedPaths, "This host's policy protects \(path) (\(pattern)).")
        }
    }

    /// Throws where the file belongs to a package: other programs stand on it, and it can be put right by reinstalling.
    func checkPackage(of path: String, in packages: PackageFiles) throws {
        guard !takesPackagedFiles.value else { return }
        guard let owners = try packages.owners(of: path) else { return try checkUnknown(path) }
        guard !owners.isEmpty else { return }
        throw Refusal(
            "take_packaged_files", takesPackagedFiles,
            "\(path) belongs to the package \(owners.prefix(3).joined(separator: ", ")).")
    }

    /// Throws for what packages put where, when nobody knows whose it is.
    private func checkUnknown(_ path: String) throws(Refusal) {
        let folders = ["/usr/*", "/bin/*", "/sbin/*", "/lib*/*"]
        guard folders.contains(where: { Glob.matches($0, path) }), !Glob.matches("/usr/local/*", path) else { return }
        throw Refusal(
            "take_packaged_files", takesPackagedFiles,
            "This host has no dpkg: whether \(path) belongs to a package is not known.")
    }
}
