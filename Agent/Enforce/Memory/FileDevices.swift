internal import CLinux
internal import Glibc

/// Of which devices files can be read without waiting for another machine, or for a program that serves them. It is told
/// from the kernel's tables of mounts: no file is touched for it.
struct FileDevices {
    private var types: [String: String] = [:]
    private var hanging: Set<String> = []

    /// - Parameters:
    ///   - pid: A process whose files are meant: it may see mounts of its own.
    ///   - others: More of them.
    init(of pid: Int32, and others: MountTable = .live) {
        let text = TextFile.bytes("/proc/\(pid)/mountinfo", limit: 8 << 20) ?? []
        self.init(others.mounts + MountTable(String(decoding: text, as: UTF8.self), root: MountTable.root).mounts)
    }

    init(_ mounts: [MountTable.Mount]) {
        for mount in mounts {
            types[mount.device] = mount.type
            if mount.mayHang { hanging.insert(mount.device) }
        }
    }

    /// Whether its files are there at once, as far as disks of this host are. Of a device that nobody has mounted nothing is
    /// known: no.
    func answers(_ device: String) -> Bool {
        !hanging.contains(device) && (types[device] != nil || Self.kernels.contains(device))
    }

    /// What it is, for people.
    func type(of device: String) -> String { types[device] ?? "no file system that is mounted here" }

    /// Of memory without a name in any folder, shared and System V's among it: the kernel's own, mounted nowhere.
    private static let kernels = Set(
        (0..<4 as Range<Int32>).compactMap { kind -> String? in
            let file = clinux_memory_file(kind)
            defer { if file >= 0 { close(file) } }
            return FileStatus(descriptor: file).map { name($0.device) }
        })

    private static func name(_ device: UInt64) -> String {
        let major = device >> 8 & 0xFFF | device >> 32 & 0xFFFF_F000
        let minor = device & 0xFF | device >> 12 & 0xFFFF_FF00
        return "\(major):\(minor)"
    }

    /// A device as the table of mounts has it, in decimal, of one as /proc/PID/maps has it; empty for anything else.
    static func name(_ field: some Sequence<UInt8>) -> String {
        let numbers = String(decoding: Array(field), as: UTF8.self).split(separator: ":").map { UInt32($0, radix: 16) }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return "" }
        return "\(major):\(minor)"
    }
}
