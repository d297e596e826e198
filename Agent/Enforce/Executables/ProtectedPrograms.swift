internal import CordonModel
internal import Glibc

/// Programs that the host, sign-in and Cordon stand on: never kept from starting, whatever they are called there.
struct ProtectedPrograms {
    /// Paths; what is not there is passed over.
    let paths: [String]

    /// - Parameter policy: Protects programs besides, those of them that it names by a whole path.
    init(_ policy: LocalPolicy) {
        self.init(
            named: policy.protectedProcesses.value.filter { $0.hasPrefix("/") && !$0.contains { "*?".contains($0) } })
    }

    /// - Parameter named: More of them, by path.
    init(named: [String] = []) {
        let own = TextFile.link("/proc/self/exe") ?? ""
        let beside = own.utf8.lastIndex(of: UInt8(ascii: "/")).map { "\(own[..<$0])/cordon-agent" }
        let shells = (TextFile.text("/etc/shells") ?? "").split(separator: "\n").filter { $0.hasPrefix("/") }
        var paths = ["/proc/1/exe", "/proc/self/exe", beside ?? ""] + Self.needed
        for folder in Self.folders { paths += Self.names.map { "\(folder)/\($0)" } }
        paths += shells.map(String.init)
        self.paths = paths + named
    }

    private static let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
    private static let names = [
        "sh", "bash", "dash", "zsh", "ksh", "mksh", "fish", "busybox", "sudo", "su", "login", "agetty", "doas",
        "pkexec",
        "sshd", "systemctl", "init", "mount", "umount", "modprobe", "kmod", "dbus-daemon", "dbus-broker", "dpkg",
        "cordon-agent", "cordon-enforcer", "cordon-controller", "cordon",
    ]
    private static let needed = [
        "/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd-executor", "/usr/lib/systemd/systemd-journald",
        "/usr/lib/systemd/systemd-logind", "/usr/lib/systemd/systemd-udevd", "/usr/lib/systemd/systemd-networkd",
        "/usr/lib/systemd/systemd-resolved", "/usr/lib/openssh/sshd-session", "/usr/lib/openssh/sshd-auth",
        "/usr/lib/openssh/sftp-server", "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
        "/lib/ld-linux.so.2",
        "/lib/ld-linux-armhf.so.3", "/lib64/ld64.so.2", "/lib/ld64.so.1", "/lib/ld-linux-riscv64-lp64d.so.1",
        "/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1",
    ]

    /// Those that are there, each file once.
    private var files: [(path: String, file: Descriptor, status: FileStatus)] {
        var seen: Set<FileKey> = []
        return paths.compactMap { path in
            guard
                let file = try? Descriptor(
                    unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), or: { _ in Missing() }),
                let status = FileStatus(descriptor: file.number), status.isRegular,
                seen.insert(FileKey(status)).inserted
            else { return nil }
            return (path, file, status)
        }
    }

    private struct Missing: Error {}

    /// Throws when the file is one of them, by whatever name.
    func check(_ status: FileStatus, at path: String) throws(Refusal) {
        guard let same = files.first(where: { $0.status.isSame(as: status) }) else { return }
        throw Refusal("built-in: needed program", "\(path) is \(same.path), which this host stands on.")
    }

    /// Throws when one of them holds that.
    func check(_ digest: String) throws {
        for program in files {
            let sum = try SealedCopy.sum(of: program.file, limit: ContentDigests.largest, program.path)
            guard HexDigit.text(sum.sha256) != digest else {
                throw Refusal(
                    "built-in: needed program", "That is what \(program.path) holds, which this host stands on.")
            }
        }
    }
}
