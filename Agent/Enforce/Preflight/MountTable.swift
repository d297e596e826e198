internal import CordonModel

/// What is mounted where (proc_pid_mountinfo(5)).
struct MountTable {
    struct Mount: Hashable {
        /// Where it is.
        var place: String
        /// The file system's type, as `ext4` or `nfs4`.
        var type: String
        /// What is mounted, as the file system names it.
        var source: String
        /// Its number among the mounts of that namespace.
        var number = 0
        /// The file system's device, as `8:1`.
        var device = ""
        /// Whether no program starts through it.
        var isNoExec = false

        /// Whether what uses it waits for another machine.
        var isRemote: Bool {
            Self.remoteTypes.contains(type) || Self.remoteDevices.contains { source.hasPrefix($0) }
        }

        /// Whether it is of the host's own root: where that does not answer, nothing does.
        var isOfRoot = false

        /// Whether what uses it may wait without end: for another machine, or for the program that serves it.
        var mayHang: Bool {
            !isOfRoot
                && (isRemote || ["fuse", "fuseblk", "autofs", "virtiofs"].contains(type) || type.hasPrefix("fuse."))
        }

        private static let remoteTypes: Set<String> = [
            "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "fuse.ceph",
            "lustre", "ocfs2", "gfs2", "afs", "beegfs", "orangefs",
        ]
        private static let remoteDevices = ["/dev/nbd", "/dev/rbd"]
    }

    let mounts: [Mount]

    /// Lines that are looked at: a host of containers has thousands.
    private static let limit = 20_000

    /// - Parameters:
    ///   - text: the content of `/proc/self/mountinfo`.
    ///   - root: the device of the host's own root, where that matters.
    init(_ text: String, root: String = "") {
        mounts = text.split(separator: "\n").prefix(Self.limit).compactMap { line in
            // The fields after the hyphen follow any number of optional ones.
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count > 6, let hyphen = words[6...].firstIndex(of: "-"), hyphen + 2 < words.count else {
                return nil
            }
            return Mount(
                place: Self.plain(words[4]), type: String(words[hyphen + 1]), source: Self.plain(words[hyphen + 2]),
                number: Int(words[0]) ?? 0, device: String(words[2]),
                isNoExec: words[5].split(separator: ",").contains("noexec"), isOfRoot: words[2] == root)
        }
    }

    /// What is there now, as the first process sees it; a service may have been given a view of its own.
    static var live: MountTable {
        MountTable(TextFile.text("/proc/1/mountinfo") ?? TextFile.text("/proc/self/mountinfo") ?? "", root: root)
    }

    /// The device that the first process has at `/`: it stays the same while the host runs.
    static let root: String = MountTable(TextFile.text("/proc/1/mountinfo") ?? "").device(at: "/") ?? ""

    /// The device of the mount that covers the others at a place.
    func device(at place: String) -> String? { mounts.last { $0.place == place }?.device }

    /// What the system itself stands on.
    static let vital = ["/", "/usr", "/var", "/etc", "/run"]

    /// Why a host with these mounts must not be isolated: it would stand still, and could not be released. `nil`: it
    /// may be.
    var obstacle: String? {
        for path in Self.vital {
            guard let mount = mount(under: path), mount.isRemote else { continue }
            return """
                \(path) comes over the network (\(mount.type)): isolated, the host would stand still, and not be heard \
                from again.
                """
        }
        return nil
    }

    /// The mount that a path lies on: of those at its nearest place the last, which covers the others.
    func mount(under path: String) -> Mount? {
        var found: Mount?
        for mount in mounts {
            let holds = mount.place == "/" || path == mount.place || path.hasPrefix(mount.place + "/")
            if holds, mount.place.utf8.count >= found?.place.utf8.count ?? 0 { found = mount }
        }
        return found
    }

    /// Space, tab, line break and backslash are written as three octal digits.
    private static func plain(_ word: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = word.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(Substring(rest.prefix(3)), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
